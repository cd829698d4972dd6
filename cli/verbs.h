/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What `holdfast` can be asked: a table of verbs, from which its help is made. */
#pragma once

#include <stdbool.h>

#include "cli/client.h"
#include "cli/options.h"

#define VERB_ARGUMENTS_MAX 4

struct verb {
	const char *name;
	const char *usage; /* its arguments, as help prints them; optional ones in brackets */
	const char *help;  /* a line, at most 56 characters */
	int least, most;   /* arguments */
	const char *resource;
	const char *names[VERB_ARGUMENTS_MAX + 1]; /* of the arguments, in the request */
	void (*print)(const json_t *answer);	   /* for people; --json prints the answer */
	/* Instead of a request. 0, or a negative errno after its errors were printed. */
	int (*run)(const struct options *options);
};

extern const struct verb verbs[];
extern const int n_verbs;
