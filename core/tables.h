/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Brings a plan into the tables that the BPF programs read (wire/maps.h), under traffic: every part
 * is written where no packet looks, then published with one aligned store.
 *
 *   rows        into the bank that is no candidate; the new generation then leads the list
 *   intervals   into the half that is not in use; then each VIP's word
 *   next hops   likewise; then each destination's word
 *   numbers     a service or router keeps its number by the identity in its entry, so a daemon that
 *               starts over maps that are full of traffic finds everything where it left it
 *
 * The tables are plain memory: the daemon's are its maps, a test's are calloc'd.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fib.h"
#include "core/plan.h"
#include "wire/maps.h"

struct index;

/* The aligned store: what was written before it is seen by who sees it. */
#define publish(place, value) __atomic_store_n((place), (value), __ATOMIC_RELEASE)

/*
 * Each the first element of an array of the size that wire/maps.h gives, but that of `rows` and `members`,
 * which the caller chose (core/room.h). An agent has two of them.
 */
struct tables {
	struct vip_slot *vips;
	struct interval *intervals;
	struct service *services;
	uint64_t *members;
	uint64_t *rows;
	struct destination *backends;
	struct destination *routers;
	struct site *site;
	struct next_hop *next_hops;
	uint64_t *links;
	uint32_t n_rows;
	uint32_t n_services;   /* numbers, 0 among them, that have a place in `members` */
	struct index *numbers; /* of the services, by identity */
};

/* Of a gateway, before anything else: finds out which services stand there. 0 or -ENOMEM. */
int tables_number(struct tables *tables);

/*
 * Everything in an order that packets may watch: nodes and their next hops, rows, VIPs; then what the
 * plan no longer has is cleared. `ret_words` (plan->n_vips of them) are the intervals of each VIP, for
 * those that are networks and so live in another map.
 *
 * 0; -ENOSPC: a table is full, and if it is that of rows or services, nothing was changed (core/room.h);
 * -ENOMEM. On other errors what was published so far stays and is consistent.
 */
int tables_apply(const struct tables *tables, const struct plan *plan, const struct fib *fib,
		 uint64_t *ret_words);

/* After a change of links, routes or neighbours: the next hops of every node in the tables, and links. */
int tables_route(const struct tables *tables, const struct fib *fib);

/* After a change of the plan's routers that live: the rows of routers alone. Errors as above. */
int tables_apply_routers(const struct tables *tables, const struct plan *plan);

/*
 * After a change of one service's open members: its rows alone. 0; -ENOENT: it is not in the tables;
 * -ENOSPC: there is no room for rows of what comes from other sites.
 */
int tables_apply_members(const struct tables *tables, const struct plan_service *service);

/*
 * After a change of one service's shares alone. `instead`: they take the place of the newest generation,
 * so that a movement of many steps costs one. 0; -ENOENT as above; -ENOSPC.
 */
int tables_apply_shares(const struct tables *tables, const struct plan_service *service, bool instead);

/* What a site has of the newest generation of the service's rows, thousandths; `number` has ROW_SITE. */
uint32_t tables_share(const struct tables *tables, uint32_t service, uint16_t number);

/*
 * Does the newest generation of the service's rows have this backend, if only for what comes from other
 * sites? Of a service without any, no.
 */
bool tables_member_open(const struct tables *tables, uint32_t service, uint16_t id);

/* How many rows lead to the router of this identity, and how many there are. */
uint32_t tables_router_rows(const struct tables *tables, uint64_t identity, uint32_t *ret_all);

/* The number of a planned service, or 0 when it is not in the tables. */
uint32_t tables_service_number(const struct tables *tables, uint64_t identity);

/*
 * The operator's switch: a service that is off is left to the host, until it is switched on. The switch
 * stands in the tables and so outlives restarts and new configurations.
 */
void tables_switch(const struct tables *tables, uint32_t service, bool off);
bool tables_switched_off(const struct tables *tables, uint32_t service);

/*
 * Can this gateway serve the VIP? Some service on it is switched on and has an open backend, here or at
 * another site. Of a plan that was applied.
 */
bool tables_serves(const struct tables *tables, const struct plan *plan,
		   const struct plan_vip *vip);

/* Whether the backend of this id is a host that answers nothing; until its node is planned anew. */
void tables_darken(const struct tables *tables, uint16_t id, bool dark);

/* What a slot of a candidate's bank holds; as the data plane reads it. */
uint16_t tables_row(const struct tables *tables, const struct rows *rows, uint32_t candidate,
		    uint32_t row);
