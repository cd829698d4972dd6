/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How loaded are the backends? What their agents' heartbeats (wire/heartbeat.h) have said of late, one
 * place for each host and for each service on it, all of them made when the configuration is read: so a
 * heartbeat costs a look at two places and no memory, however many backends there are.
 *
 *   - A heartbeat counts if it is newer than the newest of its host: a later boot, or a later number of
 *     the same one. What was recorded is of no use.
 *   - A host is late when its next heartbeat should have been there twice over, and silent after
 *     LOAD_SILENT_INTERVALS, by the interval that it named itself; never before it was heard for the first
 *     time, so hosts whose agents are of another version are never silent. Nor is one that said that it
 *     stops.
 *   - Who was stalled himself has heard nobody, whoever spoke: where two looks are further apart than
 *     LOAD_STALLED_US, nobody falls silent for another while.
 *   - Rates come from counters (core/rate.h), so that heartbeats may be lost, or come in a bunch.
 *   - Figures stay what they were last when a host falls silent: its connections are still there. How old
 *     they are stands beside them.
 *
 * Times are of a clock that only runs forward.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "core/config.h"
#include "core/rests.h"
#include "wire/heartbeat.h"

#define LOAD_LATE_INTERVALS 2
#define LOAD_SILENT_INTERVALS 3
#define LOAD_LOOK_US 50000 /* from one load_look to the next */
#define LOAD_LATE_LOOK_US 10000 /* a timer's accuracy, and a turn of somebody else */
#define LOAD_STALLED_US (3 * LOAD_LOOK_US)
#define LOAD_EXCUSED_US (300 * 1000ULL)
#define LOAD_SILENT_MIN_US (250 * 1000ULL) /* a turn of a busy host is no silence */

struct load;

/*
 * Places for the members of this configuration, which must live as long; what `before` (or NULL) has of
 * them is taken over. 0 or -ENOMEM.
 */
int load_new(const struct config *config, const struct load *before, struct load **ret);
struct load *load_free(struct load *load);

DEFINE_TRIVIAL_CLEANUP(struct load *, load_free);

enum load_taken {
	LOAD_TAKEN,
	LOAD_MALFORMED, /* no heartbeat, or not as long as it says */
	LOAD_VERSION,	/* of another version */
	LOAD_STRANGER,	/* no backend of this id has an agent */
	LOAD_REPLAYED,	/* not newer than the newest */
	LOAD_ENDS,
};

const char *load_taken_name(enum load_taken taken);

/* Takes in what has come, authentic, `size` bytes of it. *ret_id: whose, where that is known, else 0. */
enum load_taken load_take(struct load *load, const struct heartbeat *message, size_t size,
			  uint64_t now_us, uint16_t *ret_id);

/*
 * All that has come until now is taken in. To be said every LOAD_LOOK_US; what got lost while it was not said
 * is nobody's silence.
 */
void load_look(struct load *load, uint64_t now_us);

/*
 * By how much looks came late in all, each by more than LOAD_LATE_LOOK_US: time that the daemon was to have and did
 * not get, and so by which its judgements were later than their rules promise.
 */
uint64_t load_late_us(const struct load *load);

/*
 * A lap ends and the next begins. What fades tells people how it is; who counts for himself (core/demand.h) needs
 * every connection once, with the time that it came in.
 */
void load_lap(struct load *load);

/* What a heartbeat calls the service. */
uint64_t load_service(const char *name);

enum load_state {
	LOAD_NEVER, /* not heard yet */
	LOAD_ALIVE,
	LOAD_LATE,
	LOAD_SILENT,
	LOAD_LEFT, /* it said that it stops */
};

const char *load_state_name(enum load_state state);

/* A host, by its backend's id. */
struct load_host {
	enum load_state state;
	uint64_t age_us;     /* of its last heartbeat; 0: never */
	uint64_t silence_us; /* after which it is silent */
	uint16_t cpu;	     /* permille of all that it has */
};

struct load_host load_of_host(const struct load *load, uint16_t id, uint64_t now_us);

/*
 * Whether connections carry an epoch's bit (wire/cookie.h), by what all agents say: nobody does if all are
 * heard, and say so.
 */
void load_carried(const struct load *load, uint64_t now_us, enum rests_carried ret[static COOKIE_EPOCHS]);

/* Of one backend of a service, or summed over a site. What is not known is zero, and so said. */
struct load_figures {
	uint32_t connections;
	double opened_per_s;   /* new connections */
	double lap_per_s;      /* the same, in the last lap alone */
	double requests_per_s; /* as the application counts them */
	uint16_t queue;	       /* how full the accept queue is, permille; of a site, the fullest */
	uint16_t cpu;	       /* of the host, permille; of a site, the mean */
	uint16_t known;	       /* enum heartbeat_entry_flag; of a site, what all that were heard tell */
	uint32_t heard;	       /* backends that the figures are of */
	uint32_t silent;       /* of those, now silent: figures of old */
	uint32_t members;      /* backends of the service that have an agent */
};

/* False: nothing was heard of this service on that backend yet. */
bool load_of_backend(const struct load *load, const struct config_service *service, uint16_t id,
		     uint64_t now_us, struct load_figures *ret);

/* Somebody listened for the service there since its agent started, and nobody does. */
bool load_listener_gone(const struct load *load, const struct config_service *service, uint16_t id);

/* The service's backends at the site. False: none of them was heard yet. */
bool load_of_site(const struct load *load, const struct config_service *service,
		  const struct config_site *site, uint64_t now_us, struct load_figures *ret);
