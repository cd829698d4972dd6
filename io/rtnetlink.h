/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel's network tables: followed into a struct fib (base/fib.h), and changed where Holdfast
 * needs it (VIPs announced or taken on, neighbours kept resolved, a default route).
 *
 * Why it follows: XDP sends frames by rows that the daemon writes, so every change of a link, route
 * or neighbour has to reach those rows. The routing daemons (FRR, BIRD) stay the ones who decide.
 *
 * Links and neighbours are taken from their notifications. Routes are read anew after any hint that
 * they changed (a route, a nexthop object, a link): an IPv6 multipath route may be announced leg by
 * leg or whole, a link that goes down may take routes along without a word (the sysctl
 * skip_notify_on_dev_down, which FRR recommends), and members leave a nexthop group with a message
 * about the group only. The first hint is followed at once, further ones at most every 50 ms. When
 * the kernel dropped notifications (ENOBUFS), everything is read anew.
 *
 * Routes over nexthop objects are read as ordinary ones, since the kernel writes their hops out
 * (net.ipv4.nexthop_compat_mode, on by default); where that is turned off they count as
 * unreachable, and a warning says so once.
 *
 * Changes go through a socket of their own and wait for the kernel's acknowledgement. They are made
 * so that doing them twice is no error, and what was there before can be told: a restarted daemon
 * takes over what it left, and an undo does not remove what was another's.
 *
 * Addresses and lengths are as everywhere: IPv4 is v4-mapped, and a length counts bits of the 128
 * (a v4 /32 is 128). References: rtnetlink(7), RFC 8950 (IPv4 over an IPv6 next hop).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "wire/address.h"

struct fib;
struct rtnetlink;

/* Of every route that Holdfast makes (rtm_protocol): outside FRR's 186 to 199 and BIRD's 12. */
#define HOLDFAST_PROTOCOL 72

/*
 * The fib now holds something else: called at most once in an iteration of the event loop, after
 * all that was waiting has been taken in. It may make requests, but not free the rtnetlink.
 */
typedef void (*rtnetlink_changed_fn)(void *userdata);

/*
 * Fills `fib`, in place of what it held, and follows from then on; `fib` must outlive the
 * rtnetlink. `fib` and `event` may both be NULL: then only the requests below work. 0, or the
 * negative errno of a socket or a dump.
 */
int rtnetlink_new(sd_event *event, struct fib *fib, rtnetlink_changed_fn changed, void *userdata,
		  struct rtnetlink **ret);
void rtnetlink_free(struct rtnetlink *nl);

/* The link's index, above zero; -ENODEV; -EINVAL: not a name. */
int rtnetlink_ifindex(struct rtnetlink *nl, const char *name);

/*
 * Asks the kernel to keep an IPv6 neighbour resolved (NTF_EXT_MANAGED, Linux 5.16), whoever uses it
 * or not, and to look for it again when it was away (interval_probe_time_ms, 5 s). The kernel
 * forgets that when the link goes down: ask again wherever fib_wanted_neighbours says not `kept`
 * (it says so too until the first answer or failure, since the kernel tells nothing before). Not
 * for permanent entries, which it would make ordinary ones. 0 also when it was so already; -ENODEV,
 * -ENETDOWN, -EINVAL: an IPv4 address.
 */
int rtnetlink_neighbour_manage(struct rtnetlink *nl, uint32_t ifindex,
			       const union address *address);

/* Back to an ordinary neighbour, which the kernel forgets when it is unused. 0 also without one. */
int rtnetlink_neighbour_unmanage(struct rtnetlink *nl, uint32_t ifindex,
				 const union address *address);

/*
 * A VIP as a blackhole route of `protocol` (rtm_protocol) in table main, for the routing daemon to
 * redistribute. Announce: 0 also when this protocol had it already; -EEXIST: another's route has
 * its place. Withdraw: 0 also when there is none. -EINVAL: a length above 128 or, for IPv4,
 * below 96. `metric`: the routing daemon's to read; 0: the kernel's own. One VIP may stand with several.
 */
int rtnetlink_vip_announce(struct rtnetlink *nl, const union address *address, uint8_t length,
			   uint8_t protocol, uint32_t metric);
int rtnetlink_vip_withdraw(struct rtnetlink *nl, const union address *address, uint8_t length,
			   uint8_t protocol, uint32_t metric);

struct rtnetlink_vip {
	union address address;
	uint8_t length;
	uint32_t metric;
};

/*
 * What is announced now, of both families, with this protocol. The caller frees *ret (NULL when
 * there is none). 0, -ENOMEM or a dump's negative errno.
 */
int rtnetlink_vip_list(struct rtnetlink *nl, uint8_t protocol, struct rtnetlink_vip **ret,
		       size_t *ret_n);

/*
 * A network whose every address this host takes for its own: a local route over `ifindex`, the
 * loopback link. Add: 0; 1: it was there already. Del: 0 also when it is gone. -EINVAL as above.
 */
int rtnetlink_local_add(struct rtnetlink *nl, uint32_t ifindex, const union address *address,
			uint8_t length, uint8_t protocol);
int rtnetlink_local_del(struct rtnetlink *nl, uint32_t ifindex, const union address *address,
			uint8_t length, uint8_t protocol);

/*
 * An address on a link, without duplicate address detection (an anycast VIP is on many hosts). Add:
 * 0; 1: it was there already, so it is not ours to remove. Del: 0 also when it is gone. -EINVAL as
 * above, -ENODEV.
 */
int rtnetlink_address_add(struct rtnetlink *nl, uint32_t ifindex, const union address *address,
			  uint8_t length);
int rtnetlink_address_del(struct rtnetlink *nl, uint32_t ifindex, const union address *address,
			  uint8_t length);

/*
 * IPv4's default route by an IPv6 gateway, for hosts without IPv4 of their own. Add: 0; 1: there is
 * a default route of that metric (0) already, nothing done. Delete: 0 also when there is none.
 */
int rtnetlink_route_default_via_inet6(struct rtnetlink *nl, const union address *gateway,
				      uint32_t ifindex, uint8_t protocol);
int rtnetlink_route_default_via_inet6_delete(struct rtnetlink *nl, const union address *gateway,
					     uint32_t ifindex, uint8_t protocol);

/* 1: IPv4 has a default route (unicast, table main), 0: it has none; negative errno. */
int rtnetlink_has_default_inet(struct rtnetlink *nl);

/*
 * Gateway and link of IPv6's default route of the lowest metric; of several the first by ifindex
 * and address. 0; -ENETUNREACH: no default route, or none with a gateway.
 */
int rtnetlink_default_inet6(struct rtnetlink *nl, union address *ret_gateway,
			    uint32_t *ret_ifindex);
