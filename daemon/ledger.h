/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a daemon remembers of ids and key epochs (core/rests.h), through restarts and reboots: whose each id
 * is, and since when what nobody has any more rests. With a file as the configuration nobody else knows what
 * it was before; with a store the command line has judged, and this is kept for the day when it is none.
 *
 * Kept in a file beside the store's last state. Its time is when what is in use was seen to be: renewed every
 * minute, so that a daemon that was killed knows when it went, and one that was away for long does not
 * think that what it used then is in use still.
 */
#pragma once

#include <jansson.h>
#include <systemd/sd-event.h>

#include "core/rests.h"

struct ledger;

/* The file is `state` with ".rests" behind it; one that cannot be read is said, and as none. 0 or a negative errno. */
int ledger_new(sd_event *event, const char *state, struct ledger **ret);
struct ledger *ledger_free(struct ledger *ledger);

/* What is known now of what connections carry, for the next look. */
void ledger_see(struct ledger *ledger, const enum rests_carried carried[static COOKIE_EPOCHS]);

/* As of now. Valid until the next call. */
const struct rests *ledger_rests(struct ledger *ledger);

/* This configuration is in use from now on. What cannot be written is said. */
void ledger_take(struct ledger *ledger, const struct config *config);

/*
 * {"seen": S, "carried": [for each bit of an epoch true, false, or null: not known], "ids": [{"id", "was", "locator", "since"}], "epochs": [{"epoch", "since"}]}, with dates, and null
 * for what is in use; "until" stands beside each "since".
 */
json_t *ledger_json(struct ledger *ledger);

/* The same back. 0, -EBADMSG or -ENOMEM. */
int ledger_parse(const json_t *root, struct rests *ret);

/* For status: {"ids": how many rest, "epochs": the same}. */
json_t *ledger_counts_json(const struct ledger *ledger);
