/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Generations of rows in the tables (wire/maps.h): written where no packet looks, then led by one store.
 * For core/tables.c.
 */
#pragma once

#include "core/tables.h"

/* What rows hold, and what those hold that packets from other sites go by, if there are any. */
struct generation {
	uint32_t size, first, home; /* where the rows are; home 0: nowhere */
	const uint16_t *values, *home_values;
};

/*
 * Makes it the newest of those in `banks`, or with `instead` takes the newest one's place. An older one
 * that is equal comes to the front again instead of standing twice. At most `most` of them are candidates.
 */
void generation_publish(const struct tables *tables, uint32_t *banks,
			const struct generation *generation, uint32_t most, bool instead);
