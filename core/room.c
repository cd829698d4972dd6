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

/* A plan beside what stands */

/* Where the last region ends. */
static uint32_t rows_end(const struct tables *tables)
{
	const struct rows *routers = &tables->site->routers;
	uint32_t end = routers->first ? routers->first + routers->size : FIRST;

	for (uint32_t i = 1; i < tables->n_services; i++) {
		const struct service *service = &tables->services[i];
		uint32_t last = service->home > service->rows.first ? service->home
								    : service->rows.first;

		if (last && last + service->rows.size > end)
			end = last + service->rows.size;
	}
	return end;
}

/* Numbers that are taken, 0 among them. */
static uint64_t count_standing(const struct tables *tables)
{
	uint64_t count = 1;

	for (uint32_t i = 1; i < tables->n_services; i++)
		count += tables->services[i].identity != 0;
	return count;
}

/* The planned service as it stands in the tables; NULL: it is one to come. */
static const struct service *standing(const struct tables *tables, const struct plan_service *service)
{
	uint32_t number = tables_service_number(tables, service->identity);

	return number ? &tables->services[number] : NULL;
}

static bool routers_come(const struct tables *tables, const struct plan *plan)
{
	return tables->site->routers.size != plan->router_size;
}

struct plan_sizes room_sizes(const struct tables *tables, const struct plan *plan)
{
	uint64_t rows = rows_end(tables), services = count_standing(tables);
	struct plan_sizes sizes = plan_sizes(plan);
	uint32_t places;

	if (routers_come(tables, plan))
		rows += plan->router_size;
	for (size_t i = 0; i < plan->n_services; i++) {
		const struct plan_service *service = &plan->services[i];
		const struct service *entry = standing(tables, service);

		services += !entry;
		rows += entry ? 0 : service->size;
		rows += service->n_others && !(entry && entry->home) ? service->size : 0;
	}
	rows = rows < ROWS_MAX ? rows : ROWS_MAX;
	places = plan_places(services);
	return (struct plan_sizes){
		.rows = sizes.rows > rows ? sizes.rows : rows,
		.services = sizes.services > places ? sizes.services : places,
	};
}

/* As core/tables.c will take them. */
static int take_service(struct room *room, const struct plan_service *service,
			const struct service *entry)
{
	uint32_t first;
	int r = entry ? 0 : room_take(room, service->size, &first);

	if (r == 0 && service->rows && service->home && !(entry && entry->home))
		r = room_take(room, service->size, &first);
	return r;
}

int room_holds(const struct tables *tables, const struct plan *plan)
{
	_cleanup_(room_clear) struct room room = {.tables = tables};
	uint64_t services = count_standing(tables);
	uint32_t first;
	int r = routers_come(tables, plan) ? room_take(&room, plan->router_size, &first) : 0;

	for (size_t i = 0; i < plan->n_services && r == 0; i++) {
		const struct service *entry = standing(tables, &plan->services[i]);

		services += !entry;
		r = services > tables->n_services ? -ENOSPC
						  : take_service(&room, &plan->services[i], entry);
	}
	return r;
}
