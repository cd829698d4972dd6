/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the daemon of this machine knows to rest (daemon/ledger.h). */
#pragma once

#include <jansson.h>

#include "core/rests.h"

struct command;

/*
 * By its status, so that one of an earlier version, or none (NULL), knows nothing. 0; -errno after a one-line
 * error.
 */
int rests_ask(const struct command *command, const json_t *status, struct rests *ret);

/*
 * What connections carry, if the daemon is a gateway, which hears all agents; else it is not known, and no
 * error.
 */
void rests_ask_carried(const struct command *command, enum rests_carried ret[static COOKIE_EPOCHS]);

/* As rests_ask, if a daemon is here and `file` is its configuration; else nothing is known. 0 or -errno. */
int rests_ask_of(const struct command *command, const char *file, struct rests *ret);
