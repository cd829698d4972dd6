/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lab/load/options.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/log.h"
#include "base/number.h"

static int parse_ports(char *text, struct ports *ports)
{
	char *dash = strchr(text, '-');
	uint64_t first, last;
	int r;

	if (ports->n == PORTS_MAX)
		return -ERANGE;
	if (dash)
		*dash = '\0';
	r = number_parse(text, UINT16_MAX, &first);
	if (r == 0)
		r = number_parse(dash ? dash + 1 : text, UINT16_MAX, &last);
	if (r == 0 && (first == 0 || first > last))
		r = -ERANGE;
	if (r == 0)
		ports->list[ports->n++] = (struct port_range){.first = first, .last = last};
	return r;
}

static int parse_delay(char *text, struct delays *delays)
{
	char *colon = strchr(text, ':');
	uint64_t port, ms;
	int r;

	if (!colon || delays->n == PORTS_MAX)
		return -EINVAL;
	*colon = '\0';
	r = number_parse(text, UINT16_MAX, &port);
	if (r == 0)
		r = number_parse(colon + 1, UINT32_MAX, &ms);
	if (r == 0)
		delays->list[delays->n++] = (struct port_delay){.port = port, .ms = ms};
	return r;
}

static int parse_value(const struct option_row *row, char *text, void *value)
{
	uint64_t number;
	int r;

	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)value = true;
		return 0;
	case OPTION_NUMBER:
		r = number_parse(text, UINT32_MAX, &number);
		if (r == 0)
			*(uint32_t *)value = number;
		return r;
	case OPTION_TEXT:
		*(const char **)value = text;
		return 0;
	case OPTION_PORTS:
		return parse_ports(text, value);
	case OPTION_DELAYS:
		return parse_delay(text, value);
	}
	return -EINVAL;
}

static const struct option_row *find_row(const struct option_row *rows, const char *name)
{
	for (; rows->name; rows++)
		if (strcmp(rows->name, name) == 0)
			return rows;
	return NULL;
}

int options_parse(const struct option_row *rows, int argc, char **argv, void *ret)
{
	for (int i = 0; i < argc; i++) {
		const struct option_row *row = find_row(rows, argv[i]);
		char *value = NULL;

		if (!row) {
			log_error("%s: not an option: see holdfast-load help", argv[i]);
			return -EINVAL;
		}
		if (row->kind != OPTION_FLAG && !(value = argv[++i])) {
			log_error("%s: needs %s", row->name, row->argument);
			return -EINVAL;
		}
		if (parse_value(row, value, (char *)ret + row->offset) < 0) {
			log_error("%s: '%s' is no %s", row->name, value, row->argument);
			return -EINVAL;
		}
	}
	return 0;
}

void options_help(const struct option_row *rows, FILE *to)
{
	for (; rows->name; rows++) {
		char left[64];

		snprintf(left, sizeof(left), "%s %s", rows->name,
			 rows->argument ? rows->argument : "");
		fprintf(to, "  %-24s %s\n", left, rows->help);
	}
}
