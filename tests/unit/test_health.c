/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/health.h"

#define MS 1000ULL
#define START (100 * 1000 * MS)

static const struct health_rules rules = {
	.interval_ms = 80, .timeout_ms = 50, .rise = 2, .fall = 3, .jitter = 10};

/* One backend, and a clock that the test moves. */
static struct health backend;
static uint64_t now_us;
static int falls, returns;

static void given(bool up)
{
	backend = health_new(up, START);
	now_us = START;
	falls = returns = 0;
}

static void tell(bool change)
{
	if (change)
		backend.up ? returns++ : falls++;
}

/* The next probe, whose end comes `took` after its beginning. */
static void probe(enum health_reason reason, uint64_t took)
{
	uint64_t wait = health_wait_us(&backend, &rules, 0);

	tell(health_probed(&backend, &rules, reason, now_us + took));
	now_us += wait > took ? wait : took;
}

static void passes(int n)
{
	for (int i = 0; i < n; i++)
		probe(HEALTH_PASSED, 1 * MS);
}

static void fails(int n)
{
	for (int i = 0; i < n; i++)
		probe(HEALTH_REFUSED, 1 * MS);
}

static void it_falls_with_the_third_failure_in_a_row(void **state)
{
	given(true);
	fails(2);
	assert_true(backend.up);
	fails(1);
	assert_false(backend.up);
	assert_int_equal(falls, 1);
	assert_int_equal(backend.reason, HEALTH_REFUSED);
}

static void a_pass_in_between_begins_the_count_anew(void **state)
{
	given(true);
	for (int i = 0; i < 100; i++) {
		fails(2);
		passes(1);
	}
	assert_int_equal(falls, 0);
}

static void it_rises_with_the_second_pass_in_a_row(void **state)
{
	given(false);
	passes(1);
	fails(1);
	passes(1);
	assert_false(backend.up);
	passes(1);
	assert_true(backend.up);
	assert_int_equal(returns, 1);
	assert_int_equal(backend.reason, HEALTH_PASSED);
}

/* It dies right after it has answered, and everything is as late as can be. */
static void a_silent_death_is_seen_within_230_ms(void **state)
{
	uint64_t died_us, begun_us;

	given(true);
	passes(10);
	died_us = now_us;
	begun_us = died_us + health_wait_us(&backend, &rules, 0);
	while (backend.up) {
		uint64_t ended_us = begun_us + rules.timeout_ms * MS;

		tell(health_probed(&backend, &rules, HEALTH_TIMEOUT, ended_us));
		begun_us += health_wait_us(&backend, &rules, 0);
		now_us = ended_us;
	}
	assert_int_equal(now_us - died_us, 230 * MS);
}

static void jitter_brings_a_probe_forward_by_a_tenth_at_most(void **state)
{
	uint64_t least = UINT64_MAX, most = 0;

	given(true);
	for (uint32_t random = 0; random < 0x10000; random += 97) {
		uint64_t wait = health_wait_us(&backend, &rules, random);

		least = wait < least ? wait : least;
		most = wait > most ? wait : most;
	}
	assert_in_range(least, 72 * MS, 73 * MS);
	assert_int_equal(most, 80 * MS);
}

/* Up for a second, down for a second. */
static int flaps(uint64_t for_us)
{
	uint64_t end = now_us + for_us;

	while (now_us < end) {
		for (uint64_t till = now_us + 1000 * MS; now_us < till;)
			passes(1);
		for (uint64_t till = now_us + 1000 * MS; now_us < till;)
			fails(1);
	}
	return falls;
}

static void a_backend_that_flaps_for_five_minutes_is_moved_a_few_times_only(void **state)
{
	given(true);
	assert_in_range(flaps(300 * 1000 * MS), 2, 5);
}

static void each_fall_soon_after_a_return_doubles_the_time_it_is_held_down(void **state)
{
	uint64_t wanted = 0;

	given(true);
	for (int i = 0; i < 12; i++) {
		uint64_t failed_us;

		fails(3);
		assert_int_equal(backend.hold_us, wanted);
		failed_us = backend.failed_us;
		while (!backend.up)
			passes(1);
		assert_in_range(backend.since_us - failed_us, wanted, wanted + 240 * MS);
		wanted = wanted ? 2 * wanted : HEALTH_HOLD_FIRST_US;
		wanted = wanted < HEALTH_HOLD_MAX_US ? wanted : HEALTH_HOLD_MAX_US;
	}
}

static void a_failure_while_it_is_held_down_begins_the_time_anew(void **state)
{
	given(true);
	for (int i = 0; i < 3; i++) {
		fails(3);
		while (!backend.up)
			passes(1);
	}
	fails(3);
	assert_int_equal(backend.hold_us, 4 * HEALTH_HOLD_FIRST_US);
	for (int i = 0; i < 10; i++) {
		passes(20);
		fails(1);
	}
	assert_false(backend.up);
}

static void a_first_fall_holds_nothing_down(void **state)
{
	given(true);
	fails(3);
	passes(2);
	assert_true(backend.up);
}

static void a_backend_that_stayed_up_for_long_is_no_longer_damped(void **state)
{
	given(true);
	for (int i = 0; i < 4; i++) {
		fails(3);
		while (!backend.up)
			passes(1);
	}
	for (uint64_t end = now_us + HEALTH_STABLE_US; now_us < end;)
		passes(1);
	fails(3);
	passes(2);
	assert_true(backend.up);
}

static void agent_is(enum health_agent agent)
{
	tell(health_agent(&backend, &rules, agent, now_us));
}

/* Down for the second time within seconds: damped. */
static void given_one_that_comes_and_goes(void)
{
	given(true);
	fails(3);
	passes(2);
	fails(3);
	assert_int_equal(backend.hold_us, HEALTH_HOLD_FIRST_US);
}

static void one_that_damping_alone_keeps_down_is_held_as_soon_as_it_passes_often_enough(void **state)
{
	given_one_that_comes_and_goes();
	passes(1);
	assert_false(backend.held);
	passes(1);
	assert_true(backend.held);
	assert_false(backend.up);
	assert_string_equal(health_reason_text(backend.reason), "has come back too often of late");
	while (!backend.up)
		passes(1);
	assert_false(backend.held);
	assert_in_range(now_us - backend.failed_us, HEALTH_HOLD_FIRST_US, HEALTH_HOLD_FIRST_US + 160 * MS);
}

static void it_takes_as_many_failures_to_lose_one_that_is_held_as_one_that_is_up(void **state)
{
	given_one_that_comes_and_goes();
	passes(2);
	fails(2);
	assert_true(backend.held);
	passes(1);
	assert_true(backend.held);
	fails(3);
	assert_false(backend.held);
	passes(2);
	agent_is(HEALTH_AGENT_ALONE);
	assert_false(backend.held);
	assert_int_equal(falls, 2);
}

static void an_agent_without_a_listener_closes_at_once(void **state)
{
	given(true);
	passes(5);
	agent_is(HEALTH_AGENT_ALONE);
	assert_int_equal(falls, 1);
	assert_int_equal(backend.reason, HEALTH_NO_LISTENER);
	agent_is(HEALTH_AGENT_HEARD);
	assert_false(backend.up);
	passes(2);
	assert_true(backend.up);
}

static void a_heartbeat_opens_nothing_that_probes_have_closed(void **state)
{
	given(true);
	fails(3);
	for (int i = 0; i < 100; i++) {
		agent_is(HEALTH_AGENT_HEARD);
		fails(1);
	}
	assert_false(backend.up);
	assert_int_equal(backend.reason, HEALTH_REFUSED);
}

/* One whose operator wants to hear its agent. */
static const struct health_rules strict = {
	.interval_ms = 80, .timeout_ms = 50, .rise = 2, .fall = 3, .jitter = 10, .required = true};

static bool strict_pass(void)
{
	now_us += 80 * MS;
	return health_probed(&backend, &strict, HEALTH_PASSED, now_us);
}

static void a_required_heartbeat_that_is_missed_closes_and_no_probe_opens(void **state)
{
	given(true);
	assert_false(health_agent(&backend, &strict, HEALTH_AGENT_UNKNOWN, now_us));
	assert_false(health_agent(&backend, &strict, HEALTH_AGENT_HEARD, now_us));
	assert_true(health_agent(&backend, &strict, HEALTH_AGENT_SILENT, now_us));
	assert_int_equal(backend.reason, HEALTH_SILENT);
	for (int i = 0; i < 10; i++)
		assert_false(strict_pass());
	assert_false(health_agent(&backend, &strict, HEALTH_AGENT_HEARD, now_us));
	assert_false(strict_pass());
	assert_true(strict_pass());
	assert_true(backend.up);
}

/* A host that has no time for its agent now and then: a generation of rows each time is too much. */
static void one_whose_required_heartbeat_comes_and_goes_is_damped(void **state)
{
	int generations = 0;

	given(true);
	for (int second = 0; second < 300; second++) {
		generations += health_agent(&backend, &strict, HEALTH_AGENT_SILENT, now_us);
		health_agent(&backend, &strict, HEALTH_AGENT_HEARD, now_us);
		for (int i = 0; i < 12; i++)
			generations += strict_pass();
	}
	assert_true(generations < 12);
}

static void an_agent_that_falls_silent_closes_nothing(void **state)
{
	given(true);
	agent_is(HEALTH_AGENT_HEARD);
	for (int i = 0; i < 100; i++) {
		agent_is(HEALTH_AGENT_SILENT);
		passes(1);
	}
	assert_int_equal(falls, 0);
}

static void one_failure_is_enough_when_the_agent_is_silent_too(void **state)
{
	given(true);
	agent_is(HEALTH_AGENT_HEARD);
	fails(1);
	passes(1);
	assert_true(backend.up);
	agent_is(HEALTH_AGENT_SILENT);
	fails(1);
	assert_false(backend.up);
}

static void who_was_not_heard_yet_or_has_said_goodbye_is_not_silent(void **state)
{
	given(true);
	agent_is(HEALTH_AGENT_HEARD);
	agent_is(HEALTH_AGENT_UNKNOWN);
	fails(2);
	assert_true(backend.up);
	assert_int_equal(falls, 0);
}

static void a_down_backend_is_probed_at_the_interval(void **state)
{
	given(true);
	fails(1);
	assert_int_equal(health_wait_us(&backend, &rules, 0), 50 * MS);
	fails(2);
	assert_int_equal(health_wait_us(&backend, &rules, 0), 80 * MS);
}

/* Whatever comes in whatever order: what must always be true. */
static void any_sequence_keeps_the_invariants(void **state)
{
	srand(1);
	for (int run = 0; run < 200; run++) {
		uint32_t in_a_row = 0;

		given(rand() % 2);
		for (int i = 0; i < 500; i++) {
			bool was = backend.up;
			enum health_reason reason = rand() % 3 ? HEALTH_PASSED
							       : (enum health_reason)(rand() % 5);

			if (rand() % 20 == 0)
				agent_is(rand() % 4);
			if (was && !backend.up) { /* nobody listens */
				was = false;
				assert_int_equal(backend.reason, HEALTH_NO_LISTENER);
			}
			in_a_row = reason == HEALTH_PASSED ? 0 : in_a_row + 1;
			probe(reason, rand() % 50 * MS);
			if (was && !backend.up)
				assert_true(in_a_row >= rules.fall || backend.silent);
			if (!was && backend.up)
				assert_true(now_us - backend.failed_us >= backend.hold_us && !in_a_row);
			assert_true(falls - returns <= 1 && returns - falls <= 1);
			assert_false(backend.held && (backend.up || in_a_row >= rules.fall));
		}
		assert_int_equal(backend.falls, falls);
	}
}

static void expect_open(bool trust_all, const bool *up, const bool *enabled, const bool *want)
{
	bool open[3] = {enabled[0], enabled[1], enabled[2]};

	health_open(up, 3, trust_all, open);
	for (int i = 0; i < 3; i++)
		assert_int_equal(open[i], want[i]);
}

#define OF(...) ((const bool[]){__VA_ARGS__})

static void open_are_those_that_are_enabled_and_up(void **state)
{
	expect_open(false, OF(1, 0, 1), OF(1, 1, 0), OF(1, 0, 0));
	expect_open(true, OF(1, 0, 1), OF(1, 1, 0), OF(1, 0, 0));
}

static void all_down_is_trusted_as_the_operator_says(void **state)
{
	expect_open(false, OF(0, 0, 0), OF(1, 1, 0), OF(0, 0, 0));
	expect_open(true, OF(0, 0, 0), OF(1, 1, 0), OF(1, 1, 0));
	expect_open(true, OF(0, 0, 1), OF(1, 1, 0), OF(1, 1, 0));
}

static void every_reason_has_words(void **state)
{
	for (int i = 0; i < HEALTH_REASONS; i++)
		assert_non_null(health_reason_text(i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_falls_with_the_third_failure_in_a_row),
		cmocka_unit_test(a_pass_in_between_begins_the_count_anew),
		cmocka_unit_test(it_rises_with_the_second_pass_in_a_row),
		cmocka_unit_test(a_silent_death_is_seen_within_230_ms),
		cmocka_unit_test(jitter_brings_a_probe_forward_by_a_tenth_at_most),
		cmocka_unit_test(a_backend_that_flaps_for_five_minutes_is_moved_a_few_times_only),
		cmocka_unit_test(each_fall_soon_after_a_return_doubles_the_time_it_is_held_down),
		cmocka_unit_test(a_failure_while_it_is_held_down_begins_the_time_anew),
		cmocka_unit_test(a_first_fall_holds_nothing_down),
		cmocka_unit_test(a_backend_that_stayed_up_for_long_is_no_longer_damped),
		cmocka_unit_test(one_that_damping_alone_keeps_down_is_held_as_soon_as_it_passes_often_enough),
		cmocka_unit_test(it_takes_as_many_failures_to_lose_one_that_is_held_as_one_that_is_up),
		cmocka_unit_test(an_agent_without_a_listener_closes_at_once),
		cmocka_unit_test(a_heartbeat_opens_nothing_that_probes_have_closed),
		cmocka_unit_test(a_required_heartbeat_that_is_missed_closes_and_no_probe_opens),
		cmocka_unit_test(one_whose_required_heartbeat_comes_and_goes_is_damped),
		cmocka_unit_test(an_agent_that_falls_silent_closes_nothing),
		cmocka_unit_test(one_failure_is_enough_when_the_agent_is_silent_too),
		cmocka_unit_test(who_was_not_heard_yet_or_has_said_goodbye_is_not_silent),
		cmocka_unit_test(a_down_backend_is_probed_at_the_interval),
		cmocka_unit_test(any_sequence_keeps_the_invariants),
		cmocka_unit_test(open_are_those_that_are_enabled_and_up),
		cmocka_unit_test(all_down_is_trusted_as_the_operator_says),
		cmocka_unit_test(every_reason_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
