/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A JSON schema (draft 2020-12) of the configuration, for editors and other tools. It says what a
 * row says; what concerns several options at once (config_checks.c) no schema can.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/config.h"
#include "cli/print.h"
#include "core/config.h"
#include "core/config_rows.h"

#define DIALECT "https://json-schema.org/draft/2020-12/schema"
#define PERCENT_PATTERN "^[0-9]+%$"
#define PORTS_PATTERN "^(any|[1-9][0-9]*(-[1-9][0-9]*)?)$"

static json_t *object_schema(const char *pattern);

static json_t *choice_schema(const struct config_row *row)
{
	json_t *names = json_array();

	for (size_t i = 0; i < CONFIG_CHOICES_MAX && row->choices[i].name; i++) {
		const char *name = row->choices[i].name;

		json_array_append_new(names, json_string(name));
		/* YAML 1.1, which many validators speak, makes booleans of these two. */
		if (strcmp(name, "on") == 0 || strcmp(name, "off") == 0)
			json_array_append_new(names, json_boolean(name[1] == 'n'));
	}
	return json_pack("{s:o}", "enum", names);
}

static json_t *value_schema(const struct config_row *row)
{
	switch (row->type) {
	case CONFIG_NUMBER:
		if (row->unit && strcmp(row->unit, "%") == 0)
			return json_pack("{s:[{s:s s:I s:I} {s:s s:s}]}", "anyOf", "type", "integer",
					 "minimum", (json_int_t)row->min, "maximum",
					 (json_int_t)row->max, "type", "string", "pattern",
					 PERCENT_PATTERN);
		return json_pack("{s:s s:I s:I}", "type", "integer", "minimum",
				 (json_int_t)row->min, "maximum", (json_int_t)row->max);
	case CONFIG_BOOLEAN:
		return json_pack("{s:s}", "type", "boolean");
	case CONFIG_CHOICE:
		return choice_schema(row);
	case CONFIG_LOCATOR:
		return json_pack("{s:s s:s}", "type", "string", "pattern", "/64$");
	case CONFIG_PORTS: /* YAML makes a number of one port */
		return json_pack("{s:[{s:s s:i s:i} {s:s s:s}]}", "anyOf", "type", "integer",
				 "minimum", 1, "maximum", 65535, "type", "string", "pattern",
				 PORTS_PATTERN);
	case CONFIG_TEXT:
	case CONFIG_NETWORK:
	case CONFIG_REFERENCE:
	case CONFIG_GROUP:
	case CONFIG_ITEMS:
		break;
	}
	return json_pack("{s:s s:i}", "type", "string", "minLength", 1);
}

static json_t *list_schema(const struct config_row *row)
{
	json_t *schema = json_pack("{s:s s:o s:i}", "type", "array", "items", value_schema(row),
				   "minItems", 1);

	if (row->max)
		json_object_set_new(schema, "maxItems", json_integer(row->max));
	return row->word ? json_pack("{s:[o {s:s}]}", "anyOf", schema, "const", row->word) : schema;
}

/* What may be left empty ("b2:") is null to a reader of YAML. */
static json_t *mapping_type(bool may_be_empty)
{
	return may_be_empty ? json_pack("[s s]", "object", "null") : json_string("object");
}

static json_t *items_schema(const struct config_row *row)
{
	char pattern[CONFIG_PATTERN_MAX];
	json_t *schema;

	snprintf(pattern, sizeof(pattern), "%s.*", row->path);
	schema = json_pack("{s:o s:{s:s s:i} s:o}", "type", mapping_type(row->min == 0 && !row->required),
			   "propertyNames", "pattern", "^[a-z0-9.-]+$", "maxLength",
			   CONFIG_NAME_MAX, "additionalProperties", object_schema(pattern));
	if (row->min)
		json_object_set_new(schema, "minProperties", json_integer(row->min));
	if (row->max)
		json_object_set_new(schema, "maxProperties", json_integer(row->max));
	return schema;
}

/* As a reader of YAML would have it. */
static json_t *default_of(const struct config_row *row)
{
	if (row->type == CONFIG_NUMBER)
		return json_integer(strtoll(row->fallback, NULL, 10));
	if (row->type == CONFIG_BOOLEAN)
		return json_boolean(strcmp(row->fallback, "true") == 0);
	return json_string(row->fallback);
}

static json_t *row_schema(const struct config_row *row)
{
	json_t *schema = row->type == CONFIG_ITEMS   ? items_schema(row)
			 : row->type == CONFIG_GROUP ? object_schema(row->path)
			 : row->list		     ? list_schema(row)
						     : value_schema(row);

	json_object_set_new(schema, "description", json_string(row->help));
	if (row->fallback)
		json_object_set_new(schema, "default", default_of(row));
	return schema;
}

/* The rows right under a pattern. */
static json_t *object_schema(const char *pattern)
{
	json_t *properties = json_object(), *required = json_array(), *schema;
	const struct config_row *row = NULL;

	while ((row = config_row_next(pattern, row))) {
		json_object_set_new(properties, config_row_key(row), row_schema(row));
		if (row->required)
			json_array_append_new(required, json_string(config_row_key(row)));
	}
	schema = json_pack("{s:o s:o s:b}", "type", mapping_type(!json_array_size(required)),
			   "properties", properties, "additionalProperties", false);
	if (json_array_size(required))
		json_object_set(schema, "required", required);
	json_decref(required);
	return schema;
}

/* What has to be there, has to be there unless it is in a store. */
static void require_without_store(json_t *schema)
{
	json_t *required = json_incref(json_object_get(schema, "required"));

	json_object_del(schema, "required");
	json_object_set_new(schema, "if",
			    json_pack("{s:{s:{s:s}} s:[s]}", "properties", "store", "const", "etcd",
				      "required", "store"));
	json_object_set_new(schema, "then", json_pack("{s:[s]}", "required", "etcd"));
	json_object_set_new(schema, "else", json_pack("{s:o}", "required", required));
}

json_t *config_schema_new(void)
{
	json_t *body = object_schema("");
	json_t *schema = json_pack("{s:s s:s}", "$schema", DIALECT, "title",
				   "The configuration of a Holdfast fleet (holdfast.yaml)");

	require_without_store(body);
	json_object_update_new(schema, body);
	return schema;
}

int config_schema_run(const struct command *command)
{
	json_t *schema = config_schema_new();

	if (!schema)
		return -ENOMEM;
	print_json(schema);
	json_decref(schema);
	return 0;
}
