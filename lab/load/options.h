/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The options of the load program's faces: rows that give parsing and --help. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum option_kind {
	OPTION_FLAG,   /* bool */
	OPTION_NUMBER, /* uint32_t */
	OPTION_TEXT,   /* const char *, of argv */
	OPTION_PORTS,  /* struct ports */
	OPTION_DELAYS, /* struct delays */
};

struct option_row {
	const char *name; /* with its dashes */
	const char *argument;
	const char *help;
	enum option_kind kind;
	size_t offset; /* of the value in the face's own struct */
};

#define PORTS_MAX 64

/* "7000" or "7000-7009", and several of them. */
struct ports {
	size_t n;
	struct port_range {
		uint16_t first, last;
	} list[PORTS_MAX];
};

/* "7005:70000": ports, each with milliseconds. */
struct delays {
	size_t n;
	struct port_delay {
		uint16_t port;
		uint32_t ms;
	} list[PORTS_MAX];
};

/* The rows end with one without a name. 0, or -EINVAL with a line on stderr. */
int options_parse(const struct option_row *rows, int argc, char **argv, void *ret);

void options_help(const struct option_row *rows, FILE *to);
