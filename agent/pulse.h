/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The agent's heartbeat (wire/heartbeat.h): every `heartbeat` of the configuration it tells each gateway of
 * its own site that it is there, and how loaded; those of other sites every tenth time. What it tells is
 * looked up then, and only what costs next to nothing: counters, the sockets that listen, and what others
 * count at their own pace.
 *
 * An agent that stops in order says so, and is not missed. Packets are claimed with or without it.
 */
#pragma once

#include <systemd/sd-event.h>

#include "agent/connections.h"
#include "agent/programs.h"
#include "core/config.h"
#include "core/plan.h"

struct pulse;

/* What it needs of the running agent; pointers live until the next pulse_use. */
struct pulse_world {
	const struct config *config;
	const struct config_backend *self;
	const struct plan_keys *keys;
	const struct plan *plan;
	const struct connections *connections;
	const struct programs *programs;
};

int pulse_new(sd_event *event, struct pulse **ret);

/* Says goodbye to the gateways. */
struct pulse *pulse_free(struct pulse *pulse);

/* From now on in this world, and at once. 0 or a negative errno, and nothing is told. */
int pulse_use(struct pulse *pulse, const struct pulse_world *world);

/* How busy the host's processors are, permille; 0 while nothing is told. */
uint16_t pulse_cpu(const struct pulse *pulse);

/* How many messages were sent, and how many the kernel refused, since the start. */
void pulse_counts(const struct pulse *pulse, uint64_t *ret_sent, uint64_t *ret_refused);
