/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/print.h"
#include "cli/text.h"
#include "core/config_rows.h"

#define HELP_AT 4

/* How many of them, of a list or of items; "" where there is nothing to say. */
static const char *bounds(const struct config_row *row, char text[static 64])
{
	bool counted = row->list || row->type == CONFIG_ITEMS;

	*text = '\0';
	if (counted && row->min && row->max)
		snprintf(text, 64, "; %lld to %lld of them", (long long)row->min,
			 (long long)row->max);
	else if (counted && row->max)
		snprintf(text, 64, "; at most %lld of them", (long long)row->max);
	else if (counted && (row->min || row->list))
		snprintf(text, 64, "; at least %lld of them", row->min ? (long long)row->min : 1);
	return text;
}

/* The unit is in what is allowed; "mapping of names" says what is allowed already. */
static void print_row(const struct config_row *row, FILE *to)
{
	char allowed[CONFIG_ALLOWED_MAX], counted[64];
	bool items = row->type == CONFIG_ITEMS || row->type == CONFIG_GROUP;
	_cleanup_free_ char *facts = NULL;

	fprintf(to, "%s%s%s\n%*s", colour_on(to, COLOUR_BOLD), row->path,
		colour_off(to, COLOUR_BOLD), HELP_AT, "");
	if (asprintf(&facts, "%s%s%s%s%s%s%s", config_row_type(row), items ? "" : ": ",
		     items ? "" : config_row_allowed(row, allowed), bounds(row, counted),
		     row->required ? "; required" : "", row->fallback ? "; default " : "",
		     row->fallback ? row->fallback : "") >= 0)
		text_wrap(to, HELP_AT, facts);
	fprintf(to, "%*s", HELP_AT, "");
	text_wrap(to, HELP_AT, row->help);
}

void config_explain_print(const char *pattern, FILE *to)
{
	const struct config_row *row = NULL;

	while ((row = config_row_after(row)))
		if (config_row_below(row, pattern))
			print_row(row, to);
}

static json_t *row_json(const struct config_row *row)
{
	char allowed[CONFIG_ALLOWED_MAX];
	json_t *object = json_pack("{s:s s:s s:b s:s s:s}", "path", row->path, "type",
				   config_row_type(row), "required", row->required, "allowed",
				   config_row_allowed(row, allowed), "help", row->help);

	if (row->type == CONFIG_NUMBER)
		json_object_set_new(object, "min", json_integer(row->min));
	if (row->max)
		json_object_set_new(object, "max", json_integer(row->max));
	if (row->unit)
		json_object_set_new(object, "unit", json_string(row->unit));
	if (row->fallback)
		json_object_set_new(object, "default", json_string(row->fallback));
	if (row->refers_to)
		json_object_set_new(object, "refers-to", json_string(row->refers_to));
	return object;
}

json_t *config_explain_json(const char *pattern)
{
	json_t *list = json_array();
	const struct config_row *row = NULL;

	while ((row = config_row_after(row)))
		if (config_row_below(row, pattern))
			json_array_append_new(list, row_json(row));
	return list;
}

int config_explain_run(const struct command *command)
{
	const char *path = command->n_values ? command->values[0] : "";
	char pattern[CONFIG_PATTERN_MAX], why[CONFIG_WHY_MAX];
	json_t *list;
	int r = config_path_resolve(path, pattern, why);

	if (r < 0) {
		log_error("%s", why);
		return r;
	}
	if (!command->json) {
		config_explain_print(pattern, stdout);
		return 0;
	}
	list = config_explain_json(pattern);
	print_json(list);
	json_decref(list);
	return 0;
}
