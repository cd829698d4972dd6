/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

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
		cmocka_unit_test(control_characters_do_not_reach_the_terminal),
		cmocka_unit_test(sorting_keeps_the_order_within_a_line),
		cmocka_unit_test(printing_gives_one_line_for_each),
		cmocka_unit_test(a_cleared_list_can_be_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
