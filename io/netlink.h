/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One request to the kernel's rtnetlink at a time, and its answer (RFC 3549; rtnetlink(7)). The
 * kernel answers within send, so nothing here waits. libmnl builds and walks the messages.
 *
 * An answer is told by its sequence number: what an earlier, aborted run left in the socket is
 * skipped.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

struct netlink;

/* -EPERM, -EMFILE and the like of socket(2); -ENOMEM. The socket belongs to the caller's netns. */
int netlink_new(struct netlink **ret);

/* The same for generic netlink. */
int netlink_new_generic(struct netlink **ret);

/* The same for the kernel's tables of sockets (sock_diag(7)). */
int netlink_new_diag(struct netlink **ret);
void netlink_free(struct netlink *netlink);

/*
 * The next request, empty but for its type and NLM_F_REQUEST | flags, in a buffer of `netlink` that
 * has room for some hundred bytes of headers and attributes.
 */
struct nlmsghdr *netlink_request(struct netlink *netlink, uint16_t type, uint16_t flags);

/* Takes one message of an answer; a negative errno makes netlink_run return it, after the rest. */
typedef int (*netlink_fn)(const struct nlmsghdr *message, void *userdata);

/*
 * Sends the request and reads its answer to the end: a dump (flag NLM_F_DUMP) or an acknowledgement
 * with perhaps a reply before it. `fn` may be NULL. 0; the kernel's negative errno; -EINTR: the
 * tables changed during the dump, which may have missed something: run it again.
 */
int netlink_run(struct netlink *netlink, netlink_fn fn, void *userdata);

/*
 * The message's attributes behind its header of `header` bytes, by type, up to `max`; NULL where
 * there is none. The table has max + 1 places.
 */
void netlink_attributes(const struct nlmsghdr *message, size_t header,
			const struct nlattr **ret_table, uint16_t max);
void netlink_nested(const struct nlattr *nest, const struct nlattr **ret_table, uint16_t max);
void netlink_within(const void *payload, size_t size, const struct nlattr **ret_table,
		    uint16_t max);

/* An attribute's value, or `otherwise` when it is absent or too short. */
uint32_t netlink_u32(const struct nlattr *attribute, uint32_t otherwise);
