/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/budget.h"

#define SECOND 1000000000ULL
#define START (1000 * SECOND)

/* How many of `tries`, evenly over `ns`, are given. */
static int given(__u64 *due, __u64 from_ns, __u64 ns, int tries, __u64 interval_ns)
{
	int n = 0;

	for (int i = 0; i < tries; i++)
		n += budget_take(due, from_ns + ns * i / tries, interval_ns);
	return n;
}

static void a_seconds_worth_may_be_spent_at_once(void **state)
{
	__u64 due = 0;

	assert_int_equal(given(&due, START, 0, 1000, SECOND / 100), 101);
}

static void over_a_minute_no_more_is_given_than_is_earned(void **state)
{
	__u64 due = 0;

	assert_in_range(given(&due, START, 60 * SECOND, 1000000, SECOND / 100), 6000, 6101);
}

static void who_asks_for_less_than_is_earned_gets_it_all(void **state)
{
	__u64 due = 0;

	assert_int_equal(given(&due, START, 60 * SECOND, 5999, SECOND / 100), 5999);
}

static void a_long_pause_earns_no_more_than_a_second(void **state)
{
	__u64 due = 0;

	given(&due, START, 0, 1000, SECOND / 100);
	assert_int_equal(given(&due, START + 3600 * SECOND, 0, 1000, SECOND / 100), 101);
}

static void even_what_takes_minutes_to_earn_is_given_once(void **state)
{
	__u64 due = 0;

	assert_int_equal(given(&due, START, 0, 10, 300 * SECOND), 1);
	assert_int_equal(given(&due, START + 298 * SECOND, 0, 10, 300 * SECOND), 0);
	assert_int_equal(given(&due, START + 300 * SECOND, 0, 10, 300 * SECOND), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_seconds_worth_may_be_spent_at_once),
		cmocka_unit_test(over_a_minute_no_more_is_given_than_is_earned),
		cmocka_unit_test(who_asks_for_less_than_is_earned_gets_it_all),
		cmocka_unit_test(a_long_pause_earns_no_more_than_a_second),
		cmocka_unit_test(even_what_takes_minutes_to_earn_is_given_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
