/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The configuration as a table: one row for each option, and everything that is to be said about
 * the option is in its row. Reading a file (config_read.c) and its errors come from the rows; so do
 * `holdfast config explain`, the man page and the JSON schema. What concerns several options at once
 * is in config_checks.c. The rows stand in parts, config_rows_*.c, a noun to a file.
 *
 * A row's path is where the option stands. "*" is a name that the operator chooses:
 * "services.*.backends.*.weight". The rows under one path are in the order of its documentation,
 * and a row that others refer to ("sites") comes before them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an option's value is, and in which C type the model (config.h) holds it. */
enum config_type {
	CONFIG_TEXT,	  /* char * */
	CONFIG_NUMBER,	  /* uint16_t or uint32_t, by `size` */
	CONFIG_BOOLEAN,	  /* bool */
	CONFIG_CHOICE,	  /* uint8_t, one of `choices` */
	CONFIG_NETWORK,	  /* struct network, without host bits */
	CONFIG_LOCATOR,	  /* union address, of an IPv6 /64 */
	CONFIG_PORTS,	  /* two uint16_t: first and last */
	CONFIG_REFERENCE, /* pointer to an item of the row `refers_to` */
	CONFIG_GROUP,	  /* mapping of the options under it, in a struct within the object */
	CONFIG_ITEMS, /* mapping of items; each begins with its name, or with what that refers to */
};

struct config_choice {
	const char *name;
	uint8_t value;
};

#define CONFIG_CHOICES_MAX 8

struct config_row {
	const char *path;
	enum config_type type;
	bool list; /* one or more such values, as a pointer to them and a size_t at `count` */
	bool required;
	int64_t min, max; /* of a number; of a list or of items: how many (max 0: no bound) */
	const char *unit;
	const char *fallback; /* the default, as it would stand in the file */
	struct config_choice choices[CONFIG_CHOICES_MAX]; /* ends before one without a name */
	const char *word; /* in place of a list: stands for one without values */
	const char *refers_to; /* path of the items that the value, or the items' names, refer to */
	const char *allowed;   /* what is allowed, where type and bounds do not say it */
	const char *(*check)(const void *value); /* what is wrong with it ("is ..."), or NULL */
	const char *help;

	/* Where it is kept: in the object (struct config, or an item of the row above). */
	size_t offset;
	size_t size;  /* of the value; of one value of a list, of one item */
	size_t count; /* offset of the size_t that counts a list or items */
};

#define CONFIG_ALLOWED_MAX 160

/* All of them, one after the other; NULL to begin, NULL at the end. */
const struct config_row *config_row_after(const struct config_row *row);

/*
 * The rows right under `parent` ("", "services.*"), one after the other; NULL to begin, NULL at the
 * end.
 */
const struct config_row *config_row_next(const char *parent, const struct config_row *after);

/* NULL: no such row. */
const struct config_row *config_row_find(const char *path);

/* The option's own name: the last part of its path. */
const char *config_row_key(const struct config_row *row);

/* What is allowed, in words: "0 to 1000", "tcp or udp". Writes into the buffer and returns it. */
const char *config_row_allowed(const struct config_row *row, char text[static CONFIG_ALLOWED_MAX]);

/* What the value is, in words: "number", "list of networks", "mapping of names". */
const char *config_row_type(const struct config_row *row);

#define CONFIG_WHY_MAX 512
#define CONFIG_PATTERN_MAX 64

/*
 * A path as people write it ("services.web.backends", "services.*", "" for all) as the rows write it:
 * *ret is "services.*.backends", and the rows of the subtree are those that config_row_below says.
 * 0; -ENOENT: there is nothing, and `why` says where the path goes wrong and what there is instead.
 */
int config_path_resolve(const char *path, char ret[static CONFIG_PATTERN_MAX],
			char why[static CONFIG_WHY_MAX]);

/* The row is at the pattern, or under it. */
bool config_row_below(const struct config_row *row, const char *pattern);
