/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/config_rows.h"

#include <stdio.h>
#include <string.h>

#include "core/config_part.h"

static const struct config_part *const parts[] = {
	&config_rows_fleet,
	&config_rows_rests,
	&config_rows_nodes,
	&config_rows_policies,
	&config_rows_services,
	&config_rows_health,
	&config_rows_metrics,
	&config_rows_store,
};

#define N_PARTS (sizeof(parts) / sizeof(parts[0]))

/* No part is empty. */
const struct config_row *config_row_after(const struct config_row *row)
{
	if (!row)
		return parts[0]->rows;
	for (size_t i = 0; i < N_PARTS; i++) {
		const struct config_row *end = parts[i]->rows + parts[i]->n;

		if (row < parts[i]->rows || row >= end)
			continue;
		return row + 1 < end ? row + 1 : i + 1 < N_PARTS ? parts[i + 1]->rows : NULL;
	}
	return NULL;
}

const char *config_row_key(const struct config_row *row)
{
	const char *dot = strrchr(row->path, '.');

	return dot ? dot + 1 : row->path;
}

const struct config_row *config_row_next(const char *parent, const struct config_row *after)
{
	size_t length = strlen(parent);
	const struct config_row *row = after;

	while ((row = config_row_after(row))) {
		const char *key = row->path;

		if (strncmp(row->path, parent, length) != 0)
			continue;
		if (length && row->path[length] != '.')
			continue;
		key += length ? length + 1 : 0;
		if (!strchr(key, '.'))
			return row;
	}
	return NULL;
}

const struct config_row *config_row_find(const char *path)
{
	const struct config_row *row = NULL;

	while ((row = config_row_after(row)))
		if (!strcmp(row->path, path))
			return row;
	return NULL;
}

static void print_choices(const struct config_row *row, char text[static CONFIG_ALLOWED_MAX])
{
	int used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < CONFIG_CHOICES_MAX && row->choices[i].name; i++)
		used += snprintf(text + used, CONFIG_ALLOWED_MAX - used, "%s%s", i ? " or " : "",
				 row->choices[i].name);
}

const char *config_row_allowed(const struct config_row *row, char text[static CONFIG_ALLOWED_MAX])
{
	const char *words = row->allowed;

	switch (row->type) {
	case CONFIG_NUMBER:
		snprintf(text, CONFIG_ALLOWED_MAX, "%lld to %lld%s%s", (long long)row->min,
			 (long long)row->max, row->unit ? " " : "", row->unit ? row->unit : "");
		return text;
	case CONFIG_CHOICE:
		print_choices(row, text);
		return text;
	case CONFIG_TEXT:
		words = words ? words : "text";
		break;
	case CONFIG_BOOLEAN:
		words = "true or false";
		break;
	case CONFIG_NETWORK:
		words = words ? words : "an address or a network";
		break;
	case CONFIG_LOCATOR:
		words = "an IPv6 network of 64 bits, like \"fd48:6f6c:0:1::/64\"";
		break;
	case CONFIG_PORTS:
		words = "a port from 1 to 65535, a range (8000-8099) or any";
		break;
	case CONFIG_REFERENCE:
		words = words ? words : "a name";
		break;
	case CONFIG_GROUP:
		words = "a mapping of options, like {key: value}";
		break;
	case CONFIG_ITEMS:
		words = words ? words : "a mapping of names, like {name: ...}";
		break;
	}
	snprintf(text, CONFIG_ALLOWED_MAX, "%s", words);
	return text;
}

const char *config_row_type(const struct config_row *row)
{
	static const char *const one[] = {
		[CONFIG_TEXT] = "text",		[CONFIG_NUMBER] = "number",
		[CONFIG_BOOLEAN] = "boolean",	[CONFIG_CHOICE] = "word",
		[CONFIG_NETWORK] = "network",	[CONFIG_LOCATOR] = "locator",
		[CONFIG_PORTS] = "ports",	[CONFIG_REFERENCE] = "name",
		[CONFIG_GROUP] = "mapping of options", [CONFIG_ITEMS] = "mapping of names",
	};
	static const char *const list[] = {
		[CONFIG_TEXT] = "list of texts",       [CONFIG_NUMBER] = "list of numbers",
		[CONFIG_BOOLEAN] = "list of booleans", [CONFIG_CHOICE] = "list of words",
		[CONFIG_NETWORK] = "list of networks", [CONFIG_LOCATOR] = "list of locators",
		[CONFIG_PORTS] = "list of ports",      [CONFIG_REFERENCE] = "list of names",
	};

	return row->list ? list[row->type] : one[row->type];
}
