/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a backend's host needs so that it takes packets for a VIP and answers them directly:
 *
 *   the VIPs on lo, so that its stack accepts them;
 *   rp_filter off, since a packet decapsulated on eth0 may be answered elsewhere, and strict or loose
 *   checks then drop it; arp_ignore and arp_announce, so that it does not claim the VIP on its link;
 *   for services with cookies, timestamps without a random offset;
 *   a way back for IPv4, through the IPv6 next hop, where the host has no IPv4 default route.
 *
 * Everything that was changed is remembered in a file with its former value, also across restarts of
 * the agent, so that host_undo leaves the host as it was found.
 */
#pragma once

#include "core/plan.h"
#include "io/rtnetlink.h"

struct host;

/* `record` is the file's path; what it says of a former run is taken over. 0 or a negative errno. */
int host_open(struct rtnetlink *netlink, const char *record, struct host **ret);
struct host *host_free(struct host *host);

/*
 * Brings the host to what the plan asks for; VIPs that an earlier plan had are taken off lo. Goes on
 * after an error, which is said to stderr; the last one is returned.
 */
int host_prepare(struct host *host, const struct plan *plan, char *const *interfaces,
		 size_t n_interfaces);

/* The part of it that is an interface's: for one that has come, or come anew. 0 or a negative errno, said. */
int host_prepare_interface(struct host *host, const char *interface);

/*
 * The part of it that the kernel takes away with an interface, also when that is only set down: the way back
 * for IPv4. 0 also when there is one; or a negative errno, said to stderr, a missing way once.
 */
int host_set_route(struct host *host, const struct plan *plan);

/* The interface got its clsact qdisc from us; undoing takes it away. 0 or a negative errno. */
int host_remember_qdisc(struct host *host, const char *interface);

/* Undoes everything on record and removes the record. */
int host_undo(struct host *host);
