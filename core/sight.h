/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a node sees of the fleet, in a few numbers, for who looks at the store (holdfast nodes). It decides nothing:
 * each node judges health for itself and hears load from the agents (docs/decisions/0018, 0022), and nobody
 * forwards by what stands in the store.
 *
 * A store is no place for what changes all the time: each write is a round of its members, and stays in its history
 * until that is compacted. So a node writes when its state has changed, and for its load alone when that has
 * changed by much, and not often.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SIGHT_NAMES_MAX 160

/* Least time between two writes: of a state, and of load alone. */
#define SIGHT_STATE_US 3000000ULL
#define SIGHT_LOAD_US 30000000ULL

struct sight {
	/* State. A gateway's; zero at an agent: */
	uint32_t generation;	       /* a digest of all services' rows; equal on a site's gateways */
	uint32_t members, open;	       /* backends of services, of all sites */
	char closed[SIGHT_NAMES_MAX];  /* the first of those that are not open: "web/b1 dns/b2" */
	uint8_t drain;		       /* enum drain_phase */
	uint32_t services, served;     /* of those, that take new connections */
	/* Load: of the site's backends at a gateway, of the host at an agent. */
	bool heard;		       /* it is known */
	uint64_t connections;
	double opened_per_s;
	uint16_t cpu;		       /* permille; of the backends, the mean */
};

/* One more that is not open. What does not fit is told by an ellipsis. */
void sight_close(struct sight *sight, const char *service, const char *backend);

/* A digest that goes on over one more number; it begins with 0. */
uint32_t sight_digest(uint32_t digest, uint32_t number);

/* `said` was written `age_us` ago; is it time for `now`? *ret_state: it is not its load alone that is new. */
bool sight_due(const struct sight *said, const struct sight *now, uint64_t age_us, bool *ret_state);
