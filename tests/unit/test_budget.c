/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/whohas.h"

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

/* What whohas_may_ask makes of it, for 1000 a second. */
#define INTERVAL (SECOND / 1000)

/* A second of a flood from everywhere, `tries` of them, each of a network that has not asked before. */
static int flooded(struct whohas_budget *budget, __u64 from_ns, int tries)
{
	int n = 0;

	for (int i = 0; i < tries; i++) {
		__u64 network = 0;

		n += whohas_may_ask(budget, &network, WHOHAS_STRANGER, from_ns + SECOND * i / tries,
				    INTERVAL);
	}
	return n;
}

static void a_flood_from_everywhere_gets_a_quarter(void **state)
{
	struct whohas_budget budget = {};

	flooded(&budget, START, 100000);
	assert_in_range(flooded(&budget, START + SECOND, 100000), 249, 251);
}

/* What is left in the flood's second second to a thousand packets of four networks. */
static int left_to(enum whohas_standing standing)
{
	struct whohas_budget budget = {};
	__u64 networks[4] = {};
	int n = 0;

	flooded(&budget, START, 100000);
	for (int i = 0; i < 1000; i++)
		n += whohas_may_ask(&budget, &networks[i % 4], standing, START + SECOND + i, INTERVAL);
	return n;
}

static void a_half_is_left_to_known_networks(void **state)
{
	assert_in_range(left_to(WHOHAS_KNOWN), 500, 502);
}

static void and_a_quarter_to_flows_that_come_back(void **state)
{
	assert_in_range(left_to(WHOHAS_BACK_AGAIN), 250, 252);
	assert_in_range(left_to(WHOHAS_STRANGER), 0, 2);
}

static void a_known_network_has_the_open_quarter_too(void **state)
{
	struct whohas_budget budget = {.kept_ns = START + 3600 * SECOND};
	__u64 network = 0;

	assert_true(whohas_may_ask(&budget, &network, WHOHAS_KNOWN, START, INTERVAL));
}

static void one_network_gets_a_quarter_even_of_an_idle_budget(void **state)
{
	struct whohas_budget budget = {};
	__u64 network = 0;
	int n = 0;

	for (int i = 0; i < 100000; i++)
		n += whohas_may_ask(&budget, &network, WHOHAS_KNOWN,
				    START + 10 * SECOND * i / 100000, INTERVAL);
	assert_in_range(n, 2500, 2751);
}

static void a_flow_is_back_once_a_timeout_has_passed_and_for_a_minute(void **state)
{
	struct whohas_seen put_off = {.hash = 7,
				      .time_ms = 0xffffffff}; /* milliseconds come round */

	assert_false(whohas_is_back(&put_off, 7, 0));
	assert_false(whohas_is_back(&put_off, 7, 98));
	assert_true(whohas_is_back(&put_off, 7, 99));
	assert_false(whohas_is_back(&put_off, 8, 99));
	assert_true(whohas_is_back(&put_off, 7, 59998));
	assert_false(whohas_is_back(&put_off, 7, 59999));
}

static void a_network_is_a_24_or_a_56(void **state)
{
	union address a = {.bytes = {0x20, 1, 0xd, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8}}, b = a;

	b.bytes[7] = 9;
	assert_true(whohas_network_of(&a, 1).network == whohas_network_of(&b, 1).network);
	b.bytes[6] = 9;
	assert_true(whohas_network_of(&a, 1).network != whohas_network_of(&b, 1).network);
	address_from_v4(&a, WIRE_BE32(0xc6336401));
	address_from_v4(&b, WIRE_BE32(0xc63364ff));
	assert_true(whohas_network_of(&a, 1).network == whohas_network_of(&b, 1).network);
	address_from_v4(&b, WIRE_BE32(0xc6336501));
	assert_true(whohas_network_of(&a, 1).network != whohas_network_of(&b, 1).network);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_seconds_worth_may_be_spent_at_once),
		cmocka_unit_test(over_a_minute_no_more_is_given_than_is_earned),
		cmocka_unit_test(who_asks_for_less_than_is_earned_gets_it_all),
		cmocka_unit_test(a_long_pause_earns_no_more_than_a_second),
		cmocka_unit_test(even_what_takes_minutes_to_earn_is_given_once),
		cmocka_unit_test(a_flood_from_everywhere_gets_a_quarter),
		cmocka_unit_test(a_half_is_left_to_known_networks),
		cmocka_unit_test(and_a_quarter_to_flows_that_come_back),
		cmocka_unit_test(a_flow_is_back_once_a_timeout_has_passed_and_for_a_minute),
		cmocka_unit_test(a_known_network_has_the_open_quarter_too),
		cmocka_unit_test(one_network_gets_a_quarter_even_of_an_idle_budget),
		cmocka_unit_test(a_network_is_a_24_or_a_56),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
