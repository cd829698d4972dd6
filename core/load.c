/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/load.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "core/maglev.h"
#include "core/rate.h"
#include "wire/maps.h"

/* One service on one host. */
struct place {
	uint64_t service;
	uint64_t heard_us; /* 0: never */
	uint64_t boot;
	struct rate opened, requests;
	uint64_t lap_opened, lap_us; /* since load_lap */
	double lap_per_s;	     /* opened, in the last lap in which it was heard */
	uint32_t connections;
	uint16_t queue;
	uint16_t flags;
};

struct host {
	uint64_t boot, sequence; /* of the newest heartbeat */
	uint64_t heard_us;	 /* 0: never */
	uint32_t interval_ms;
	uint16_t id;
	uint16_t cpu;
	uint16_t flags; /* enum heartbeat_flag */
	struct place *places;
	size_t n_places;
};

struct load {
	struct host *hosts;
	size_t n_hosts;
	struct place *places; /* of all hosts */
	uint64_t looked_us;   /* 0: never */
	uint64_t excused_us;  /* until then nobody falls silent */
	uint64_t late_us;     /* by how much looks were late, in all */
	uint16_t numbers[BACKENDS_MAX]; /* by id: the host's, from 1. 0: none */
};

/* Places */

static struct host *host_of(const struct load *load, uint16_t id)
{
	uint16_t number = id < BACKENDS_MAX ? load->numbers[id] : 0;

	return number ? &load->hosts[number - 1] : NULL;
}

/* Agents name their services in the order of the configuration, as we do: `hint` is nearly always it. */
static struct place *place_of(const struct host *host, uint64_t service, size_t hint)
{
	if (hint < host->n_places && host->places[hint].service == service)
		return &host->places[hint];
	for (size_t i = 0; i < host->n_places; i++)
		if (host->places[i].service == service)
			return &host->places[i];
	return NULL;
}

static size_t count_members(const struct config *config)
{
	size_t n = 0;

	for (size_t i = 0; i < config->n_services; i++)
		n += config->services[i].n_members;
	return n;
}

static void count_places(struct load *load, const struct config *config)
{
	for (size_t i = 0; i < config->n_services; i++)
		for (size_t j = 0; j < config->services[i].n_members; j++) {
			struct host *host = host_of(load, config->services[i].members[j].backend->id);

			if (host)
				host->n_places++;
		}
}

static void fill_places(struct load *load, const struct config *config)
{
	struct place *next = load->places;

	for (size_t i = 0; i < load->n_hosts; i++) {
		load->hosts[i].places = next;
		next += load->hosts[i].n_places;
		load->hosts[i].n_places = 0;
	}
	for (size_t i = 0; i < config->n_services; i++) {
		uint64_t service = load_service(config->services[i].name);

		for (size_t j = 0; j < config->services[i].n_members; j++) {
			struct host *host = host_of(load, config->services[i].members[j].backend->id);

			if (host)
				host->places[host->n_places++].service = service;
		}
	}
}

static void host_take_over(struct host *host, const struct host *before)
{
	struct place *places = host->places;
	size_t n_places = host->n_places;

	*host = *before;
	host->places = places;
	host->n_places = n_places;
	for (size_t i = 0; i < n_places; i++) {
		const struct place *place = place_of(before, places[i].service, i);

		if (place)
			places[i] = *place;
	}
}

int load_new(const struct config *config, const struct load *before, struct load **ret)
{
	_cleanup_(load_freep) struct load *load = calloc(1, sizeof(*load));

	if (!load)
		return -ENOMEM;
	load->hosts = calloc(config->n_backends + 1, sizeof(*load->hosts));
	load->places = calloc(count_members(config) + 1, sizeof(*load->places));
	if (!load->hosts || !load->places)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_backends; i++) {
		uint16_t id = config->backends[i].id;

		if (!config->backends[i].agent)
			continue;
		load->hosts[load->n_hosts].id = id;
		load->numbers[id] = ++load->n_hosts;
	}
	count_places(load, config);
	fill_places(load, config);
	load->looked_us = before ? before->looked_us : 0;
	load->excused_us = before ? before->excused_us : 0;
	load->late_us = before ? before->late_us : 0;
	for (size_t i = 0; before && i < load->n_hosts; i++) {
		const struct host *host = host_of(before, load->hosts[i].id);

		if (host)
			host_take_over(&load->hosts[i], host);
	}
	*ret = take(load);
	return 0;
}

struct load *load_free(struct load *load)
{
	if (!load)
		return NULL;
	free(load->hosts);
	free(load->places);
	free(load);
	return NULL;
}

uint64_t load_service(const char *name)
{
	return maglev_seed_name(0, name);
}

/* Taking in */

static void place_take(struct place *place, const struct heartbeat_entry *entry, uint64_t boot,
		       uint64_t now_us)
{
	uint64_t opened = be64toh(entry->opened), requests = be64toh(entry->requests);
	uint64_t took_us = now_us - place->heard_us;

	if (place->heard_us) {
		place->lap_opened += rate_take(&place->opened, opened, place->boot != boot, took_us);
		place->lap_us += took_us;
		rate_take(&place->requests, requests, false, took_us);
	} else {
		place->opened = rate_begin(opened);
		place->requests = rate_begin(requests);
	}
	place->heard_us = now_us;
	place->boot = boot;
	place->connections = be32toh(entry->connections);
	place->queue = be16toh(entry->queue);
	place->flags = be16toh(entry->flags);
}

static enum load_taken inspect(const struct heartbeat *message, size_t size)
{
	if (size < HEARTBEAT_BYTES(0) || message->magic != HEARTBEAT_MAGIC)
		return LOAD_MALFORMED;
	if (message->version != HEARTBEAT_VERSION)
		return LOAD_VERSION;
	if (message->count > HEARTBEAT_ENTRIES_MAX || size != HEARTBEAT_BYTES(message->count))
		return LOAD_MALFORMED;
	return LOAD_TAKEN;
}

enum load_taken load_take(struct load *load, const struct heartbeat *message, size_t size,
			  uint64_t now_us, uint16_t *ret_id)
{
	enum load_taken end = inspect(message, size);
	uint64_t boot, sequence;
	struct host *host;

	*ret_id = 0;
	if (end != LOAD_TAKEN)
		return end;
	host = host_of(load, be16toh(message->backend));
	if (!host)
		return LOAD_STRANGER;
	*ret_id = host->id;
	boot = be64toh(message->boot);
	sequence = be64toh(message->sequence);
	if (boot < host->boot || (boot == host->boot && sequence <= host->sequence))
		return LOAD_REPLAYED;
	host->boot = boot;
	host->sequence = sequence;
	host->heard_us = now_us;
	host->interval_ms = be32toh(message->interval_ms);
	host->cpu = be16toh(message->cpu);
	host->flags = be16toh(message->flags);
	for (size_t i = 0; i < message->count; i++) {
		struct place *place = place_of(host, be64toh(message->entries[i].service), i);

		if (place) /* else our configurations differ for the moment */
			place_take(place, &message->entries[i], boot, now_us);
	}
	return LOAD_TAKEN;
}

void load_look(struct load *load, uint64_t now_us)
{
	uint64_t took_us = load->looked_us ? now_us - load->looked_us : 0;

	if (took_us > LOAD_STALLED_US)
		load->excused_us = now_us + LOAD_EXCUSED_US;
	if (took_us > LOAD_LOOK_US + LOAD_LATE_LOOK_US)
		load->late_us += took_us - LOAD_LOOK_US;
	load->looked_us = now_us;
}

uint64_t load_late_us(const struct load *load)
{
	return load->late_us;
}

void load_lap(struct load *load)
{
	for (size_t i = 0; i < load->n_hosts; i++)
		for (size_t j = 0; j < load->hosts[i].n_places; j++) {
			struct place *place = &load->hosts[i].places[j];

			if (place->lap_us)
				place->lap_per_s = place->lap_opened * 1e6 / place->lap_us;
			place->lap_opened = place->lap_us = 0;
		}
}

/* Telling */

static uint64_t silence_us(const struct host *host)
{
	uint64_t silence = host->interval_ms * 1000ULL * LOAD_SILENT_INTERVALS;

	return silence > LOAD_SILENT_MIN_US ? silence : LOAD_SILENT_MIN_US;
}

static enum load_state state_of(const struct load *load, const struct host *host, uint64_t now_us)
{
	uint64_t age = now_us - host->heard_us;

	if (!host->heard_us)
		return LOAD_NEVER;
	if (host->flags & HEARTBEAT_LEAVES)
		return LOAD_LEFT;
	if (age > silence_us(host) && now_us >= load->excused_us)
		return LOAD_SILENT;
	return age > host->interval_ms * 1000ULL * LOAD_LATE_INTERVALS ? LOAD_LATE : LOAD_ALIVE;
}

struct load_host load_of_host(const struct load *load, uint16_t id, uint64_t now_us)
{
	const struct host *host = host_of(load, id);

	if (!host || !host->heard_us)
		return (struct load_host){.state = LOAD_NEVER};
	return (struct load_host){
		.state = state_of(load, host, now_us),
		.age_us = now_us - host->heard_us,
		.silence_us = silence_us(host),
		.cpu = host->cpu,
	};
}

/* One that is silent, or of another version, may have connections with anything. */
void load_carried(const struct load *load, uint64_t now_us, enum rests_carried ret[static COOKIE_EPOCHS])
{
	static const uint16_t flags[COOKIE_EPOCHS] = {HEARTBEAT_MARK_0, HEARTBEAT_MARK_1};

	for (size_t bit = 0; bit < COOKIE_EPOCHS; bit++) {
		ret[bit] = RESTS_NOBODY;
		for (size_t i = 0; i < load->n_hosts && ret[bit] != RESTS_SOMEBODY; i++) {
			const struct host *host = &load->hosts[i];
			enum load_state state = state_of(load, host, now_us);
			bool known = host->flags & HEARTBEAT_MARKS;

			if (known && host->flags & flags[bit])
				ret[bit] = RESTS_SOMEBODY;
			else if (!known || (state != LOAD_ALIVE && state != LOAD_LATE))
				ret[bit] = RESTS_UNKNOWN;
		}
	}
}

bool load_of_backend(const struct load *load, const struct config_service *service, uint16_t id,
		     uint64_t now_us, struct load_figures *ret)
{
	const struct host *host = host_of(load, id);
	const struct place *place = host ? place_of(host, load_service(service->name), 0) : NULL;

	if (!place || !place->heard_us)
		return false;
	*ret = (struct load_figures){
		.connections = place->connections,
		.opened_per_s = rate_of(&place->opened),
		.lap_per_s = place->lap_per_s,
		.requests_per_s = rate_of(&place->requests),
		.queue = place->queue,
		.cpu = host->cpu,
		.known = place->flags,
		.heard = 1,
		.silent = state_of(load, host, now_us) == LOAD_SILENT,
		.members = 1,
	};
	return true;
}

bool load_listener_gone(const struct load *load, const struct config_service *service, uint16_t id)
{
	const struct host *host = host_of(load, id);
	const struct place *place = host ? place_of(host, load_service(service->name), 0) : NULL;

	return place && place->flags & HEARTBEAT_LISTENER_GONE;
}

static void add(struct load_figures *sum, const struct load_figures *one)
{
	sum->connections += one->connections;
	sum->opened_per_s += one->opened_per_s;
	sum->requests_per_s += one->requests_per_s;
	sum->queue = one->queue > sum->queue ? one->queue : sum->queue;
	sum->known &= one->known;
	sum->heard += one->heard;
	sum->silent += one->silent;
}

bool load_of_site(const struct load *load, const struct config_service *service,
		  const struct config_site *site, uint64_t now_us, struct load_figures *ret)
{
	struct load_figures sum = {.known = UINT16_MAX};
	uint64_t cpu = 0;

	for (size_t i = 0; i < service->n_members; i++) {
		const struct config_backend *backend = service->members[i].backend;
		struct load_figures one;

		if (backend->site != site || !backend->agent)
			continue;
		sum.members++;
		if (!load_of_backend(load, service, backend->id, now_us, &one))
			continue;
		add(&sum, &one);
		cpu += one.cpu;
	}
	if (!sum.heard)
		return false;
	sum.cpu = cpu / sum.heard;
	*ret = sum;
	return true;
}

const char *load_taken_name(enum load_taken taken)
{
	static const char *const names[LOAD_ENDS] = {
		[LOAD_TAKEN] = "taken",	      [LOAD_MALFORMED] = "malformed",
		[LOAD_VERSION] = "version",   [LOAD_STRANGER] = "stranger",
		[LOAD_REPLAYED] = "replayed",
	};

	return names[taken];
}

const char *load_state_name(enum load_state state)
{
	static const char *const names[] = {
		[LOAD_NEVER] = "never", [LOAD_ALIVE] = "alive",	  [LOAD_LATE] = "late",
		[LOAD_SILENT] = "silent", [LOAD_LEFT] = "left",
	};

	return names[state];
}
