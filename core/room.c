/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/room.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

#define FIRST 1

/* Regions in use, while they are counted up. */
struct taken {
	struct gap *regions;
	size_t n;
};

static void take_region(struct taken *taken, uint32_t first, uint32_t size)
{
	if (first && size)
		taken->regions[taken->n++] = (struct gap){first, size};
}

static int by_first(const void *left, const void *right)
{
	const struct gap *a = left, *b = right;

	return (a->first > b->first) - (a->first < b->first);
}

static void list_taken(const struct tables *tables, struct taken *taken)
{
	take_region(taken, tables->site->routers.first, tables->site->routers.size);
	for (uint32_t i = 1; i < tables->n_services; i++) {
		const struct service *service = &tables->services[i];

		take_region(taken, service->rows.first, service->rows.size);
		take_region(taken, service->home, service->rows.size);
	}
	qsort(taken->regions, taken->n, sizeof(*taken->regions), by_first);
}

static int find_gaps(struct room *room)
{
	size_t most = 2 * room->tables->n_services + 2;
	_cleanup_free_ struct gap *regions = calloc(most, sizeof(*regions));
	struct taken taken = {.regions = regions};
	uint32_t end = FIRST;

	room->gaps = calloc(most, sizeof(*room->gaps));
	if (!regions || !room->gaps)
		return -ENOMEM;
	list_taken(room->tables, &taken);
	for (size_t i = 0; i < taken.n; i++) {
		if (regions[i].first > end)
			room->gaps[room->n++] = (struct gap){end, regions[i].first - end};
		end = regions[i].first + regions[i].size;
	}
	if (room->tables->n_rows > end)
		room->gaps[room->n++] = (struct gap){end, room->tables->n_rows - end};
	return 0;
}

int room_take(struct room *room, uint32_t size, uint32_t *ret_first)
{
	int r = room->gaps ? 0 : find_gaps(room);

	if (r < 0)
		return r;
	for (size_t i = 0; i < room->n; i++) {
		struct gap *gap = &room->gaps[i];

		if (gap->size < size)
			continue;
		*ret_first = gap->first;
		gap->first += size;
		gap->size -= size;
		return 0;
	}
	return -ENOSPC;
}

void room_clear(struct room *room)
{
	free(room->gaps);
}
