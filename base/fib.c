/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Questions to the tables: see fib.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fib_tables.h"

/* A hop that can be sent to now. */
struct resolved {
	struct next_hop hop;
	uint32_t weight;
	uint32_t places;
};

static const struct fib_route *longest_match(const struct fib *fib, const union address *address)
{
	for (int length = 128; length >= 0; length--) {
		const struct fib_route *route = fib_route(fib, address, length);

		if (route)
			return route;
	}
	return NULL;
}

static const union address *neighbour_of(const struct fib_hop *hop,
					 const union address *destination)
{
	bool on_link = hop->gateway.halves[0] == 0 && hop->gateway.halves[1] == 0;

	return on_link ? destination : &hop->gateway;
}

const struct fib_link *fib_sending_link(const struct fib *fib, const struct fib_link *link)
{
	const struct fib_link *parent;

	if (!link || !link->running)
		return NULL;
	if (!link->vlan)
		return link;
	parent = fib_link(fib, link->parent);
	return parent && parent->running && !parent->vlan ? parent : NULL;
}

static bool resolve_hop(const struct fib *fib, const struct fib_hop *hop,
			const union address *destination, struct next_hop *ret)
{
	const struct fib_link *link = fib_link(fib, hop->ifindex);
	const struct fib_link *sending = fib_sending_link(fib, link);
	const struct fib_neighbour *neighbour;

	if (!sending)
		return false;
	neighbour = fib_neighbour(fib, hop->ifindex, neighbour_of(hop, destination));
	if (!neighbour || !neighbour->usable)
		return false;

	*ret = (struct next_hop){
		.ifindex = sending->ifindex,
		.mtu = link->mtu > UINT16_MAX ? UINT16_MAX : link->mtu,
		.vlan = WIRE_BE16(link->vlan),
	};
	memcpy(ret->to, neighbour->mac, sizeof(ret->to));
	memcpy(ret->from, link->mac, sizeof(ret->from));
	return true;
}

static void divide_by_common(struct resolved *hops, size_t n)
{
	uint32_t common = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t a = hops[i].weight;

		while (a) { /* Euclid */
			uint32_t rest = common % a;

			common = a;
			a = rest;
		}
	}
	for (size_t i = 0; i < n; i++)
		hops[i].weight /= common;
}

/*
 * Gives each of `n` hops at least one of `max` >= n places, and each further one to the hop with
 * the fewest for its weight (d'Hondt's method, which is exact where all the weights fit).
 */
static size_t share_places(struct resolved *hops, size_t n, size_t max)
{
	uint64_t weights = 0;
	size_t places;

	divide_by_common(hops, n);
	for (size_t i = 0; i < n; i++) {
		weights += hops[i].weight;
		hops[i].places = 1;
	}
	places = weights < max ? weights : max;

	for (size_t given = n; given < places; given++) {
		struct resolved *next = hops;

		for (struct resolved *hop = hops + 1; hop < hops + n; hop++)
			if ((uint64_t)hop->weight * (next->places + 1) >
			    (uint64_t)next->weight * (hop->places + 1))
				next = hop;
		next->places++;
	}
	return places;
}

int fib_resolve(const struct fib *fib, const union address *destination, struct next_hop *ret_hops,
		size_t max)
{
	const struct fib_route *route = longest_match(fib, destination);
	struct resolved *resolved;
	size_t n = 0, places = 0;

	if (!route || route->type != FIB_UNICAST)
		return -ENETUNREACH;
	if (max > INT32_MAX)
		return -EINVAL;
	resolved = calloc(route->n_hops, sizeof(*resolved));
	if (!resolved)
		return -ENOMEM;

	for (size_t i = 0; i < route->n_hops && n < max; i++)
		if (resolve_hop(fib, &route->hops[i], destination, &resolved[n].hop))
			resolved[n++].weight = route->hops[i].weight;
	if (n)
		places = share_places(resolved, n, max);

	for (size_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < resolved[i].places; k++)
			*ret_hops++ = resolved[i].hop;
	free(resolved);
	return places;
}

struct wanted_list {
	struct fib_wanted *items;
	size_t n, size;
};

static int compare_wanted(const struct fib_wanted *a, const struct fib_wanted *b)
{
	if (a->ifindex != b->ifindex)
		return a->ifindex < b->ifindex ? -1 : 1;
	return memcmp(&a->address, &b->address, sizeof(a->address));
}

static int want(struct wanted_list *list, const struct fib_wanted *wanted)
{
	size_t low = 0, high = list->n;
	int err;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_wanted(wanted, &list->items[middle]);

		if (!order)
			return 0;
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}

	err = fib_make_place((void **)&list->items, &list->n, &list->size, sizeof(*wanted), low);
	if (err)
		return err;
	list->items[low] = *wanted;
	return 0;
}

static int want_for(const struct fib *fib, const union address *destination,
		    struct wanted_list *list)
{
	const struct fib_route *route = longest_match(fib, destination);
	size_t n = route && route->type == FIB_UNICAST ? route->n_hops : 0;

	for (size_t i = 0; i < n; i++) {
		const struct fib_hop *hop = &route->hops[i];
		struct fib_wanted wanted = {
			.ifindex = hop->ifindex,
			.address = *neighbour_of(hop, destination),
		};
		const struct fib_neighbour *neighbour;
		int err;

		if (!fib_sending_link(fib, fib_link(fib, hop->ifindex)))
			continue;
		neighbour = fib_neighbour(fib, wanted.ifindex, &wanted.address);
		wanted.usable = neighbour && neighbour->usable;
		wanted.kept = neighbour && neighbour->kept;
		err = want(list, &wanted);
		if (err)
			return err;
	}
	return 0;
}

int fib_wanted_neighbours(const struct fib *fib, const union address *destinations, size_t n,
			  struct fib_wanted **ret, size_t *ret_n)
{
	struct wanted_list list = {};

	for (size_t i = 0; i < n; i++) {
		int err = want_for(fib, &destinations[i], &list);

		if (err) {
			free(list.items);
			return err;
		}
	}

	*ret = list.items;
	*ret_n = list.n;
	return 0;
}
