/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel's forwarding as the gateway needs it: links, IPv6 routes of the main table and
 * neighbours, in memory, and the one question asked of them: by which Ethernet frames does a packet
 * get to this destination? io/rtnetlink fills it; tests fill it by hand.
 *
 * An XDP program could ask bpf_fib_lookup for each packet. The daemon asks beforehand instead, once
 * per destination and change, because the answer is a table row for the program (wire/maps.h,
 * struct next_hop), and because a neighbour that nobody resolved must be noticed before a packet
 * needs it.
 *
 * Invariants: the answer depends only on what the tables hold, never on the order of learning. What
 * is missing in one table (a route over an unknown link) is left out of answers, not refused: the
 * kernel's messages come in any order.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/address.h"
#include "wire/maps.h"

struct fib;

#define FIB_NAME_SIZE 16 /* IFNAMSIZ */

struct fib_link {
	uint32_t ifindex;
	char name[FIB_NAME_SIZE];
	uint8_t mac[6];
	uint32_t mtu;	 /* bytes, without Ethernet */
	bool running;	 /* up, and the carrier too */
	uint16_t vlan;	 /* host order, 1 to 4094; 0: no VLAN device */
	uint32_t parent; /* of a VLAN device: the ifindex it tags for; 0: one that we cannot use */
};

enum fib_route_type {
	FIB_UNICAST,
	FIB_BLACKHOLE,
	FIB_UNREACHABLE, /* and whatever else does not lead out of a link as it is */
};

struct fib_hop {
	union address gateway; /* all zero: on link, the destination is its own neighbour */
	uint32_t ifindex;
	uint32_t weight; /* relative, from 1 */
};

struct fib_route {
	union address network;
	uint8_t length; /* bits, 0 to 128 */
	uint32_t metric;
	enum fib_route_type type;
	size_t n_hops; /* of a unicast route */
	struct fib_hop *hops;
};

struct fib_neighbour {
	uint32_t ifindex;
	union address address;
	uint8_t mac[6];
	bool usable; /* `mac` may be sent to: not failed, not incomplete */
	bool kept;   /* the kernel keeps it by itself: managed or permanent */
};

/* A neighbour that some destination needs. */
struct fib_wanted {
	uint32_t ifindex;
	union address address;
	bool usable; /* as in fib_neighbour; false also where there is no entry at all */
	bool kept;
};

/* Empty tables; NULL: no memory. */
struct fib *fib_new(void);
void fib_free(struct fib *fib);
void fib_clear(struct fib *fib);

/*
 * Add an entry, or replace the one with the same key (ifindex; network, length and metric; ifindex
 * and address). Arguments are copied, bits of a network beyond its length are cleared, hops are
 * sorted. 1: the tables changed, 0: they held just that; -EINVAL: length, ifindex, MTU, a unicast
 * route without hops, a weight of zero; -ENOMEM.
 */
int fib_set_link(struct fib *fib, const struct fib_link *link);
int fib_set_route(struct fib *fib, const struct fib_route *route);
int fib_set_neighbour(struct fib *fib, const struct fib_neighbour *neighbour);

/*
 * Like fib_set_route, but the hops are added to those the route has: IPv6 knows several routes of
 * one key (fe80::/64 on every link). A hop that is there already gets the new weight; a unicast
 * route goes before a blackhole of the same key.
 */
int fib_append_route(struct fib *fib, const struct fib_route *route);

/* 1: deleted, 0: it was not there. */
int fib_delete_link(struct fib *fib, uint32_t ifindex);
int fib_delete_route(struct fib *fib, const union address *network, uint8_t length,
		     uint32_t metric);
int fib_delete_neighbour(struct fib *fib, uint32_t ifindex, const union address *address);

/*
 * Tables learned anew take the place of the old ones: moves the chosen tables out of `from`, which
 * gets the old ones. 1: they differ from what was there, 0: the same.
 */
enum fib_table {
	FIB_LINKS = 1 << 0,
	FIB_ROUTES = 1 << 1,
	FIB_NEIGHBOURS = 1 << 2,
	FIB_ALL = FIB_LINKS | FIB_ROUTES | FIB_NEIGHBOURS,
};

int fib_adopt(struct fib *fib, struct fib *from, unsigned int tables);

/* One entry, or NULL; valid until the next change. The route is the one of the lowest metric. */
const struct fib_link *fib_link(const struct fib *fib, uint32_t ifindex);
const struct fib_route *fib_route(const struct fib *fib, const union address *network,
				  uint8_t length);
const struct fib_neighbour *fib_neighbour(const struct fib *fib, uint32_t ifindex,
					  const union address *address);

/*
 * The link that frames leave by: of a VLAN device its parent, which knows nothing of tags itself (a
 * next hop has room for one). NULL: none that runs.
 */
const struct fib_link *fib_sending_link(const struct fib *fib, const struct fib_link *link);

/*
 * The resolved next hops for an IPv6 destination, in `ret_hops` of `max` places: longest prefix,
 * then lowest metric, then every hop whose links run and whose neighbour is usable, by ifindex and
 * address. Weights become repetitions, exact where they fit into `max` places (after division by
 * their common divisor), else the nearest with each hop at least once; of more hops than places the
 * first get one each.
 *
 * As in the kernel, a route whose hops are all unresolved still hides shorter and worse ones: 0.
 * -ENETUNREACH: no route, a blackhole or an unreachable one; -ENOMEM. Metrics of a route (its MTU)
 * and policy rules are not looked at.
 */
int fib_resolve(const struct fib *fib, const union address *destination, struct next_hop *ret_hops,
		size_t max);

/*
 * The neighbours that `n` destinations need on running links, resolved or not, each once, sorted by
 * ifindex and address. The caller frees *ret (NULL when there are none). 0, or -ENOMEM.
 */
int fib_wanted_neighbours(const struct fib *fib, const union address *destinations, size_t n,
			  struct fib_wanted **ret, size_t *ret_n);
