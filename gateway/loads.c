/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gateway/loads.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "daemon/events.h"
#include "io/heartbeats.h"
#include "wire/maps.h"
#include "wire/srv6.h"

#define ACCURACY_US 5000
#define REPLAYED_US (5 * 1000000ULL) /* an old heartbeat is worth telling of for so long */
#define REPLAY_SAID_US (60 * 1000000ULL)

/* What was said about a host, so that it is said once. */
struct said {
	enum load_state state;
	uint64_t replayed_us, replay_said_us; /* the last time; 0: never */
};

struct loads {
	sd_event_source *tick;
	struct heartbeats *heartbeats;
	loads_changed_fn changed;
	void *userdata;
	loads_shares_fn shares;
	void *shares_userdata;
	const struct config *config;
	struct load *load;
	struct said said[BACKENDS_MAX]; /* by id */
	uint64_t taken[LOAD_ENDS];
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * UINT64_C(1000000) + now.tv_nsec / 1000;
}

static const char *name_of(const struct loads *loads, uint16_t id)
{
	for (size_t i = 0; i < loads->config->n_backends; i++)
		if (loads->config->backends[i].id == id)
			return loads->config->backends[i].name;
	return "?";
}

/* Hearing */

/* Once a minute: they come ten times a second, and a true one in between if another host sends them. */
static void say_replayed(struct loads *loads, uint16_t id, uint64_t now)
{
	struct said *said = &loads->said[id];

	if (!said->replay_said_us || now - said->replay_said_us > REPLAY_SAID_US) {
		log_warning("backend %s: a heartbeat is older than one that was heard. That host's clock "
			    "went back before its agent started, or another host has its id, or it was "
			    "recorded",
			    name_of(loads, id));
		said->replay_said_us = now;
	}
	said->replayed_us = now;
}

/* Of one that is not heard any more: it is refused since then, which may be why. */
static bool is_replayed(const struct loads *loads, uint16_t id, const struct load_host *host)
{
	uint64_t last = loads->said[id].replayed_us, now = now_us();

	if (!last || now - last > REPLAYED_US)
		return false;
	return host->state == LOAD_ALIVE || now - last < host->age_us;
}

static bool are_shares(const struct heartbeat *message, size_t size)
{
	return message->version == HEARTBEAT_VERSION && be16toh(message->flags) & HEARTBEAT_SHARES &&
	       message->count <= HEARTBEAT_ENTRIES_MAX && size == HEARTBEAT_BYTES(message->count);
}

static void on_heard(const struct heartbeat *message, size_t size, void *userdata)
{
	struct loads *loads = userdata;
	enum load_taken taken;
	uint16_t id;
	uint64_t now = now_us();

	if (are_shares(message, size)) {
		if (loads->shares)
			loads->shares(message, loads->shares_userdata);
		return;
	}
	taken = load_take(loads->load, message, size, now, &id);

	loads->taken[taken]++;
	if (taken == LOAD_REPLAYED)
		say_replayed(loads, id, now);
}

/* Judging */

static void say_state(const struct loads *loads, const struct config_backend *backend,
		      const struct load_host *host, enum load_state before)
{
	const struct event_about *about =
		ABOUT(.backend = backend->name, .site = backend->site->name);

	if (host->state == LOAD_SILENT)
		event_say(EVENT_AGENT_SILENT, about, "backend %s: its agent is silent, since %.1f s",
			  backend->name, host->age_us / 1e6);
	else if (host->state == LOAD_LEFT)
		event_say(EVENT_AGENT_STOPPED, about, "backend %s: its agent stops", backend->name);
	else if (before == LOAD_SILENT || before == LOAD_LEFT)
		event_say(EVENT_AGENT_HEARD, about, "backend %s: its agent is heard again",
			  backend->name);
}

/* To be late is no news. */
static enum load_state news_of(enum load_state state)
{
	return state == LOAD_LATE ? LOAD_ALIVE : state;
}

static void judge(struct loads *loads, const struct config_backend *backend, uint64_t now)
{
	struct load_host host = load_of_host(loads->load, backend->id, now);
	enum load_state before = loads->said[backend->id].state, state = news_of(host.state);

	if (state == before)
		return;
	loads->said[backend->id].state = state;
	say_state(loads, backend, &host, before);
	loads->changed(backend->id, loads->userdata);
}

static int on_tick(sd_event_source *source, uint64_t due_us, void *userdata)
{
	struct loads *loads = userdata;
	uint64_t now;
	int r;

	heartbeats_take(loads->heartbeats);
	now = now_us();
	load_look(loads->load, now);
	for (size_t i = 0; i < loads->config->n_backends; i++)
		if (loads->config->backends[i].agent)
			judge(loads, &loads->config->backends[i], now);
	r = sd_event_source_set_time_relative(source, LOAD_LOOK_US);
	return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

void loads_hear_shares(struct loads *loads, loads_shares_fn heard, void *userdata)
{
	loads->shares = heard;
	loads->shares_userdata = userdata;
}

int loads_tell(struct loads *loads, const union address *to, const struct heartbeat *message)
{
	return heartbeats_send(loads->heartbeats, to, message);
}

void loads_lap(struct loads *loads)
{
	if (loads->load)
		load_lap(loads->load);
}

int loads_use(struct loads *loads, const struct config *config, const struct config_gateway *self,
	      const struct plan_keys *keys)
{
	struct prefix infrastructure = network_prefix(&config->infrastructure);
	union address here = sid_make(&self->locator, SRV6_HOST);
	struct load *load;
	int r = load_new(config, loads->load, &load);

	if (r < 0)
		return r;
	load_free(loads->load);
	loads->load = load;
	loads->config = config;
	r = heartbeats_bind(loads->heartbeats, &infrastructure, &here, &keys->heartbeat);
	if (r < 0)
		return r;
	r = sd_event_source_set_time_relative(loads->tick, LOAD_LOOK_US);
	return r < 0 ? r : sd_event_source_set_enabled(loads->tick, SD_EVENT_ONESHOT);
}

int loads_new(sd_event *event, loads_changed_fn changed, void *userdata, struct loads **ret)
{
	struct loads *loads = calloc(1, sizeof(*loads));
	int r;

	if (!loads)
		return -ENOMEM;
	loads->changed = changed;
	loads->userdata = userdata;
	r = heartbeats_new(event, on_heard, loads, &loads->heartbeats);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &loads->tick, CLOCK_MONOTONIC, LOAD_LOOK_US,
					       ACCURACY_US, on_tick, loads);
	if (r >= 0)
		r = sd_event_source_set_enabled(loads->tick, SD_EVENT_OFF);
	if (r < 0) {
		loads_free(loads);
		return r;
	}
	*ret = loads;
	return 0;
}

struct loads *loads_free(struct loads *loads)
{
	if (!loads)
		return NULL;
	sd_event_source_disable_unref(loads->tick);
	heartbeats_free(loads->heartbeats);
	load_free(loads->load);
	free(loads);
	return NULL;
}

/* Telling */

const struct load *loads_now(const struct loads *loads)
{
	return loads->load;
}

enum health_agent loads_agent(const struct loads *loads, const struct config_service *service,
			      uint16_t id)
{
	switch (loads->said[id].state) {
	case LOAD_SILENT:
		return HEALTH_AGENT_SILENT;
	case LOAD_ALIVE:
		return load_listener_gone(loads->load, service, id) ? HEALTH_AGENT_ALONE
								     : HEALTH_AGENT_HEARD;
	default:
		return HEALTH_AGENT_UNKNOWN;
	}
}

struct loads_counts loads_counts(const struct loads *loads)
{
	struct loads_counts counts = {
		.forged = heartbeats_forged(loads->heartbeats),
		.outside = heartbeats_outside(loads->heartbeats),
	};

	memcpy(counts.taken, loads->taken, sizeof(counts.taken));
	return counts;
}

void loads_carried(const struct loads *loads, enum rests_carried ret[static COOKIE_EPOCHS])
{
	memset(ret, RESTS_UNKNOWN, COOKIE_EPOCHS * sizeof(*ret));
	if (loads->load)
		load_carried(loads->load, now_us(), ret);
}

json_t *loads_counts_json(const struct loads *loads)
{
	struct loads_counts counts = loads_counts(loads);
	json_t *json = json_pack("{s:I s:I}", "forged", (json_int_t)counts.forged, "outside",
				 (json_int_t)counts.outside);

	for (int i = 0; json && i < LOAD_ENDS; i++)
		json_object_set_new(json, load_taken_name(i), json_integer(counts.taken[i]));
	return json;
}

json_t *loads_host_json(const struct loads *loads, const struct config_backend *backend)
{
	struct load_host host;

	if (!backend->agent || !loads->load)
		return json_null();
	host = load_of_host(loads->load, backend->id, now_us());
	if (host.state == LOAD_NEVER)
		return json_pack("{s:s}", "state", load_state_name(host.state));
	return json_pack("{s:s s:f s:f s:b}", "state", load_state_name(host.state), "age_s",
			 host.age_us / 1e6, "cpu", host.cpu / (double)HEARTBEAT_PERMILLE,
			 "replayed", is_replayed(loads, backend->id, &host));
}

json_t *loads_service_json(const struct loads *loads, const struct config_service *service,
			   const struct config_backend *backend)
{
	struct load_figures figures;
	json_t *json;

	if (!loads->load || !load_of_backend(loads->load, service, backend->id, now_us(), &figures))
		return json_null();
	json = json_object();
	if (figures.known & HEARTBEAT_CONNECTIONS)
		json_object_set_new(json, "connections", json_integer(figures.connections));
	if (figures.known & HEARTBEAT_OPENED)
		json_object_set_new(json, "opened_per_s", json_real(figures.opened_per_s));
	if (figures.known & HEARTBEAT_REQUESTS)
		json_object_set_new(json, "requests_per_s", json_real(figures.requests_per_s));
	if (figures.known & HEARTBEAT_QUEUE)
		json_object_set_new(json, "queue",
				    json_real(figures.queue / (double)HEARTBEAT_PERMILLE));
	return json;
}
