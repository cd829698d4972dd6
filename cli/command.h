/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The command line as it was typed: a verb, its arguments, options anywhere between them. Options
 * are rows of a table, from which parsing, help, manual and completion come; verbs are another
 * (cli/verbs.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct verb;

struct command {
	const struct verb *verb; /* NULL: none was given */
	int n_values;		 /* the verb's arguments */
	char **values;
	const char *socket; /* of the daemon that is asked */
	const char *node, *against, *config;
	unsigned int watch_s; /* 0: once */
	unsigned int count;   /* how many times or events, 0: without end */
	const char *client, *vip, *verdict; /* filters of a trace */
	const char *sample; /* one packet of so many */
	const char *revision; /* that the configuration must still be of */
	bool json, all, explain, list, follow, force, help, version;
};

enum option_kind {
	OPTION_SWITCH,	     /* bool */
	OPTION_TEXT,	     /* const char * */
	OPTION_NUMBER,	     /* unsigned int, 1 to OPTION_NUMBER_MAX */
	OPTION_MAYBE_NUMBER, /* the same, 1 where the number is left out */
};

#define OPTION_NUMBER_MAX 86400

/* Bits of struct verb.options; an option without a bit goes with every verb. */
enum option_bit {
	OPTION_JSON = 1 << 0,
	OPTION_ALL = 1 << 1,
	OPTION_WATCH = 1 << 2,
	OPTION_NODE = 1 << 3,
	OPTION_AGAINST = 1 << 4,
	OPTION_EXPLAIN = 1 << 5,
	OPTION_COUNT = 1 << 6,
	OPTION_FILTER = 1 << 7,
	OPTION_CONFIG = 1 << 8,
	OPTION_LIST = 1 << 9,
	OPTION_FOLLOW = 1 << 10,
	OPTION_REVISION = 1 << 11,
	OPTION_FORCE = 1 << 12,
};

struct option_row {
	char letter; /* 0: none */
	const char *name;
	const char *argument; /* what it takes, as help shows it; NULL: nothing */
	const char *help;
	enum option_kind kind;
	unsigned int bit;
	size_t offset; /* in struct command */
};

extern const struct option_row option_rows[];
extern const int n_option_rows;

/*
 * Reorders `argv`, which *ret points into. 0; or -EINVAL after a one-line error on stderr.
 */
int command_parse(int argc, char **argv, struct command *ret);
