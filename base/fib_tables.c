/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The tables: sorted arrays, found by halving. A dump of the kernel's comes nearly sorted, so that
 * filling appends; a few thousand entries are moved in microseconds.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fib_tables.h"

/* How an item stands to the wanted key: below 0, 0 or above 0. */
typedef int (*compare_fn)(const void *key, const void *item);

static int compare_u32(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare_link(const void *key, const void *item)
{
	const struct fib_link *a = key, *b = item;

	return compare_u32(a->ifindex, b->ifindex);
}

static int compare_route(const void *key, const void *item)
{
	const struct fib_route *a = key, *b = item;
	int order = memcmp(&a->network, &b->network, sizeof(a->network));

	if (!order)
		order = (int)a->length - (int)b->length;
	return order ? order : compare_u32(a->metric, b->metric);
}

static int compare_neighbour(const void *key, const void *item)
{
	const struct fib_neighbour *a = key, *b = item;
	int order = compare_u32(a->ifindex, b->ifindex);

	return order ? order : memcmp(&a->address, &b->address, sizeof(a->address));
}

int fib_compare_hops(const struct fib_hop *a, const struct fib_hop *b)
{
	int order = compare_u32(a->ifindex, b->ifindex);

	return order ? order : memcmp(&a->gateway, &b->gateway, sizeof(a->gateway));
}

static int compare_hops_qsort(const void *a, const void *b)
{
	return fib_compare_hops(a, b);
}

/* Index of the first item that is not below the key. */
static size_t lower_bound(const void *items, size_t n, size_t size, const void *key,
			  compare_fn compare)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(key, (const char *)items + middle * size) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int fib_make_place(void **items, size_t *n, size_t *room, size_t size, size_t at)
{
	char *base = *items;

	if (*n == *room) {
		size_t more = *room ? *room * 2 : 16;

		base = reallocarray(base, more, size);
		if (!base)
			return -ENOMEM;
		*items = base;
		*room = more;
	}

	memmove(base + (at + 1) * size, base + at * size, (*n - at) * size);
	(*n)++;
	return 0;
}

static void remove_item(void *items, size_t *n, size_t size, size_t at)
{
	char *base = items;

	(*n)--;
	memmove(base + at * size, base + (at + 1) * size, (*n - at) * size);
}

union address fib_masked(const union address *address, uint8_t length)
{
	union address masked = {};

	memcpy(masked.bytes, address->bytes, length / 8);
	if (length % 8)
		masked.bytes[length / 8] = address->bytes[length / 8] & (0xff00 >> length % 8);
	return masked;
}

struct fib *fib_new(void)
{
	return calloc(1, sizeof(struct fib));
}

void fib_clear(struct fib *fib)
{
	for (size_t i = 0; i < fib->n_routes; i++)
		free(fib->routes[i].hops);
	free(fib->links);
	free(fib->routes);
	free(fib->neighbours);
	memset(fib, 0, sizeof(*fib));
}

void fib_free(struct fib *fib)
{
	if (!fib)
		return;
	fib_clear(fib);
	free(fib);
}

static size_t find_link(const struct fib *fib, uint32_t ifindex, bool *found)
{
	struct fib_link key = {.ifindex = ifindex};
	size_t at = lower_bound(fib->links, fib->n_links, sizeof(key), &key, compare_link);

	*found = at < fib->n_links && fib->links[at].ifindex == ifindex;
	return at;
}

static bool links_equal(const struct fib_link *a, const struct fib_link *b)
{
	return a->ifindex == b->ifindex && strncmp(a->name, b->name, sizeof(a->name)) == 0 &&
	       memcmp(a->mac, b->mac, sizeof(a->mac)) == 0 && a->mtu == b->mtu &&
	       a->running == b->running && a->vlan == b->vlan && a->parent == b->parent;
}

int fib_set_link(struct fib *fib, const struct fib_link *link)
{
	bool found;
	size_t at;
	int err;

	if (!link->ifindex || !link->mtu || link->vlan > 4094)
		return -EINVAL;

	at = find_link(fib, link->ifindex, &found);
	if (found && links_equal(&fib->links[at], link))
		return 0;
	if (!found) {
		err = fib_make_place((void **)&fib->links, &fib->n_links, &fib->links_size,
				     sizeof(*link), at);
		if (err)
			return err;
	}
	fib->links[at] = *link;
	return 1;
}

int fib_delete_link(struct fib *fib, uint32_t ifindex)
{
	bool found;
	size_t at = find_link(fib, ifindex, &found);

	if (found)
		remove_item(fib->links, &fib->n_links, sizeof(*fib->links), at);
	return found;
}

const struct fib_link *fib_link(const struct fib *fib, uint32_t ifindex)
{
	bool found;
	size_t at = find_link(fib, ifindex, &found);

	return found ? &fib->links[at] : NULL;
}

static size_t find_neighbour(const struct fib *fib, uint32_t ifindex, const union address *address,
			     bool *found)
{
	struct fib_neighbour key = {.ifindex = ifindex, .address = *address};
	size_t at = lower_bound(fib->neighbours, fib->n_neighbours, sizeof(key), &key,
				compare_neighbour);

	*found = at < fib->n_neighbours && !compare_neighbour(&key, &fib->neighbours[at]);
	return at;
}

static bool neighbours_equal(const struct fib_neighbour *a, const struct fib_neighbour *b)
{
	return !compare_neighbour(a, b) && memcmp(a->mac, b->mac, sizeof(a->mac)) == 0 &&
	       a->usable == b->usable && a->kept == b->kept;
}

int fib_set_neighbour(struct fib *fib, const struct fib_neighbour *neighbour)
{
	bool found;
	size_t at;
	int err;

	if (!neighbour->ifindex)
		return -EINVAL;

	at = find_neighbour(fib, neighbour->ifindex, &neighbour->address, &found);
	if (found && neighbours_equal(&fib->neighbours[at], neighbour))
		return 0;
	if (!found) {
		err = fib_make_place((void **)&fib->neighbours, &fib->n_neighbours,
				     &fib->neighbours_size, sizeof(*neighbour), at);
		if (err)
			return err;
	}
	fib->neighbours[at] = *neighbour;
	return 1;
}

int fib_delete_neighbour(struct fib *fib, uint32_t ifindex, const union address *address)
{
	bool found;
	size_t at = find_neighbour(fib, ifindex, address, &found);

	if (found)
		remove_item(fib->neighbours, &fib->n_neighbours, sizeof(*fib->neighbours), at);
	return found;
}

const struct fib_neighbour *fib_neighbour(const struct fib *fib, uint32_t ifindex,
					  const union address *address)
{
	bool found;
	size_t at = find_neighbour(fib, ifindex, address, &found);

	return found ? &fib->neighbours[at] : NULL;
}

static size_t find_route(const struct fib *fib, const union address *network, uint8_t length,
			 uint32_t metric)
{
	struct fib_route key = {.network = *network, .length = length, .metric = metric};

	return lower_bound(fib->routes, fib->n_routes, sizeof(key), &key, compare_route);
}

const struct fib_route *fib_route(const struct fib *fib, const union address *network,
				  uint8_t length)
{
	union address masked;
	size_t at;

	if (length > 128 || !fib->lengths[length])
		return NULL;
	masked = fib_masked(network, length);
	at = find_route(fib, &masked, length, 0);
	if (at == fib->n_routes || fib->routes[at].length != length ||
	    !address_equal(&fib->routes[at].network, &masked))
		return NULL;
	return &fib->routes[at];
}

static bool routes_equal(const struct fib_route *a, const struct fib_route *b)
{
	if (compare_route(a, b) || a->type != b->type || a->n_hops != b->n_hops)
		return false;
	for (size_t i = 0; i < a->n_hops; i++)
		if (fib_compare_hops(&a->hops[i], &b->hops[i]) ||
		    a->hops[i].weight != b->hops[i].weight)
			return false;
	return true;
}

static bool route_valid(const struct fib_route *route)
{
	if (route->length > 128 || (route->type == FIB_UNICAST && !route->n_hops))
		return false;
	for (size_t i = 0; i < route->n_hops; i++)
		if (!route->hops[i].ifindex || !route->hops[i].weight)
			return false;
	return true;
}

/* The route in its own memory, with sorted hops; of equal hops the last one stays. */
static int route_copy(const struct fib_route *route, const struct fib_route *base,
		      struct fib_route *ret)
{
	struct fib_route copy = *route;
	size_t n_base = base ? base->n_hops : 0;

	copy.network = fib_masked(&route->network, route->length);
	copy.n_hops = 0;
	copy.hops = NULL;
	if (route->type == FIB_UNICAST) {
		copy.hops = calloc(n_base + route->n_hops, sizeof(*copy.hops));
		if (!copy.hops)
			return -ENOMEM;
		if (n_base)
			memcpy(copy.hops, base->hops, n_base * sizeof(*copy.hops));
		copy.n_hops = n_base;
		for (size_t i = 0; i < route->n_hops; i++) {
			size_t same = 0;

			while (same < copy.n_hops &&
			       fib_compare_hops(&copy.hops[same], &route->hops[i]))
				same++;
			copy.hops[same] = route->hops[i];
			copy.n_hops += same == copy.n_hops;
		}
		qsort(copy.hops, copy.n_hops, sizeof(*copy.hops), compare_hops_qsort);
	}

	*ret = copy;
	return 0;
}

static int put_route(struct fib *fib, const struct fib_route *route, bool append)
{
	struct fib_route copy, *old = NULL;
	union address network;
	size_t at;
	int err;

	if (!route_valid(route))
		return -EINVAL;

	network = fib_masked(&route->network, route->length);
	at = find_route(fib, &network, route->length, route->metric);
	if (at < fib->n_routes && fib->routes[at].metric == route->metric &&
	    fib->routes[at].length == route->length &&
	    address_equal(&fib->routes[at].network, &network))
		old = &fib->routes[at];
	if (old && append && route->type != FIB_UNICAST)
		return 0;

	err = route_copy(route, append ? old : NULL, &copy);
	if (err)
		return err;
	if (old) {
		bool equal = routes_equal(old, &copy);

		free(old->hops);
		*old = copy;
		return !equal;
	}

	err = fib_make_place((void **)&fib->routes, &fib->n_routes, &fib->routes_size, sizeof(copy),
			     at);
	if (err) {
		free(copy.hops);
		return err;
	}
	fib->routes[at] = copy;
	fib->lengths[copy.length]++;
	return 1;
}

int fib_set_route(struct fib *fib, const struct fib_route *route)
{
	return put_route(fib, route, false);
}

int fib_append_route(struct fib *fib, const struct fib_route *route)
{
	return put_route(fib, route, true);
}

int fib_delete_route(struct fib *fib, const union address *network, uint8_t length, uint32_t metric)
{
	struct fib_route key = {.length = length, .metric = metric};
	size_t at;

	if (length > 128)
		return 0;
	key.network = fib_masked(network, length);
	at = find_route(fib, &key.network, length, metric);
	if (at == fib->n_routes || compare_route(&key, &fib->routes[at]))
		return 0;

	free(fib->routes[at].hops);
	remove_item(fib->routes, &fib->n_routes, sizeof(*fib->routes), at);
	fib->lengths[length]--;
	return 1;
}

#define SWAP(a, b)                                                                                 \
	do {                                                                                       \
		__typeof__(a) swapped = (a);                                                       \
		(a) = (b);                                                                         \
		(b) = swapped;                                                                     \
	} while (0)

static bool swap_links(struct fib *a, struct fib *b)
{
	bool equal = a->n_links == b->n_links;

	for (size_t i = 0; equal && i < a->n_links; i++)
		equal = links_equal(&a->links[i], &b->links[i]);
	SWAP(a->links, b->links);
	SWAP(a->n_links, b->n_links);
	SWAP(a->links_size, b->links_size);
	return !equal;
}

static bool swap_routes(struct fib *a, struct fib *b)
{
	bool equal = a->n_routes == b->n_routes;

	for (size_t i = 0; equal && i < a->n_routes; i++)
		equal = routes_equal(&a->routes[i], &b->routes[i]);
	SWAP(a->routes, b->routes);
	SWAP(a->n_routes, b->n_routes);
	SWAP(a->routes_size, b->routes_size);
	for (size_t i = 0; i <= 128; i++)
		SWAP(a->lengths[i], b->lengths[i]);
	return !equal;
}

static bool swap_neighbours(struct fib *a, struct fib *b)
{
	bool equal = a->n_neighbours == b->n_neighbours;

	for (size_t i = 0; equal && i < a->n_neighbours; i++)
		equal = neighbours_equal(&a->neighbours[i], &b->neighbours[i]);
	SWAP(a->neighbours, b->neighbours);
	SWAP(a->n_neighbours, b->n_neighbours);
	SWAP(a->neighbours_size, b->neighbours_size);
	return !equal;
}

int fib_adopt(struct fib *fib, struct fib *from, unsigned int tables)
{
	bool changed = false;

	if (tables & FIB_LINKS)
		changed |= swap_links(fib, from);
	if (tables & FIB_ROUTES)
		changed |= swap_routes(fib, from);
	if (tables & FIB_NEIGHBOURS)
		changed |= swap_neighbours(fib, from);
	return changed;
}
