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

/* Whether a row's path ends in these whole parts: services.*.health in "health". */
static bool ends_in(const struct config_row *row, const char *parts)
{
	size_t length = strlen(row->path), end = strlen(parts);

	return end > 0 && end < length && row->path[length - end - 1] == '.' &&
	       strcmp(row->path + length - end, parts) == 0;
}

/*
 * "did you mean services.*.health.interval or metrics.influx.interval?": for who knows the last part of a path
 * only. false: no path ends so.
 */
static bool suggest_whole_paths(const char *parts, char text[static CONFIG_WHY_MAX / 2])
{
	const struct config_row *row = NULL;
	size_t used = 0;

	while ((row = config_row_after(row))) {
		if (!ends_in(row, parts))
			continue;
		if (used + strlen(row->path) + sizeof(" or ?") > CONFIG_WHY_MAX / 2)
			break;
		used += sprintf(text + used, "%s%s", used ? " or " : "did you mean ", row->path);
	}
	strcpy(text + used, "?");
	return used > 0;
}

static int refuse_path(const char *path, struct suggestion *step, char why[static CONFIG_WHY_MAX])
{
	char whole[CONFIG_WHY_MAX / 2];

	snprintf(why, CONFIG_WHY_MAX, "%.100s: no such option, %s", path,
		 suggest_whole_paths(path, whole) ? whole : suggestion_text(step));
	return -ENOENT;
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
			if (!row)
				return refuse_path(path, &suggestion, why);
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
