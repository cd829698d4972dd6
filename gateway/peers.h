/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The other gateways of our site, watched: each is asked every 50 ms by a probe that its data plane
 * answers, and core/liveness says who is alive. The rows of routers are planned over those.
 *
 * Every gateway judges for itself. That two of them disagree for a moment, or that a link between
 * them alone is cut, costs nothing but detours: the rows only choose a router, whoever routes a flow
 * walks the same candidates.
 *
 * While the daemon is away nobody is judged, and the rows stay as they are.
 */
#pragma once

#include <stdbool.h>

#include <systemd/sd-event.h>

#include "core/liveness.h"
#include "core/plan.h"
#include "core/tables.h"

struct peers;

/* Somebody died or came back: time for peers_plan. May not free the peers. */
typedef void (*peers_changed_fn)(void *userdata);

int peers_new(sd_event *event, peers_changed_fn changed, void *userdata, struct peers **ret);
struct peers *peers_free(struct peers *peers);

/*
 * Plans the rows of routers over those that are alive. Of a gateway that is not watched yet the
 * tables tell: one without rows in them, because a former daemon found it dead or because it is new,
 * has to answer first. Empty tables say that all start together, and all are taken for alive. 0 or
 * -ENOMEM.
 */
int peers_plan(const struct peers *peers, struct plan *plan, const struct tables *tables);

/*
 * From now on watches the other routers of this plan, with the settings that their probes need. Who
 * was watched before keeps its state, others begin with what peers_plan took them for. 0 or -ENOMEM,
 * and it watches those of before.
 */
int peers_watch(struct peers *peers, const struct plan *plan,
		const struct gateway_settings *settings);

/* The state of the router of this identity; NULL: not watched, we ourselves. */
const struct liveness *peers_find(const struct peers *peers, uint64_t identity);
