/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The agents of all sites, heard: their heartbeats (wire/heartbeat.h) come to this node's SID of function
 * SRV6_HOST, and core/load keeps what they say. An agent that was heard and falls silent, or is heard
 * again, is told to health, which judges (gateway/monitor.h).
 *
 * A gateway that had no time itself has heard nobody, whoever spoke: then all have another interval.
 *
 * Every gateway hears for itself. While the daemon is away nobody is heard; one that starts has heard of
 * nobody yet, and so misses nobody.
 */
#pragma once

#include <jansson.h>
#include <systemd/sd-event.h>

#include "core/config.h"
#include "core/health.h"
#include "core/load.h"
#include "core/plan.h"

struct loads;

/* A backend's agent fell silent, stops, or is heard again. */
typedef void (*loads_changed_fn)(uint16_t id, void *userdata);

/* Another gateway tells of its shares; the message is authentic, and as long as it says. */
typedef void (*loads_shares_fn)(const struct heartbeat *message, void *userdata);

/* To whom those are for, from now on. */
void loads_hear_shares(struct loads *loads, loads_shares_fn heard, void *userdata);

/* Tells another gateway, at its SID of function SRV6_HOST. 0, or as heartbeats_send. */
int loads_tell(struct loads *loads, const union address *to, const struct heartbeat *message);

int loads_new(sd_event *event, loads_changed_fn changed, void *userdata, struct loads **ret);
struct loads *loads_free(struct loads *loads);

/*
 * From now on hears the agents of this configuration, at the node's address that the monitor has put
 * on lo. Who was heard before stays so. Pointers live until the next call. 0 or a negative errno, and nobody
 * is heard.
 */
int loads_use(struct loads *loads, const struct config *config, const struct config_gateway *self,
	      const struct plan_keys *keys);

/* As load_carried, now. */
void loads_carried(const struct loads *loads, enum rests_carried ret[static COOKIE_EPOCHS]);

/* For those who judge by it, or tell of it: see core/load.h. NULL before loads_use. */
const struct load *loads_now(const struct loads *loads);

/* A step of policies begins: load_lap. */
void loads_lap(struct loads *loads);

/* What health is to think of the backend's agent. */
enum health_agent loads_agent(const struct loads *loads, const struct config_service *service,
			      uint16_t id);

/* How many heartbeats there were since the start, by what became of them. */
struct loads_counts {
	uint64_t taken[LOAD_ENDS]; /* by enum load_taken */
	uint64_t forged, outside;  /* io/heartbeats.h */
};

struct loads_counts loads_counts(const struct loads *loads);

/* The counts, by their names; and one backend's host, null where it has no agent. */
json_t *loads_counts_json(const struct loads *loads);
json_t *loads_host_json(const struct loads *loads, const struct config_backend *backend);

/* What one service of a backend's has to bear; null where nothing was heard. */
json_t *loads_service_json(const struct loads *loads, const struct config_service *service,
			   const struct config_backend *backend);
