/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where in the map of rows there is room for more. For core/tables.c, and for who makes the maps.
 *
 * Packets read the rows of a service until no VIP leads to it any more, and VIPs lead to the new ones when
 * all of them stand. So what goes gives its rows and its number back when everything that comes has
 * its own, and the maps must have room for both at once: for a service that is renamed or has another size
 * of rows, twice.
 */
#pragma once

#include "core/tables.h"

/* Regions that no row table has. It holds as long as tables come and none goes. Begins as {.tables = ...}. */
struct room {
	const struct tables *tables;
	struct gap {
		uint32_t first, size;
	} *gaps; /* in order; NULL: nobody has asked yet */
	size_t n;
};

/* First fit; never at 0, which is nowhere. 0, -ENOSPC or -ENOMEM. */
int room_take(struct room *room, uint32_t size, uint32_t *ret_first);

void room_clear(struct room *room);

/*
 * How large the maps must be for the plan to come into these tables, of which only site, services and numbers
 * are asked: behind all that stands there is room for all that comes, and for the rows for other
 * sites that may come later, whatever gaps there are. At most as large as maps can be.
 */
struct plan_sizes room_sizes(const struct tables *tables, const struct plan *plan);

/* Is there room for all of the plan in these tables as they are? 0, -ENOSPC or -ENOMEM. */
int room_holds(const struct tables *tables, const struct plan *plan);
