/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A Unix socket on which a running client or server is told what to do: a line comes, a JSON value
 * goes back. Verbs are rows.
 */
#pragma once

#include <jansson.h>

#include "lab/load/loop.h"

struct control_verb {
	const char *usage; /* its name, then its words */
	const char *help;
	/* The answer, or NULL if it makes no sense of the words, which are NULL where there are
	 * none. */
	json_t *(*answer)(void *data, const char *word, const char *number);
};

struct control {
	struct watch watch;
	const struct control_verb *verbs; /* end with one without usage */
	void *data;
};

/* Listens at `path`, in place of what was there. 0 or negative errno. */
int control_open(struct control *control, struct loop *loop, const char *path,
		 const struct control_verb *verbs, void *data);

/* The asking side: prints the answer. An exit status. */
int control_ask(const char *path, int n_words, char **words);
