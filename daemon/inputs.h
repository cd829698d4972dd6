/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a daemon is told: the configuration and the keys from the fleet's secret, read together. */
#pragma once

#include <jansson.h>

#include "base/cleanup.h"
#include "core/config.h"
#include "core/plan.h"

struct inputs {
	struct config *config;
	struct plan_keys keys;
};

struct errors;
struct rests;
struct store;

/*
 * Every fault of the file and of the secret it names becomes a row of `errors`. `beside` is the file
 * whose folder the secret's name is relative to; NULL: the configuration itself. A file that names a
 * store is read from there, once. What rests, by what is `known` of the time before (NULL: nothing), is a
 * fault, too. 0, or a negative errno, -ENOMEM without a row.
 */
int inputs_collect(const char *config_path, const char *beside, const struct rests *known,
		   struct errors *errors, struct inputs **ret);

/*
 * From the file in which a daemon keeps the last state of its store (daemon/last_state.h): what it uses
 * now, whatever the store has. `local` is the daemon's own configuration, beside which the secret is.
 */
int inputs_collect_state(const char *state, const char *local, struct errors *errors,
			 struct inputs **ret);

/*
 * The same for a daemon, which follows the store (daemon/store.h; NULL: reads it once), with the faults
 * printed to stderr, a line each. A daemon that begins with a store whose state is wrong gets the last
 * state that was right.
 */
int inputs_read(const char *config_path, struct store *store, const struct rests *known,
		struct inputs **ret);

/* Warns where the epoch of `before` (NULL: unknown) is not live any more. */
void inputs_compare_epochs(const struct inputs *before, const struct inputs *after);

/* The numbers of the live epochs, the current one first, as status tells them. */
json_t *inputs_cookie_epochs(const struct inputs *inputs);

struct inputs *inputs_free(struct inputs *inputs);
DEFINE_TRIVIAL_CLEANUP(struct inputs *, inputs_free);

#define _cleanup_inputs_ _cleanup_(inputs_freep)
