/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is not used again at once: the id of a backend that is removed, and an epoch of cookie keys that new
 * connections do not get any more. Clients' packets and pins carry both, without asking anybody whether
 * they still mean what they meant. So each rests for a time (`rest`) before something else has it.
 *
 *   - An id goes on to another backend when it has rested. The same backend, which is one with the same name
 *     or the same locator, has it back at any time.
 *   - A node reads two epochs, N and N - 1, told by one bit (wire/cookie.h). A change to N takes away every
 *     other one, and gives its bit a new meaning: those must have rested. N - 1 becomes N once the one
 *     before it has rested, and nothing else goes without losing what new connections carry. Where it is
 *     known how many carry N - 1 (agents count them), that is the answer, and not the time.
 *   - What is in use rests from the moment when it was seen in use for the last time: now, for who has been
 *     there; for a daemon that was down, when it went.
 *
 * Who keeps such a list: with a file as the configuration each daemon (daemon/ledger.h), with a store the
 * command line, in the store (`resting-ids`, `resting-epochs`).
 *
 * Times are seconds since 1970, since what rests outlives processes and machines.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/config.h"
#include "wire/cookie.h"

struct config_source;
struct tree;

struct rests_id {
	uint16_t id;
	char was[CONFIG_NAME_MAX + 1]; /* whose */
	union address locator;
	uint64_t since_s; /* 0: in use */
};

struct rests_epoch {
	uint32_t epoch;
	uint64_t since_s; /* 0: new connections get it */
};

/* Whether living connections carry an epoch's bit, by those who count them. */
enum rests_carried {
	RESTS_UNKNOWN,
	RESTS_NOBODY,
	RESTS_SOMEBODY,
};

/* By number. Zero: nothing is known, and everything is free. */
struct rests {
	struct rests_id *ids;
	size_t n_ids;
	struct rests_epoch *epochs;
	size_t n_epochs;
	enum rests_carried carried[COOKIE_EPOCHS]; /* by bit; what new connections get, is carried */
	uint64_t seen_s; /* when that which is in use was seen to be */
};

/* What the configuration itself knows: what it uses, now, and what it says that rests. 0 or -ENOMEM. */
int rests_of_config(const struct config *config, uint64_t now_s, struct rests *ret);

/*
 * Whether the configuration may be used by who knows `rests`. `source` has it, as it was read; each id and
 * epoch that still rests becomes an error there, which says until when, and that `force` ("rest: 0") is how
 * to have it all the same. 0 or -EINVAL.
 */
int rests_judge(const struct rests *rests, const struct config_source *source, const char *force,
		uint64_t now_s);

/*
 * It is used: what it does not have any more begins to rest, and what has rested is forgotten. 0; or
 * -ENOMEM, and nothing has changed.
 */
int rests_take(struct rests *rests, const struct config *config, uint64_t now_s);

/* The lowest id that nobody has and that does not rest; 0: there is none. */
uint16_t rests_free_id(const struct rests *rests);

/* Makes what rests the `resting-ids` and `resting-epochs` of the tree. 0 or -ENOMEM. */
int rests_put(const struct rests *rests, struct tree *root);

/* Sorts a list that was made by hand. */
void rests_sort(struct rests *rests);

/* Leaves an empty list. For _cleanup_. */
void rests_clear(struct rests *rests);

#define _cleanup_rests_ _cleanup_(rests_clear)
