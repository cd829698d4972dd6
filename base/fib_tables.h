/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The tables behind struct fib, for fib_tables.c (which changes them) and fib.c (which asks). */
#pragma once

#include "base/fib.h"

struct fib {
	struct fib_link *links; /* by ifindex */
	size_t n_links, links_size;
	struct fib_route *routes; /* by network, length, metric */
	size_t n_routes, routes_size;
	size_t lengths[129];		  /* how many routes have this length */
	struct fib_neighbour *neighbours; /* by ifindex, address */
	size_t n_neighbours, neighbours_size;
};

/* `address` with only the first `length` bits. */
union address fib_masked(const union address *address, uint8_t length);

int fib_compare_hops(const struct fib_hop *a, const struct fib_hop *b);

/*
 * Makes place for one more item of `size` bytes at `at` in an array of `*n` items and `*room`
 * places. -ENOMEM.
 */
int fib_make_place(void **items, size_t *n, size_t *room, size_t size, size_t at);
