/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/tables.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/generations.h"
#include "core/index.h"
#include "core/links.h"
#include "core/room.h"
#include "core/vips.h"

#define ROUTER_NEXT_HOPS_MAX 16 /* of one destination; more than a fabric's uplinks */

#define NANOSECONDS 1000000000ULL

/* Rows */

uint16_t tables_row(const struct tables *tables, const struct rows *rows, uint32_t candidate,
		    uint32_t row)
{
	return row_place(tables->rows[rows->first + row], rows_bank(rows->banks, candidate));
}

static int rows_prepare(struct room *room, struct rows *rows, uint32_t size)
{
	uint32_t first;
	int r;

	if (rows->size == size)
		return 0;
	*rows = (struct rows){};
	r = room_take(room, size, &first);
	if (r < 0)
		return r;
	*rows = (struct rows){.first = first, .size = size};
	return 0;
}

/* Next hops */

static bool node_used(const struct destination *node)
{
	return node->sids[0].halves[0] != 0;
}

/* Where the half begins that no destination refers to. */
static uint32_t next_hops_half(const struct tables *tables)
{
	for (uint32_t i = 0; i < DESTINATIONS_MAX; i++)
		if (tables->backends[i].next_hops)
			return tables->backends[i].next_hops >> 8 < NEXT_HOPS_MAX / 2
				       ? NEXT_HOPS_MAX / 2
				       : 0;
	for (uint32_t i = 0; i < ROUTERS_MAX; i++)
		if (tables->routers[i].next_hops)
			return tables->routers[i].next_hops >> 8 < NEXT_HOPS_MAX / 2
				       ? NEXT_HOPS_MAX / 2
				       : 0;
	return 0;
}

/* Nodes behind the same neighbours share their group, so a site needs few entries. */
struct hop_groups {
	struct next_hop *hops;
	uint32_t base, used;
	struct index *places; /* from 1, by the hash of what stands there */
};

/* FNV-1a, by words. */
static uint64_t hash_hops(const struct next_hop *hops, uint32_t n)
{
	const uint64_t *words = (const uint64_t *)hops;
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < n * sizeof(*hops) / sizeof(*words); i++)
		hash = (hash ^ words[i] ^ words[i] >> 32) * 0x100000001b3ULL;
	return hash | 1;
}

static int hop_group_find(struct hop_groups *groups, const struct next_hop *hops, uint32_t n,
			  uint32_t *ret_word)
{
	uint64_t hash = hash_hops(hops, n);
	uint32_t place = index_get(groups->places, hash), at = place - 1;

	if (!place || at + n > groups->used ||
	    memcmp(&groups->hops[groups->base + at], hops, n * sizeof(*hops)) != 0) {
		at = groups->used;
		if (at + n > NEXT_HOPS_MAX / 2)
			return -ENOSPC;
		memcpy(&groups->hops[groups->base + at], hops, n * sizeof(*hops));
		groups->used += n;
		if (index_put(groups->places, hash, at + 1) < 0)
			return -ENOMEM;
	}
	*ret_word = (groups->base + at) << 8 | n;
	return 0;
}

/*
 * A node keeps the word it has while its hops are resolved anew into the other half; in between a
 * packet still finds the old ones.
 */
static int node_route(struct destination *node, const struct fib *fib, struct hop_groups *groups)
{
	struct next_hop hops[ROUTER_NEXT_HOPS_MAX] = {};
	uint32_t word = 0;
	int n, r;

	if (node_used(node)) {
		n = fib_resolve(fib, &node->sids[0], hops, ROUTER_NEXT_HOPS_MAX);
		if (n < 0 && n != -ENETUNREACH)
			return n;
		if (n > 0) {
			r = hop_group_find(groups, hops, n, &word);
			if (r < 0)
				return r;
		}
	}
	publish(&node->next_hops, word);
	return 0;
}

int tables_route(const struct tables *tables, const struct fib *fib)
{
	struct hop_groups groups = {
		.hops = tables->next_hops,
		.base = next_hops_half(tables),
		.places = index_new(),
	};
	int r = groups.places ? 0 : -ENOMEM;

	links_put(tables->links, fib);
	for (uint32_t i = 0; i < DESTINATIONS_MAX && r == 0; i++)
		r = node_route(&tables->backends[i], fib, &groups);
	for (uint32_t i = 0; i < ROUTERS_MAX && r == 0; i++)
		r = node_route(&tables->routers[i], fib, &groups);
	index_free(groups.places);
	return r;
}

/* Nodes */

static void node_put(struct destination *entry, const struct plan_node *node)
{
	/* A number that changes hands leads nowhere while its SIDs are exchanged. */
	if (!address_equal(&entry->sids[0], &node->sids[0]) ||
	    !address_equal(&entry->sids[1], &node->sids[1])) {
		publish(&entry->next_hops, 0);
		entry->sids[0] = node->sids[0];
		entry->sids[1] = node->sids[1];
	}
	entry->flags = node->flags;
	entry->identity = node->identity;
}

void tables_darken(const struct tables *tables, uint16_t id, bool dark)
{
	uint32_t *flags = &tables->backends[id].flags;

	publish(flags, dark ? *flags | DESTINATION_DARK : *flags & ~DESTINATION_DARK);
}

static void node_clear(struct destination *entry)
{
	publish(&entry->next_hops, 0);
	memset(entry, 0, sizeof(*entry));
}

static uint16_t router_number(const struct tables *tables, uint64_t identity)
{
	for (uint32_t i = 1; i < ROUTERS_MAX; i++)
		if (tables->routers[i].identity == identity)
			return i;
	return 0;
}

/* The router's own number, or a free one; 0 when there is none. */
static uint16_t router_place(const struct tables *tables, uint64_t identity)
{
	uint16_t own = router_number(tables, identity);

	return own ? own : router_number(tables, 0);
}

static int nodes_put(const struct tables *tables, const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_backends; i++)
		node_put(&tables->backends[plan->backends[i].number], &plan->backends[i]);
	for (size_t i = 0; i < plan->n_sites; i++)
		node_put(&tables->backends[plan->sites[i].number], &plan->sites[i]);
	for (size_t i = 0; i < plan->n_routers; i++) {
		uint16_t number = router_place(tables, plan->routers[i].identity);

		if (!number)
			return -ENOSPC;
		node_put(&tables->routers[number], &plan->routers[i]);
	}
	return 0;
}

int tables_apply_routers(const struct tables *tables, const struct plan *plan)
{
	_cleanup_free_ uint16_t *values = calloc(plan->router_size, sizeof(*values));
	_cleanup_(room_clear) struct room room = {.tables = tables};
	int r;

	if (!values)
		return -ENOMEM;
	for (uint32_t row = 0; row < plan->router_size; row++)
		values[row] = router_number(tables,
					    plan->routers[plan->router_rows[row] - 1].identity);
	r = rows_prepare(&room, &tables->site->routers, plan->router_size);
	if (r < 0)
		return r;
	generation_publish(tables, &tables->site->routers.banks,
		     &(struct generation){.size = plan->router_size,
					  .first = tables->site->routers.first,
					  .values = values},
		     CANDIDATES_MAX, false);
	return 0;
}

uint32_t tables_router_rows(const struct tables *tables, uint64_t identity, uint32_t *ret_all)
{
	const struct rows *rows = &tables->site->routers;
	uint16_t number = router_number(tables, identity);
	uint32_t count = 0;

	*ret_all = rows_count(rows->banks) ? rows->size : 0;
	for (uint32_t row = 0; number && row < *ret_all; row++)
		count += tables_row(tables, rows, 0, row) == number;
	return count;
}

/* Services */

uint32_t tables_service_number(const struct tables *tables, uint64_t identity)
{
	return index_get(tables->numbers, identity);
}

int tables_number(struct tables *tables)
{
	_cleanup_index_ struct index *numbers = index_new();

	if (!numbers)
		return -ENOMEM;
	for (uint32_t i = 1; i < tables->n_services; i++)
		if (tables->services[i].identity &&
		    index_put(numbers, tables->services[i].identity, i) < 0)
			return -ENOMEM;
	tables->numbers = take(numbers);
	return 0;
}

void tables_switch(const struct tables *tables, uint32_t service, bool off)
{
	uint32_t *flags = &tables->services[service].flags;

	publish(flags, off ? *flags | SERVICE_OFF : *flags & ~SERVICE_OFF);
}

bool tables_switched_off(const struct tables *tables, uint32_t service)
{
	return tables->services[service].flags & SERVICE_OFF;
}

/* Closed members too: they keep their connections. Before the service is told to ask. */
static void members_put(const struct tables *tables, uint32_t number,
			const struct config_service *config)
{
	uint64_t words[MEMBER_WORDS] = {};

	for (size_t i = 0; i < config->n_members; i++) {
		uint16_t id = config->members[i].backend->id;

		words[id / 64] |= 1ULL << id % 64;
	}
	for (uint32_t i = 0; i < MEMBER_WORDS; i++)
		publish(&tables->members[member_word(number, 0) + i], words[i]);
}

/* The budget of wire/whohas.h, where there are agents to ask about connections. */
static uint64_t ask_interval_ns(const struct config_service *config)
{
	if (config->agentless || config->protocol != IPPROTO_TCP || !config->who_has)
		return 0;
	return NANOSECONDS / config->who_has;
}

/*
 * The first time that rows for what comes from other sites are to differ, they get their place, with what
 * the others hold, and keep it as long as the service.
 */
static int home_prepare(const struct tables *tables, struct room *room, struct service *entry,
			const struct plan_service *service)
{
	uint32_t home;
	int r;

	if (entry->home || !service->home)
		return 0;
	r = room_take(room, entry->rows.size, &home);
	if (r < 0)
		return r;
	memcpy(&tables->rows[home], &tables->rows[entry->rows.first],
	       entry->rows.size * sizeof(*tables->rows));
	publish(&entry->home, home);
	return 0;
}

/*
 * When nobody is open any more, the generations stay: they lead old connections to where they are. New
 * ones are refused before the rows are asked.
 */
static int service_open(const struct tables *tables, struct room *room, struct service *entry,
			const struct plan_service *service, bool instead)
{
	uint32_t flags = service->flags | (entry->flags & SERVICE_OFF);
	int r = service->rows ? home_prepare(tables, room, entry, service) : 0;

	if (r < 0)
		return r;
	if (service->rows)
		generation_publish(tables, &entry->rows.banks,
			     &(struct generation){
				     .size = entry->rows.size,
				     .first = entry->rows.first,
				     .home = entry->home,
				     .values = service->rows,
				     .home_values = service->home ? service->home : service->rows,
			     },
			     service->generations, instead);
	publish(&entry->flags, service->rows ? flags : flags | SERVICE_CLOSED);
	return 0;
}

/* While the services of a plan are put: where the next new one finds a place, and who has one. */
struct placing {
	struct room room;
	uint32_t free; /* no smaller number is */
	bool *planned; /* by number */
};

static void placing_clear(struct placing *placing)
{
	room_clear(&placing->room);
	free(placing->planned);
}

/* Its number in the tables, which it has from here on. */
static int service_place(const struct tables *tables, struct placing *placing, uint64_t identity,
			 uint32_t *ret_number)
{
	uint32_t number = tables_service_number(tables, identity);

	if (!number) {
		while (placing->free < tables->n_services &&
		       tables->services[placing->free].identity)
			placing->free++;
		if (placing->free == tables->n_services)
			return -ENOSPC;
		number = placing->free;
	}
	*ret_number = number;
	return index_put(tables->numbers, identity, number);
}

static int service_put(const struct tables *tables, struct placing *placing,
		       const struct plan_service *service)
{
	uint32_t number = 0;
	struct service *entry;
	int r = service_place(tables, placing, service->identity, &number);

	if (r < 0)
		return r;
	entry = &tables->services[number];
	if (entry->rows.size != service->size)
		entry->home = 0;
	r = rows_prepare(&placing->room, &entry->rows, service->size);
	if (r < 0) {
		if (!entry->identity)
			index_remove(tables->numbers, service->identity);
		return r;
	}
	entry->identity = service->identity;
	placing->planned[number] = true;
	members_put(tables, number, service->config);
	publish(&entry->ask_interval_ns, ask_interval_ns(service->config));
	return service_open(tables, &placing->room, entry, service, false);
}

int tables_apply_members(const struct tables *tables, const struct plan_service *service)
{
	return tables_apply_shares(tables, service, false);
}

int tables_apply_shares(const struct tables *tables, const struct plan_service *service, bool instead)
{
	_cleanup_(room_clear) struct room room = {.tables = tables};
	uint32_t number = tables_service_number(tables, service->identity);

	if (!number)
		return -ENOENT;
	return service_open(tables, &room, &tables->services[number], service, instead);
}

/* Rows of the newest generation that hold the value. */
static uint32_t rows_with(const struct tables *tables, const struct service *entry, uint32_t first,
			  uint16_t value)
{
	const struct rows rows = {
		.first = first, .size = entry->rows.size, .banks = entry->rows.banks};
	uint32_t count = 0;

	if (!rows_count(rows.banks) || entry->flags & SERVICE_CLOSED)
		return 0;
	for (uint32_t row = 0; row < rows.size; row++)
		count += tables_row(tables, &rows, 0, row) == value;
	return count;
}

bool tables_member_open(const struct tables *tables, uint32_t service, uint16_t id)
{
	const struct service *entry = &tables->services[service];

	return rows_with(tables, entry, entry->home ? entry->home : entry->rows.first, id);
}

uint32_t tables_share(const struct tables *tables, uint32_t service, uint16_t number)
{
	const struct service *entry = &tables->services[service];
	uint64_t rows = rows_with(tables, entry, entry->rows.first, number);

	return entry->rows.size ? (rows * POLICY_WHOLE + entry->rows.size / 2) / entry->rows.size : 0;
}

bool tables_serves(const struct tables *tables, const struct plan *plan,
		   const struct plan_vip *vip)
{
	for (size_t i = 0; i < vip->n_intervals; i++) {
		uint32_t service = tables_service_number(
			tables, plan->services[vip->intervals[i].service].identity);

		if (service && rows_count(tables->services[service].rows.banks) &&
		    !(tables->services[service].flags & SERVICE_CLOSED) &&
		    !tables_switched_off(tables, service))
			return true;
	}
	return false;
}

static int services_put(const struct tables *tables, struct placing *placing,
			const struct plan *plan)
{
	int r = 0;

	placing->room.tables = tables;
	placing->free = 1;
	placing->planned = calloc(tables->n_services, sizeof(*placing->planned));
	if (!placing->planned)
		return -ENOMEM;
	for (size_t i = 0; i < plan->n_services && r == 0; i++)
		r = service_put(tables, placing, &plan->services[i]);
	return r;
}

/* What the plan no longer has */

static void services_clear(const struct tables *tables, const struct placing *placing)
{
	for (uint32_t i = 1; i < tables->n_services; i++) {
		struct service *entry = &tables->services[i];

		if (!entry->identity || placing->planned[i])
			continue;
		index_remove(tables->numbers, entry->identity);
		publish(&entry->rows.banks, 0);
		memset(entry, 0, sizeof(*entry));
	}
}

static bool planned_router(const struct plan *plan, uint64_t identity)
{
	for (size_t i = 0; i < plan->n_routers; i++)
		if (plan->routers[i].identity == identity)
			return true;
	return false;
}

/* Backends and sites stand at their numbers, and a planned one has put its own there. */
static int nodes_clear(const struct tables *tables, const struct plan *plan)
{
	_cleanup_free_ bool *planned = calloc(DESTINATIONS_MAX, sizeof(*planned));

	if (!planned)
		return -ENOMEM;
	for (size_t i = 0; i < plan->n_backends; i++)
		planned[plan->backends[i].number] = true;
	for (size_t i = 0; i < plan->n_sites; i++)
		planned[plan->sites[i].number] = true;
	for (uint32_t i = 1; i < DESTINATIONS_MAX; i++)
		if (node_used(&tables->backends[i]) && !planned[i])
			node_clear(&tables->backends[i]);
	for (uint32_t i = 1; i < ROUTERS_MAX; i++)
		if (node_used(&tables->routers[i]) &&
		    !planned_router(plan, tables->routers[i].identity))
			node_clear(&tables->routers[i]);
	return 0;
}

int tables_apply(const struct tables *tables, const struct plan *plan, const struct fib *fib,
		 uint64_t *ret_words)
{
	_cleanup_(placing_clear) struct placing placing = {};
	int r;

	r = room_holds(tables, plan);
	if (r == 0)
		r = nodes_put(tables, plan);
	if (r == 0)
		r = tables_route(tables, fib);
	if (r == 0)
		r = tables_apply_routers(tables, plan);
	if (r == 0)
		r = services_put(tables, &placing, plan);
	if (r == 0)
		r = vips_apply(tables, plan, ret_words);
	if (r < 0)
		return r;
	services_clear(tables, &placing);
	return nodes_clear(tables, plan);
}
