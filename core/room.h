/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where in the map of rows there is room for more. For core/tables.c. */
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
