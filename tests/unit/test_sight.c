/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/sight.h"

static const struct sight quiet = {.generation = 7, .members = 6, .open = 6, .services = 2, .served = 2,
				   .heard = true, .connections = 1000, .opened_per_s = 50, .cpu = 300};

static bool is_due(const struct sight *now, uint64_t age_us, bool state)
{
	bool is_state, due = sight_due(&quiet, now, age_us, &is_state);

	assert_true(is_state == state);
	return due;
}

static void what_has_not_changed_is_never_written_again(void **state)
{
	assert_false(is_due(&quiet, UINT64_MAX, false));
}

static void a_state_that_changed_is_written_soon_but_not_all_the_time(void **state)
{
	struct sight now = quiet;

	now.open = 5;
	sight_close(&now, "web", "b1");
	assert_false(is_due(&now, SIGHT_STATE_US - 1, true));
	assert_true(is_due(&now, SIGHT_STATE_US, true));
}

static void each_part_of_the_state_counts(void **state)
{
	struct sight now[6] = {quiet, quiet, quiet, quiet, quiet, quiet};

	now[0].generation = 8;
	now[1].members = 7;
	now[2].open = 5;
	now[3].served = 1;
	strcpy(now[4].closed, "web/b2");
	now[5].drain = 1;
	for (size_t i = 0; i < 6; i++)
		assert_true(is_due(&now[i], SIGHT_STATE_US, true));
}

static void load_is_written_where_it_changed_by_a_quarter_and_seldom(void **state)
{
	struct sight now = quiet;

	now.connections = 1200;
	assert_false(is_due(&now, UINT64_MAX, false));
	now.connections = 1400;
	assert_false(is_due(&now, SIGHT_LOAD_US - 1, false));
	assert_true(is_due(&now, SIGHT_LOAD_US, false));
	now.connections = 700;
	assert_true(is_due(&now, SIGHT_LOAD_US, false));
}

static void a_few_connections_more_are_no_news_however_few_there_were(void **state)
{
	struct sight said = quiet, now = quiet;
	bool is_state;

	said.connections = 0;
	now.connections = 9;
	assert_false(sight_due(&said, &now, UINT64_MAX, &is_state));
	now.connections = 10;
	assert_true(sight_due(&said, &now, UINT64_MAX, &is_state));
}

static void closed_ones_are_named_as_far_as_there_is_room(void **state)
{
	struct sight sight = {};

	sight_close(&sight, "web", "b1");
	sight_close(&sight, "dns", "b2");
	assert_string_equal(sight.closed, "web/b1 dns/b2");
	for (int i = 0; i < 100; i++)
		sight_close(&sight, "some-service", "some-backend");
	assert_true(strlen(sight.closed) < SIGHT_NAMES_MAX);
	assert_string_equal(sight.closed + strlen(sight.closed) - 4, " ...");
	assert_null(strstr(sight.closed, "... "));
}

static void names_of_any_length_fit_or_are_told_to_be_more(void **state)
{
	char name[SIGHT_NAMES_MAX + 1];

	for (size_t length = 1; length < sizeof(name); length++) {
		struct sight sight = {};

		memset(name, 'x', length);
		name[length] = '\0';
		sight_close(&sight, "s", name);
		sight_close(&sight, "s", "y");
		assert_true(strlen(sight.closed) < SIGHT_NAMES_MAX);
		assert_true(strstr(sight.closed, "s/y") || strstr(sight.closed, "..."));
	}
}

static void a_digest_tells_rows_apart_and_is_never_nothing(void **state)
{
	uint32_t ab = sight_digest(sight_digest(0, 1), 2), ba = sight_digest(sight_digest(0, 2), 1);

	assert_int_not_equal(ab, ba);
	assert_int_equal(ab, sight_digest(sight_digest(0, 1), 2));
	for (uint32_t i = 0; i < 100000; i++)
		assert_int_not_equal(sight_digest(i, i), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_has_not_changed_is_never_written_again),
		cmocka_unit_test(a_state_that_changed_is_written_soon_but_not_all_the_time),
		cmocka_unit_test(each_part_of_the_state_counts),
		cmocka_unit_test(load_is_written_where_it_changed_by_a_quarter_and_seldom),
		cmocka_unit_test(a_few_connections_more_are_no_news_however_few_there_were),
		cmocka_unit_test(closed_ones_are_named_as_far_as_there_is_room),
		cmocka_unit_test(names_of_any_length_fit_or_are_told_to_be_more),
		cmocka_unit_test(a_digest_tells_rows_apart_and_is_never_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
