/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A look at the store of a fleet, and one change of it: see cli/store.h. */
#pragma once

#include <stdbool.h>

#include "core/rests.h"
#include "daemon/shared.h"

struct command;

struct session {
	const struct command *command;
	char *path; /* of the local file */
	sd_event *event;
	struct shared shared;
	enum rests_carried carried[COOKIE_EPOCHS]; /* by the daemon here */
};

/* By the local file that --config names, or the daemon, or the default. 0; -errno after its errors. */
int session_open(const struct command *command, struct session *ret);
void session_close(struct session *session);

#define _cleanup_session_ _cleanup_(session_close)

/* All documents, whole or not. 0; -errno after an error. */
int session_read(const struct session *session, struct documents *ret);

/*
 * Changes the tree; may replace it. Called again for every try, with the tree as it is then. 0; -errno after
 * its error was printed.
 */
typedef int (*session_edit_fn)(struct tree **root, const struct command *command);

/*
 * Reads, edits, checks, writes. `whole`: what is there need not be whole, since all of it is replaced. 0,
 * after a line that says what is new; -errno after errors.
 */
int session_change(struct session *session, session_edit_fn edit, bool whole);
