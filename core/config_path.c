/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/suggestion.h"
#include "core/config_rows.h"

/* No part of a path that exists is longer than an item's name. */
#define PART_MAX 64

/* One step down from the rows right under `pattern`. NULL: no such row, and `suggestion` knows
 * them. */
static const struct config_row *step(const char *pattern, struct suggestion *suggestion)
{
	const struct config_row *row = NULL;

	while ((row = config_row_next(pattern, row))) {
		if (strcmp(config_row_key(row), suggestion->wanted) == 0)
			return row;
		suggestion_offer(suggestion, config_row_key(row));
	}
	return NULL;
}

int config_path_resolve(const char *path, char ret[static CONFIG_PATTERN_MAX],
			char why[static CONFIG_WHY_MAX])
{
	char pattern[CONFIG_PATTERN_MAX] = "", part[PART_MAX];
	const struct config_row *row = NULL;

	for (const char *at = path; *at || at != path;) {
		size_t length = strcspn(at, ".");
		struct suggestion suggestion = {.wanted = part};

		snprintf(part, sizeof(part), "%.*s", (int)length, at);
		if (row && row->type == CONFIG_ITEMS && *part) {
			/* Any name stands for all of them. */
			snprintf(pattern, sizeof(pattern), "%s.*", row->path);
			row = NULL;
		} else {
			row = step(row ? row->path : pattern, &suggestion);
			if (!row) {
				snprintf(why, CONFIG_WHY_MAX, "%.100s: no such option, %s", path,
					 suggestion_text(&suggestion));
				return -ENOENT;
			}
			snprintf(pattern, sizeof(pattern), "%s", row->path);
		}
		if (!at[length])
			break;
		at += length + 1;
	}
	strcpy(ret, pattern);
	return 0;
}

bool config_row_below(const struct config_row *row, const char *pattern)
{
	size_t length = strlen(pattern);

	if (strncmp(row->path, pattern, length) != 0)
		return false;
	return !length || !row->path[length] || row->path[length] == '.';
}
