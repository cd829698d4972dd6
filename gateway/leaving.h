/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Watches the clients' packets, for the drain of this gateway (core/drain.h), and says what it comes to.
 *
 * What a client sends is counted where the hasher has taken it. What the router role does is not: other gateways
 * hand it packets of theirs. Only where no other gateway routes, all of that is from our own clients, too.
 */
#pragma once

#include <jansson.h>
#include <systemd/sd-event.h>

#include "core/config.h"
#include "core/drain.h"
#include "gateway/dataplane.h"

struct leaving;

/* The phase has changed: the VIPs are to be announced accordingly. Called from the loop. */
typedef void (*leaving_changed_fn)(void *userdata);

int leaving_new(sd_event *event, leaving_changed_fn changed, void *userdata, struct leaving **ret);
struct leaving *leaving_free(struct leaving *leaving);

/* From now on these packets are counted; after each change of the data plane. */
void leaving_count(struct leaving *leaving, const struct dataplane *dataplane, uint64_t self);

/*
 * The operator's rules, and whether this gateway is drained; `standing` as drain_want has it. The caller
 * announces by the phase after this.
 */
void leaving_use(struct leaving *leaving, const struct config_drain *rules, bool drained, bool standing);

/* NULL: DRAIN_NONE. */
enum drain_phase leaving_phase(const struct leaving *leaving);

/* For /status. */
json_t *leaving_json(const struct leaving *leaving);
