/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How many TCP connections each of a host's services has, from a walk over all of the host's (agent's
 * connections.h). The walk counts aside, and what it came to is known when it is over: before the first
 * one, nothing is known. A connection belongs to the service that a packet to its address and port
 * would: the longest VIP, then the interval of ports.
 *
 * And how many of them carry a cookie of which epoch, told by its bit: what they carry is stored with each
 * (wire/connection.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/plan.h"
#include "wire/cookie.h"

struct census;

/* Of the plan, which must live longer. 0, or -ENOMEM. */
int census_new(const struct plan *plan, struct census **ret);
struct census *census_free(struct census *census);

/* A walk begins; what an unfinished one has counted is forgotten. */
void census_begin(struct census *census);

/* A connection of this walk, by the host's end of it; `mark` is what its segments carry, or negative. */
void census_add(struct census *census, const union address *local, uint16_t port, int mark);

/* The walk is over, and complete. */
void census_end(struct census *census);

/* Of the plan's service of this index. False: not known, or it is none of TCP. */
bool census_of(const struct census *census, size_t service, uint32_t *ret);

/* Of the services' connections, those that carry each bit of an epoch. False: not known. */
bool census_marks(const struct census *census, uint32_t ret[static COOKIE_EPOCHS]);

/*
 * How long to wait after a walk that took so long: so that walks never take more than a fiftieth of a
 * CPU, however many connections there are, and come once a second where they cost nothing.
 */
uint64_t census_pause_us(uint64_t took_us);
