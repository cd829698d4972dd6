/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/errors.h"

static void a_row_is_place_path_and_what(void **state)
{
	_cleanup_errors_ struct errors errors = {};

	assert_int_equal(errors_add(&errors, "a.yaml", 3, "mtu", "%d is out of range", 5), -EINVAL);
	errors_add(&errors, "secret", 0, NULL, "no such file");
	errors_add(&errors, NULL, 0, "mtu", "missing");
	errors_add(&errors, "a.yaml", 9, "", "wrong");
	assert_int_equal(errors_count(&errors), 4);
	assert_string_equal(errors_text(&errors, 0), "a.yaml:3: mtu: 5 is out of range");
	assert_string_equal(errors_text(&errors, 1), "secret: no such file");
	assert_string_equal(errors_text(&errors, 2), "mtu: missing");
	assert_string_equal(errors_text(&errors, 3), "a.yaml:9: wrong");
	assert_null(errors_text(&errors, 4));
}

static bool part_is(const char *part, int length, const char *expected)
{
	return length == (int)strlen(expected) && memcmp(part, expected, length) == 0;
}

static void the_parts_of_a_row_are_told_apart(void **state)
{
	static const struct {
		const char *file;
		unsigned int line;
		const char *path, *what;
	} rows[] = {
		{"a.yaml", 3, "services.web: x", "5: is out of range"},
		{"a.yaml", 0, "mtu", "missing"},
		{"a.yaml", 7, NULL, "not YAML"},
		{NULL, 0, "mtu", "missing"},
		{NULL, 0, NULL, "nothing"},
	};
	_cleanup_errors_ struct errors errors = {};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct error *error;

		errors_add(&errors, rows[i].file, rows[i].line, rows[i].path, "%s", rows[i].what);
		error = errors_at(&errors, i);
		assert_int_equal(error->line, rows[i].line);
		assert_true(part_is(error->text, error->file_length, rows[i].file ?: ""));
		assert_true(part_is(error->text + error->path_at, error->path_length, rows[i].path ?: ""));
		assert_string_equal(error->what, rows[i].what);
	}
	assert_null(errors_at(&errors, errors_count(&errors)));
}

static void control_characters_do_not_reach_the_terminal(void **state)
{
	_cleanup_errors_ struct errors errors = {};

	errors_add(&errors, "a\nb", 1, "c\033", "%s", "d\x7f");
	assert_string_equal(errors_text(&errors, 0), "a?b:1: c?: d?");
}

static void sorting_keeps_the_order_within_a_line(void **state)
{
	_cleanup_errors_ struct errors errors = {};
	char text[16];

	for (unsigned int i = 0; i < 100; i++)
		errors_add(&errors, "f", 1 + (i * 7) % 5, NULL, "%02u", i);
	errors_sort(&errors);
	for (unsigned int i = 1; i < 100; i++) {
		const struct error *before = &errors.list[i - 1], *after = &errors.list[i];

		assert_true(before->line < after->line ||
			    (before->line == after->line &&
			     atoi(before->text + 5) < atoi(after->text + 5)));
	}
	snprintf(text, sizeof(text), "f:1: 00");
	assert_string_equal(errors_text(&errors, 0), text);
}

static void printing_gives_one_line_for_each(void **state)
{
	_cleanup_errors_ struct errors errors = {};
	char *text = NULL;
	size_t length;
	FILE *file = open_memstream(&text, &length);

	errors_add(&errors, "f", 1, NULL, "one");
	errors_add(&errors, "f", 2, NULL, "two");
	errors.lost = 3;
	errors_print(&errors, file);
	errors.lost = 0;
	fclose(file);
	assert_string_equal(text,
			    "f:1: one\nf:2: two\n3 more errors, but no memory to describe them\n");
	free(text);
}

static void a_cleared_list_can_be_used_again(void **state)
{
	_cleanup_errors_ struct errors errors = {};

	errors_add(&errors, "f", 1, NULL, "one");
	errors_clear(&errors);
	assert_int_equal(errors_count(&errors), 0);
	errors_add(&errors, "f", 1, NULL, "two");
	assert_string_equal(errors_text(&errors, 0), "f:1: two");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_is_place_path_and_what),
		cmocka_unit_test(the_parts_of_a_row_are_told_apart),
		cmocka_unit_test(control_characters_do_not_reach_the_terminal),
		cmocka_unit_test(sorting_keeps_the_order_within_a_line),
		cmocka_unit_test(printing_gives_one_line_for_each),
		cmocka_unit_test(a_cleared_list_can_be_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
