/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Options that neither programs nor rows show, compared as the table of options has them (config_rows.h):
 * so a new row is compared without a word here.
 */
#include <stdio.h>
#include <string.h>

#include "core/config_rows.h"
#include "core/diff_parts.h"

static void number_text(const struct config_row *row, const void *field,
			char text[static DIFF_VALUE_MAX])
{
	unsigned int number = row->size == sizeof(uint16_t) ? *(const uint16_t *)field
							    : *(const uint32_t *)field;

	snprintf(text, DIFF_VALUE_MAX, "%u", number);
}

static void choice_text(const struct config_row *row, const void *field,
			char text[static DIFF_VALUE_MAX])
{
	snprintf(text, DIFF_VALUE_MAX, "?");
	for (size_t i = 0; i < CONFIG_CHOICES_MAX && row->choices[i].name; i++)
		if (row->choices[i].value == *(const uint8_t *)field)
			snprintf(text, DIFF_VALUE_MAX, "%s", row->choices[i].name);
}

/* Of what has no text here, nothing is said. */
static void value_text(const struct config_row *row, const void *field, char text[static DIFF_VALUE_MAX])
{
	const char *const *words = field;

	*text = '\0';
	switch (row->type) {
	case CONFIG_NUMBER:
		number_text(row, field, text);
		break;
	case CONFIG_BOOLEAN:
		snprintf(text, DIFF_VALUE_MAX, "%s", *(const bool *)field ? "true" : "false");
		break;
	case CONFIG_CHOICE:
		choice_text(row, field, text);
		break;
	case CONFIG_TEXT:
		/* What is too long for a line is cut; that it differs is seen before. */
		snprintf(text, DIFF_VALUE_MAX, "%s", *words ? *words : "none");
		break;
	default:
		break;
	}
}

static bool differs(const struct config_row *row, const char *before, const char *after)
{
	const char *const *left = (const void *)before, *const *right = (const void *)after;

	if (row->type != CONFIG_TEXT)
		return memcmp(before, after, row->size) != 0;
	return strcmp(*left ? *left : "", *right ? *right : "") != 0;
}

static int compare_option(struct diff *diff, const struct diff_options *options,
			  const struct config_row *row, const char *before, const char *after)
{
	struct diff_change change = {.about = options->about, .what = DIFF_CHANGED};
	const char *option = row->path + options->skip;

	if (!differs(row, before, after))
		return 0;
	/* A setting is called by its path; of a service it is a field. */
	if (options->name)
		change.field = option;
	snprintf(change.name, sizeof(change.name), "%s", options->name ? options->name : option);
	value_text(row, before, change.before);
	value_text(row, after, change.after);
	return diff_add(diff, &change);
}

int diff_options(struct diff *diff, const struct diff_options *options, const char *parent,
		 const void *before, const void *after)
{
	const struct config_row *row = NULL;
	int r = 0;

	while (r == 0 && (row = config_row_next(parent, row))) {
		const char *left = (const char *)before + row->offset;
		const char *right = (const char *)after + row->offset;

		if (row->type == CONFIG_GROUP)
			r = diff_options(diff, options, row->path, left, right);
		else if (!row->list && row->type != CONFIG_ITEMS)
			r = compare_option(diff, options, row, left, right);
	}
	return r;
}
