/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "agent/pulse.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/number.h"
#include "core/load.h"
#include "core/processor.h"
#include "core/queues.h"
#include "io/heartbeats.h"
#include "io/listeners.h"
#include "io/netlink.h"
#include "wire/srv6.h"

#define ACCURACY_US 5000
#define ELSEWHERE 10 /* intervals: gateways of other sites are told so often */
#define BIND_US 1000000
#define STAT_MAX 256 /* of its first line */
#define NUMBER_MAX 32

struct target {
	union address sid;
	bool elsewhere;
};

/* Connections of a service since we started, whatever the program's counter has seen before. */
struct births {
	uint64_t service; /* load_service */
	uint64_t last;	  /* the program's counter */
	uint64_t opened;
	bool known;
};

struct pulse {
	sd_event_source *due;
	struct heartbeats *heartbeats;
	struct pulse_world world; /* .config NULL: nothing is told */
	struct prefix infrastructure;
	struct target *targets;
	size_t n_targets;
	uint64_t boot, sequence;
	uint64_t due_us, bound_us;
	uint64_t sent, refused;
	unsigned int ticks;
	bool mute; /* there is no address to tell from, and it was said */
	int stat;  /* /proc/stat */
	struct processor processor;
	struct netlink *diag;  /* NULL: nobody is seen to listen */
	struct queues *queues; /* of the plan */
	struct births *births; /* of the plan's services */
	size_t n_births;
	struct heartbeat message; /* under construction */
};

static uint64_t clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * UINT64_C(1000000) + now.tv_nsec / 1000;
}

/* What there is to tell */

static void look_at_processor(struct pulse *pulse)
{
	char text[STAT_MAX];
	ssize_t size = pulse->stat >= 0 ? pread(pulse->stat, text, sizeof(text) - 1, 0) : -1;

	if (size <= 0)
		return;
	text[size] = '\0';
	processor_take(&pulse->processor, text, clock_us(CLOCK_MONOTONIC));
}

static void on_listener(const union address *local, uint16_t port, uint32_t waiting, uint32_t room,
			void *userdata)
{
	queues_add(userdata, local, port, waiting, room);
}

/* On an error what was seen last holds. */
static void look_at_listeners(struct pulse *pulse)
{
	queues_begin(pulse->queues);
	if (pulse->diag && listeners_read(pulse->diag, on_listener, pulse->queues) == 0)
		queues_end(pulse->queues);
}

static bool count_births(struct pulse *pulse, size_t service, uint64_t *ret)
{
	struct births *births = &pulse->births[service];
	uint64_t now;

	if (!programs_born(pulse->world.programs, service, &now))
		return false;
	births->opened += births->known ? now - births->last : 0;
	births->last = now;
	births->known = true;
	*ret = births->opened;
	return true;
}

/* Services of before go on with what they had; under their index something else was counted. */
static int follow_births(struct pulse *pulse, const struct plan *plan)
{
	struct births *births = calloc(plan->n_services + 1, sizeof(*births));

	if (!births)
		return -ENOMEM;
	for (size_t i = 0; i < plan->n_services; i++) {
		births[i].service = load_service(plan->services[i].config->name);
		for (size_t j = 0; j < pulse->n_births; j++)
			if (pulse->births[j].service == births[i].service)
				births[i].opened = pulse->births[j].opened;
	}
	free(pulse->births);
	pulse->births = births;
	pulse->n_births = plan->n_services;
	return 0;
}

/* The application may write it anew meanwhile: half a number is none, and the next time comes soon. */
static bool read_requests(const char *file, uint64_t *ret)
{
	_cleanup_close_ int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char text[NUMBER_MAX];
	ssize_t size = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

	if (size <= 0)
		return false;
	text[size] = '\0';
	text[strcspn(text, " \t\r\n")] = '\0';
	return number_parse(text, UINT64_MAX, ret) == 0;
}

static void fill_entry(struct pulse *pulse, size_t i, struct heartbeat_entry *entry)
{
	const struct config_service *service = pulse->world.plan->services[i].config;
	uint16_t flags = 0;
	uint64_t requests = 0, opened = 0;
	uint32_t connections = 0;
	uint16_t queue = 0;

	if (service->requests && read_requests(service->requests, &requests))
		flags |= HEARTBEAT_REQUESTS;
	if (connections_of(pulse->world.connections, i, &connections))
		flags |= HEARTBEAT_CONNECTIONS;
	if (queues_of(pulse->queues, i, &queue))
		flags |= HEARTBEAT_QUEUE;
	if (queues_gone(pulse->queues, i))
		flags |= HEARTBEAT_LISTENER_GONE;
	if (service->protocol == IPPROTO_TCP && count_births(pulse, i, &opened))
		flags |= HEARTBEAT_OPENED;
	*entry = (struct heartbeat_entry){
		.service = htobe64(pulse->births[i].service),
		.opened = htobe64(opened),
		.requests = htobe64(requests),
		.connections = htobe32(connections),
		.queue = htobe16(queue),
		.flags = htobe16(flags),
	};
}

/* Telling */

static void send_one(struct pulse *pulse, const struct target *target)
{
	if (heartbeats_send(pulse->heartbeats, &target->sid, &pulse->message) < 0)
		pulse->refused++;
	else
		pulse->sent++;
}

/* The message under construction, to the gateways here and, if it is their turn, elsewhere. */
static void send_all(struct pulse *pulse, bool here, bool elsewhere)
{
	uint32_t interval_ms = pulse->world.config->heartbeat_ms;
	struct heartbeat *message = &pulse->message;

	message->sequence = htobe64(++pulse->sequence);
	for (size_t i = 0; i < pulse->n_targets; i++) {
		const struct target *target = &pulse->targets[i];

		if (target->elsewhere ? !elsewhere : !here)
			continue;
		message->interval_ms = htobe32(interval_ms * (target->elsewhere ? ELSEWHERE : 1));
		send_one(pulse, target);
	}
}

static uint16_t marks_of(const struct pulse *pulse)
{
	uint32_t epoch = pulse->world.config->cookie_epoch;
	enum rests_carried carried[COOKIE_EPOCHS];

	connections_carried(pulse->world.connections, epoch, carried);
	if (carried[(epoch + 1) % COOKIE_EPOCHS] == RESTS_UNKNOWN)
		return 0;
	return HEARTBEAT_MARKS | (carried[0] == RESTS_SOMEBODY ? HEARTBEAT_MARK_0 : 0) |
	       (carried[1] == RESTS_SOMEBODY ? HEARTBEAT_MARK_1 : 0);
}

static void begin_message(struct pulse *pulse, uint16_t flags)
{
	pulse->message = (struct heartbeat){
		.backend = htobe16(pulse->world.self->id),
		.boot = htobe64(pulse->boot),
		.cpu = htobe16(processor_permille(&pulse->processor)),
		.flags = htobe16(flags | marks_of(pulse)),
	};
}

static void tell(struct pulse *pulse, bool elsewhere)
{
	size_t n = pulse->world.plan->n_services;

	look_at_processor(pulse);
	look_at_listeners(pulse);
	begin_message(pulse, 0);
	for (size_t i = 0; i < n; i++) {
		if (pulse->message.count == HEARTBEAT_ENTRIES_MAX) {
			send_all(pulse, true, elsewhere);
			begin_message(pulse, 0);
		}
		fill_entry(pulse, i, &pulse->message.entries[pulse->message.count++]);
	}
	send_all(pulse, true, elsewhere);
}

/* Once a second, so that an address that changes is followed. */
static int bind_again(struct pulse *pulse, uint64_t now_us)
{
	int r;

	if (pulse->bound_us && now_us - pulse->bound_us < BIND_US)
		return pulse->mute ? -EADDRNOTAVAIL : 0;
	pulse->bound_us = now_us;
	r = heartbeats_bind(pulse->heartbeats, &pulse->infrastructure, NULL,
			    &pulse->world.keys->heartbeat);
	if (r < 0 && !pulse->mute)
		log_warning("gateways do not hear of this host, give it an address in the "
			    "infrastructure's network: %s",
			    strerror(-r));
	pulse->mute = r < 0;
	return r;
}

/* In time with the clock, unless the host had no time for us: what was missed is not made up for. */
static int on_due(sd_event_source *source, uint64_t due_us, void *userdata)
{
	struct pulse *pulse = userdata;
	uint64_t now_us = clock_us(CLOCK_MONOTONIC);
	uint64_t interval_us = pulse->world.config->heartbeat_ms * UINT64_C(1000);
	int r;

	if (bind_again(pulse, now_us) == 0)
		tell(pulse, pulse->ticks++ % ELSEWHERE == 0);
	pulse->due_us += interval_us;
	if (pulse->due_us < now_us)
		pulse->due_us = now_us + interval_us;
	r = sd_event_source_set_time(source, pulse->due_us);
	return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int fill_targets(struct pulse *pulse, const struct config *config,
			const struct config_backend *self)
{
	struct target *targets = calloc(config->n_gateways + 1, sizeof(*targets));

	if (!targets)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_gateways; i++)
		targets[i] = (struct target){
			.sid = sid_make(&config->gateways[i].locator, SRV6_HOST),
			.elsewhere = config->gateways[i].site != self->site,
		};
	free(pulse->targets);
	pulse->targets = targets;
	pulse->n_targets = config->n_gateways;
	return 0;
}

int pulse_use(struct pulse *pulse, const struct pulse_world *world)
{
	int r = fill_targets(pulse, world->config, world->self);

	pulse->queues = queues_free(pulse->queues);
	if (r == 0)
		r = queues_new(world->plan, &pulse->queues);
	if (r == 0)
		r = follow_births(pulse, world->plan);
	if (r < 0) {
		pulse->world = (struct pulse_world){};
		sd_event_source_set_enabled(pulse->due, SD_EVENT_OFF);
		return r;
	}
	pulse->world = *world;
	pulse->infrastructure = network_prefix(&world->config->infrastructure);
	pulse->bound_us = pulse->ticks = 0; /* key and addresses may be others */
	pulse->due_us = clock_us(CLOCK_MONOTONIC);
	r = sd_event_source_set_time(pulse->due, pulse->due_us);
	return r < 0 ? r : sd_event_source_set_enabled(pulse->due, SD_EVENT_ONESHOT);
}

int pulse_new(sd_event *event, struct pulse **ret)
{
	struct pulse *pulse = calloc(1, sizeof(*pulse));
	int r;

	if (!pulse)
		return -ENOMEM;
	pulse->boot = clock_us(CLOCK_REALTIME) * 1000;
	pulse->stat = open("/proc/stat", O_RDONLY | O_CLOEXEC);
	r = netlink_new_diag(&pulse->diag);
	if (r < 0)
		log_warning("the sockets that listen are not seen: %s", strerror(-r));
	r = heartbeats_new(event, NULL, NULL, &pulse->heartbeats);
	if (r >= 0)
		r = sd_event_add_time(event, &pulse->due, CLOCK_MONOTONIC, 0, ACCURACY_US, on_due, pulse);
	if (r >= 0)
		r = sd_event_source_set_enabled(pulse->due, SD_EVENT_OFF);
	if (r < 0) {
		pulse_free(pulse);
		return r;
	}
	*ret = pulse;
	return 0;
}

static void say_goodbye(struct pulse *pulse)
{
	begin_message(pulse, HEARTBEAT_LEAVES);
	send_all(pulse, true, true);
}

struct pulse *pulse_free(struct pulse *pulse)
{
	if (!pulse)
		return NULL;
	if (pulse->world.config)
		say_goodbye(pulse);
	sd_event_source_disable_unref(pulse->due);
	heartbeats_free(pulse->heartbeats);
	netlink_free(pulse->diag);
	queues_free(pulse->queues);
	if (pulse->stat >= 0)
		close(pulse->stat);
	free(pulse->births);
	free(pulse->targets);
	free(pulse);
	return NULL;
}

uint16_t pulse_cpu(const struct pulse *pulse)
{
	return processor_permille(&pulse->processor);
}

void pulse_counts(const struct pulse *pulse, uint64_t *ret_sent, uint64_t *ret_refused)
{
	*ret_sent = pulse->sent;
	*ret_refused = pulse->refused;
}
