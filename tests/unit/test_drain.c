/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/drain.h"

#define MS 1000ULL
#define LOOK_MS 200

static const struct drain_rules rules = {.limit_s = 60, .settle_ms = 2000, .below_percent = 1};

static struct drain drain;
static uint64_t now_us;

/* Looks at so many packets a second, for so long. After how long did the phase change? -1: never. */
static int looks(const struct drain_rules *by, unsigned int per_s, unsigned int ms)
{
	uint64_t came = 0;

	for (unsigned int at = LOOK_MS; at <= ms; at += LOOK_MS) {
		uint64_t until = (uint64_t)per_s * at / 1000;

		now_us += LOOK_MS * MS;
		if (drain_look(&drain, by, until - came, now_us))
			return at;
		came = until;
	}
	return -1;
}

/* A gateway that has forwarded at that rate for a while, and is drained now. */
static void drained_at(const struct drain_rules *by, unsigned int per_s)
{
	drain = (struct drain){};
	now_us = 1000000 * MS;
	assert_int_equal(looks(by, per_s, 10000), -1);
	assert_int_equal(drain.per_s, per_s);
	assert_true(drain_want(&drain, by, true, true, now_us));
	assert_int_equal(drain.phase, by->limit_s ? DRAIN_LEAVING : DRAIN_LEFT);
}

static void traffic_has_left_when_little_enough_came_for_long_enough(void **state)
{
	static const struct {
		unsigned int before, stays_ms, after; /* packets a second; how long as before; packets a second then */
		enum drain_end end;
		int took_ms, left_ms;
	} rows[] = {
		{5000, 300, 0, DRAIN_QUIET, 200, 2200},	     /* at once, for a network */
		{5000, 3000, 0, DRAIN_QUIET, 3000, 5000},
		{5000, 3000, 40, DRAIN_QUIET, 3000, 5000},   /* strays, under one percent */
		{5000, 3000, 200, DRAIN_LIMIT, 60000, 60000},
		{5000, 70000, 0, DRAIN_LIMIT, 60000, 60000}, /* nobody honours the mark */
		{20, 1000, 0, DRAIN_QUIET, 1000, 3000},
		{20, 1000, 1, DRAIN_QUIET, 1000, 3000},	     /* one a second always may */
		{20, 1000, 5, DRAIN_LIMIT, 60000, 60000},
		{0, 0, 0, DRAIN_QUIET, 0, 2000},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int left_ms, stays_ms = rows[i].stays_ms;

		drained_at(&rules, rows[i].before);
		left_ms = looks(&rules, rows[i].before, stays_ms);
		if (left_ms < 0) {
			left_ms = looks(&rules, rows[i].after, 90000);
			assert_true(left_ms > 0);
			left_ms += stays_ms / LOOK_MS * LOOK_MS;
		}
		assert_int_equal(drain.phase, DRAIN_LEFT);
		assert_int_equal(drain.end, rows[i].end);
		assert_int_equal(drain.took_us / MS, rows[i].took_ms);
		assert_int_equal(left_ms, rows[i].left_ms);
	}
}

static void traffic_that_comes_back_within_the_time_has_not_left(void **state)
{
	drained_at(&rules, 1000);
	assert_int_equal(looks(&rules, 0, 1800), -1);
	assert_int_equal(looks(&rules, 1000, 400), -1);
	assert_int_equal(looks(&rules, 0, 10000), 2000);
	assert_int_equal(drain.took_us / MS, 2200);
	assert_int_equal(drain.per_s, 0);
}

static void without_a_limit_of_time_it_is_over_at_once(void **state)
{
	static const struct drain_rules at_once = {.limit_s = 0, .settle_ms = 2000, .below_percent = 1};

	drained_at(&at_once, 1000);
	assert_int_equal(drain.end, DRAIN_LIMIT);
}

static void who_announces_nothing_takes_no_leave(void **state)
{
	drain = (struct drain){};
	assert_true(drain_want(&drain, &rules, true, false, MS));
	assert_int_equal(drain.phase, DRAIN_LEFT);
	assert_int_equal(drain.end, DRAIN_EMPTY);
}

static void it_is_taken_back_at_any_moment(void **state)
{
	drained_at(&rules, 1000);
	assert_false(drain_want(&drain, &rules, true, true, now_us));
	assert_true(drain_want(&drain, &rules, false, true, now_us));
	assert_int_equal(drain.phase, DRAIN_NONE);
	assert_int_equal(looks(&rules, 1000, 90000), -1);

	drained_at(&rules, 1000);
	assert_int_equal(looks(&rules, 0, 10000), 2000);
	assert_false(drain_want(&drain, &rules, true, false, now_us));
	assert_true(drain_want(&drain, &rules, false, false, now_us));
	assert_int_equal(drain.phase, DRAIN_NONE);
	assert_true(drain_want(&drain, &rules, true, true, now_us));
	assert_int_equal(drain.phase, DRAIN_LEAVING);
}

/* The daemon may be busy, and a test's machine asleep: one look then has it all. */
static void a_late_look_ends_nothing_that_traffic_did_not(void **state)
{
	drained_at(&rules, 1000);
	now_us += 10000 * MS;
	assert_false(drain_look(&drain, &rules, 10000, now_us));
	assert_int_equal(looks(&rules, 0, 10000), 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(traffic_has_left_when_little_enough_came_for_long_enough),
		cmocka_unit_test(traffic_that_comes_back_within_the_time_has_not_left),
		cmocka_unit_test(without_a_limit_of_time_it_is_over_at_once),
		cmocka_unit_test(who_announces_nothing_takes_no_leave),
		cmocka_unit_test(it_is_taken_back_at_any_moment),
		cmocka_unit_test(a_late_look_ends_nothing_that_traffic_did_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
