/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What `holdfast` can be asked: a table of verbs. Help, the manual page and the completion of
 * shells are made from it.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "cli/client.h"

#define VERB_ARGUMENTS_MAX 5
#define VERB_HELP_MAX 58 /* letters, so that a line of help fits a terminal */

struct command;

/*
 * A verb asks the daemon for `resource` and prints what comes; or it runs by itself; or, with
 * neither, it is a first word that others share ("config").
 */
struct verb {
	const char *name;     /* one word or two */
	const char *usage;    /* its arguments, as help prints them; optional ones in brackets */
	const char *help;     /* a line, at most VERB_HELP_MAX letters */
	const char *text;     /* more of it, sentences; NULL: the line says all */
	unsigned int options; /* bits of enum option_bit */
	int least, most;      /* arguments */
	bool hidden;	      /* of use to the build only */
	/* What an argument can be, for completion: words, or "FILE", "VERB", "OPTION". */
	const char *completions[VERB_ARGUMENTS_MAX];

	const char *resource;
	bool changes; /* asked for by POST */
	const char *names[VERB_ARGUMENTS_MAX + 1]; /* of the arguments, in the request */
	/* The part that is wanted; NULL: all of it. 0; -errno after a one-line error. */
	int (*select)(const json_t *answer, json_t **ret);
	void (*print)(const json_t *part, FILE *to); /* for people; --json prints the part */

	/* Of a verb that needs a store: what to do where the configuration is a file; NAME is the first argument. */
	const char *with_file;
	int (*run)(const struct command *command); /* 0; -errno after its errors were printed */
};

extern const struct verb verbs[];
extern const int n_verbs;

/*
 * The verb that the words begin with, *ret_used of them. NULL: there is none, and `complaint` says
 * so in a line.
 */
const struct verb *verb_find(int n, char **words, int *ret_used, char complaint[static 512]);

bool verb_is_group(const struct verb *verb);

/* `verb` is "config check" and `group` is "config". */
bool verb_is_under(const struct verb *verb, const struct verb *group);
