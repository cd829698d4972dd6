/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "core/config_rows.h"

static void resolves(const char *path, const char *pattern)
{
	char got[CONFIG_PATTERN_MAX], why[CONFIG_WHY_MAX];

	assert_int_equal(config_path_resolve(path, got, why), 0);
	assert_string_equal(got, pattern);
}

static void refuses(const char *path, const char *message)
{
	char got[CONFIG_PATTERN_MAX] = "untouched", why[CONFIG_WHY_MAX];

	assert_int_equal(config_path_resolve(path, got, why), -ENOENT);
	assert_string_equal(why, message);
	assert_string_equal(got, "untouched");
}

static size_t rows_below(const char *pattern)
{
	const struct config_row *row = NULL;
	size_t count = 0;

	while ((row = config_row_after(row)))
		count += config_row_below(row, pattern);
	return count;
}

static void every_row_is_found_by_its_own_path(void **state)
{
	const struct config_row *row = NULL;

	while ((row = config_row_after(row)))
		resolves(row->path, row->path);
}

static void a_name_of_the_operators_stands_for_all(void **state)
{
	resolves("services.web.backends", "services.*.backends");
	resolves("services.web.backends.b1.weight", "services.*.backends.*.weight");
	resolves("backends.b1", "backends.*");
}

static void no_path_is_all_rows(void **state)
{
	const struct config_row *row = NULL;
	size_t n = 0;

	while ((row = config_row_after(row)))
		n++;
	resolves("", "");
	assert_int_equal(rows_below(""), n);
}

static void a_subtree_is_its_row_and_what_is_under_it(void **state)
{
	assert_int_equal(rows_below("services.*.backends"), 3);
	assert_int_equal(rows_below("services.*.backends.*"), 2);
	assert_int_equal(rows_below("mtu"), 1);
	assert_int_equal(rows_below("service"), 0);
}

static void a_wrong_path_is_told_what_it_nearly_was(void **state)
{
	refuses("servces", "servces: no such option, did you mean services?");
	refuses("services.web.vip", "services.web.vip: no such option, did you mean vips?");
	refuses("services.*.backends.b1.colour",
		"services.*.backends.b1.colour: no such option, allowed: weight, enabled");
	refuses("mtu.size", "mtu.size: no such option, there are none");
	refuses("services..", "services..: no such option, there are none");
	refuses(".", ".: no such option, allowed: infrastructure, secret, mtu, pins, pin-new, pin-idle, "
		     "pin-datagrams, pin-closing, pin-reset, cookie-epoch, heartbeat, drain, ...");
}

static void the_last_parts_of_a_path_are_told_the_whole_one(void **state)
{
	refuses("health", "health: no such option, did you mean services.*.health?");
	refuses("spill.at", "spill.at: no such option, did you mean policies.*.spill.at?");
	refuses("interval", "interval: no such option, did you mean services.*.health.interval or "
			    "metrics.influx.interval?");
}

/* As many as there are of any: whole, in the room for them. */
static void every_last_part_is_told_all_its_whole_paths(void **state)
{
	const struct config_row *row = NULL;

	while ((row = config_row_after(row))) {
		char got[CONFIG_PATTERN_MAX], why[CONFIG_WHY_MAX];

		if (config_path_resolve(config_row_key(row), got, why) < 0)
			assert_non_null(strstr(why, row->path));
	}
}

static void a_path_of_any_length_is_refused_and_no_more(void **state)
{
	char path[5000], got[CONFIG_PATTERN_MAX], why[CONFIG_WHY_MAX];

	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(config_path_resolve(path, got, why), -ENOENT);
	memcpy(path, "services.", 9);
	assert_int_equal(config_path_resolve(path, got, why), 0);
	assert_string_equal(got, "services.*");
}

static void every_type_has_its_word(void **state)
{
	const struct config_row *row = NULL;

	while ((row = config_row_after(row)))
		assert_true(strlen(config_row_type(row)) > 0);
	assert_string_equal(config_row_type(config_row_find("services.*.vips")),
			    "list of networks");
	assert_string_equal(config_row_type(config_row_find("services")), "mapping of names");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_found_by_its_own_path),
		cmocka_unit_test(a_name_of_the_operators_stands_for_all),
		cmocka_unit_test(no_path_is_all_rows),
		cmocka_unit_test(a_subtree_is_its_row_and_what_is_under_it),
		cmocka_unit_test(a_wrong_path_is_told_what_it_nearly_was),
		cmocka_unit_test(the_last_parts_of_a_path_are_told_the_whole_one),
		cmocka_unit_test(every_last_part_is_told_all_its_whole_paths),
		cmocka_unit_test(a_path_of_any_length_is_refused_and_no_more),
		cmocka_unit_test(every_type_has_its_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
