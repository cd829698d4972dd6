/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the rows of the configuration become: explanations, a schema, a manual page. */
#include "cli/config.h"
#include "cli/pages.h"
#include "core/config_rows.h"
#include "tests/unit/cli.h"

static void an_option_is_explained_by_its_row(void **state)
{
	_cleanup_free_ char *text = NULL;

	PRINTED(text, to, config_explain_print("mtu", to));
	assert_string_equal(
		text,
		"mtu\n"
		"    number: 1280 to 9216 bytes; default 1500\n"
		"    Of the links between gateways and backends. What does not fit once it is\n"
		"    encapsulated is answered with ICMP packet too big.\n");
}

static void a_subtree_is_explained_with_all_under_it_in_80_columns(void **state)
{
	_cleanup_free_ char *text = NULL, *all = NULL;

	PRINTED(text, to, config_explain_print("services.*.backends", to));
	assert_non_null(strstr(text, "services.*.backends\n    mapping of names; required\n"));
	assert_non_null(
		strstr(text, "services.*.backends.*.weight\n    number: 0 to 1000; default 1\n"));
	assert_null(strstr(text, "services.*.vips"));
	PRINTED(all, to, config_explain_print("", to));
	assert_in_range(longest_line(all), 1, 80);
}

static void json_has_what_the_text_has(void **state)
{
	json_t *list = config_explain_json(""), *mtu = config_explain_json("mtu"), *row;
	const struct config_row *option = NULL;
	size_t n = 0;

	while ((option = config_row_after(option)))
		n++;
	assert_int_equal(json_array_size(list), n);
	row = json_array_get(mtu, 0);
	assert_string_equal(json_string_value(json_object_get(row, "path")), "mtu");
	assert_string_equal(json_string_value(json_object_get(row, "unit")), "bytes");
	assert_int_equal(json_integer_value(json_object_get(row, "min")), 1280);
	assert_int_equal(json_integer_value(json_object_get(row, "max")), 9216);
	assert_string_equal(json_string_value(json_object_get(row, "default")), "1500");
	assert_true(json_is_false(json_object_get(row, "required")));
	json_decref(list);
	json_decref(mtu);
}

/* The schema's place for a row: through `properties`, and `additionalProperties` for a name. */
static const json_t *schema_at(const json_t *schema, const char *path)
{
	while (*path && schema) {
		size_t length = strcspn(path, ".");
		char part[64];

		snprintf(part, sizeof(part), "%.*s", (int)length, path);
		if (strcmp(part, "*") == 0)
			schema = json_object_get(schema, "additionalProperties");
		else
			schema = json_object_get(json_object_get(schema, "properties"), part);
		path += length + (path[length] == '.');
	}
	return schema;
}

static bool is_required(const json_t *object, const char *key)
{
	const json_t *name;
	size_t i;

	json_array_foreach(json_object_get(object, "required"), i,
			   name) if (strcmp(json_string_value(name), key) == 0) return true;
	return false;
}

static void every_row_is_in_the_schema_with_its_documentation(void **state)
{
	json_t *schema = config_schema_new();
	const struct config_row *row = NULL;

	while ((row = config_row_after(row))) {
		const json_t *at = schema_at(schema, row->path);
		char above[64];

		assert_non_null(at);
		assert_string_equal(json_string_value(json_object_get(at, "description")),
				    row->help);
		snprintf(above, sizeof(above), "%.*s",
			 (int)(config_row_key(row) - row->path), row->path);
		if (*above)
			above[strlen(above) - 1] = '\0';
		/* At the top: unless the rest is in a store. */
		at = *above ? schema_at(schema, above) : json_object_get(schema, "else");
		assert_int_equal(is_required(at, config_row_key(row)), row->required);
	}
	json_decref(schema);
}

static void the_schema_knows_types_bounds_and_defaults(void **state)
{
	json_t *schema = config_schema_new();
	const json_t *mtu = schema_at(schema, "mtu");
	const json_t *protocol = schema_at(schema, "services.*.protocol");
	const json_t *vips = schema_at(schema, "services.*.vips");

	assert_string_equal(json_string_value(json_object_get(schema, "$schema")),
			    "https://json-schema.org/draft/2020-12/schema");
	assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
	assert_string_equal(json_string_value(json_object_get(mtu, "type")), "integer");
	assert_int_equal(json_integer_value(json_object_get(mtu, "minimum")), 1280);
	assert_int_equal(json_integer_value(json_object_get(mtu, "maximum")), 9216);
	assert_int_equal(json_integer_value(json_object_get(mtu, "default")), 1500);
	assert_int_equal(json_array_size(json_object_get(protocol, "enum")), 2);
	assert_string_equal(json_string_value(json_object_get(vips, "type")), "array");
	assert_int_equal(json_integer_value(json_object_get(vips, "minItems")), 1);
	json_decref(schema);
}

static void the_manual_page_has_every_option(void **state)
{
	_cleanup_free_ char *text = NULL;
	const struct config_row *row = NULL;

	PRINTED(text, to, pages_print_config(to));
	while ((row = config_row_after(row))) {
		char item[128], *dash;

		snprintf(item, sizeof(item), ".TP\n\\fB%s\\fR", row->path);
		dash = strchr(item, '-');
		if (dash) {
			memmove(dash + 1, dash, strlen(dash) + 1);
			*dash = '\\';
		}
		assert_non_null(strstr(text, item));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_option_is_explained_by_its_row),
		cmocka_unit_test(a_subtree_is_explained_with_all_under_it_in_80_columns),
		cmocka_unit_test(json_has_what_the_text_has),
		cmocka_unit_test(every_row_is_in_the_schema_with_its_documentation),
		cmocka_unit_test(the_schema_knows_types_bounds_and_defaults),
		cmocka_unit_test(the_manual_page_has_every_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
