/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The gateway's program and maps in the kernel. The maps are pinned and outlive the daemon; their
 * memory is core/tables' to write. The program is loaded anew when its settings change, and takes the
 * place of the one before between two packets.
 */
#pragma once

#include <jansson.h>

#include "core/pin_table.h"
#include "core/plan.h"
#include "core/tables.h"
#include "daemon/pins.h"

struct dataplane;

/*
 * Loads the program over the pinned maps, and attaches it nowhere yet. Maps that are too small for
 * the plan beside what stands in them are replaced by larger ones, with all that they held. 0 or a negative errno.
 */
int dataplane_new(const struct pins *pins, const struct gateway_settings *settings,
		  const struct plan *plan, struct dataplane **ret);

/* Frees the daemon's hold; what is pinned and attached stays. */
struct dataplane *dataplane_free(struct dataplane *dataplane);

/* Puts the program on the interfaces. On an error, said to stderr, the others are attached. */
int dataplane_attach(struct dataplane *dataplane, const struct pins *pins,
		     char *const *interfaces, size_t n);

/* The pins, in the memory that the program shares. */
const struct pin_table *dataplane_pins(struct dataplane *dataplane);

const struct tables *dataplane_tables(const struct dataplane *dataplane);

/* Was it loaded with just these settings, and have its tables room for the plan beside what stands in them? */
bool dataplane_fits(const struct dataplane *dataplane, const struct gateway_settings *settings,
		    const struct plan *plan);

/*
 * Does it have other tables than the program that is attached: larger ones, or those from before a daemon that was
 * killed? Then it is to be attached before they change: the two share the services, whose rows they look up in
 * tables of their own.
 */
bool dataplane_has_others(const struct dataplane *dataplane);

/* The ring of trace events. */
int dataplane_trace_fd(const struct dataplane *dataplane);

/* The ring of what the program wants to be found out (wire/whohas.h). */
int dataplane_whohas_fd(const struct dataplane *dataplane);

/*
 * Until then segments of this connection, by its sequence number, may be reset; or questions about the
 * client's network are worth its share of the budget that is kept. 0 or a negative errno.
 */
int dataplane_deny(const struct dataplane *dataplane, const struct flow *flow, uint32_t sequence,
		   uint64_t until_ns);
int dataplane_know(const struct dataplane *dataplane, const struct flow *flow, uint32_t service,
		   uint64_t until_ns);

/* May a connection of this flow be reset? */
bool dataplane_denies(const struct dataplane *dataplane, const struct flow *flow, uint64_t now_ns);

int dataplane_counters(const struct dataplane *dataplane, json_t **ret);

/* Of one verdict (enum gateway_verdict), since the maps were made. */
uint64_t dataplane_packets(const struct dataplane *dataplane, uint32_t verdict);

/* The VIPs of the plan that are networks, with their words of tables_apply. */
int dataplane_put_networks(const struct dataplane *dataplane, const struct plan *plan,
			   const uint64_t *words);

/* The word of a VIP, exact or network, as the data plane finds it; 0: no VIP. */
uint64_t dataplane_vip(const struct dataplane *dataplane, const union address *vip);
