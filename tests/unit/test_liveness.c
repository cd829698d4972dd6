/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/liveness.h"

#define MS 1000ULL
#define START (100 * 1000 * MS)

/* One peer, and a clock that the test moves. */
static struct liveness peer;
static uint64_t now_us, token;
static int deaths, returns;

static void given(bool alive)
{
	peer = liveness_new(alive);
	now_us = START;
	token = 1000;
	deaths = returns = 0;
}

/* The next interval's question. */
static void ask(void)
{
	now_us += LIVENESS_INTERVAL_US;
	deaths += liveness_ask(&peer, ++token, now_us);
}

/* The answer to the question before `back` others, some time after the newest one. */
static void answer(int back, uint64_t after_us)
{
	returns += liveness_answer(&peer, token - back, now_us + after_us);
}

static void answered(int questions)
{
	for (int i = 0; i < questions; i++) {
		ask();
		answer(0, 300);
	}
}

/* So many are asked, and found lost when the next one is due. */
static void unanswered(int questions)
{
	for (int i = 0; i < questions; i++)
		ask();
	ask();
	answer(0, 300);
}

/* Dead as fast as can be, seen from the last answer. */
static void dies(void)
{
	for (int i = 0; i <= LIVENESS_LOSSES; i++)
		ask();
	assert_false(peer.alive);
}

static void a_peer_never_heard_of_is_alive_until_three_losses(void **state)
{
	given(true);
	for (int i = 0; i < 3; i++) {
		ask();
		assert_true(peer.alive);
	}
	ask();
	assert_false(peer.alive);
	assert_int_equal(deaths, 1);
}

static void a_dead_peer_is_out_four_intervals_after_its_last_answer(void **state)
{
	uint64_t last_us;

	given(true);
	answered(10);
	last_us = now_us;
	while (peer.alive)
		ask();
	assert_int_equal(now_us - last_us, 4 * LIVENESS_INTERVAL_US);
}

static void two_losses_and_an_answer_begin_the_count_anew(void **state)
{
	given(true);
	for (int i = 0; i < 100; i++)
		unanswered(2);
	assert_true(peer.alive);
	unanswered(3);
	assert_int_equal(deaths, 1);
}

static void a_death_is_told_once(void **state)
{
	given(true);
	for (int i = 0; i < 1000; i++)
		ask();
	assert_int_equal(deaths, 1);
}

static void three_answers_in_a_row_bring_it_back(void **state)
{
	given(true);
	dies();
	answered(2);
	assert_false(peer.alive);
	answered(1);
	assert_true(peer.alive);
	assert_int_equal(returns, 1);
}

static void a_loss_in_between_begins_the_row_of_answers_anew(void **state)
{
	given(true);
	dies();
	answered(2);
	unanswered(1);
	answered(1);
	assert_false(peer.alive);
	answered(1);
	assert_true(peer.alive);
}

static void a_peer_may_start_dead(void **state)
{
	given(false);
	ask();
	ask();
	assert_false(peer.alive);
	assert_int_equal(deaths, 0);
	answered(3);
	assert_true(peer.alive);
}

/* Answers that it takes to come back. */
static int answers_wanted(void)
{
	int answers = 0;

	for (; !peer.alive; answers++)
		answered(1);
	return answers;
}

static void each_death_soon_after_a_return_doubles_the_answers_wanted(void **state)
{
	given(true);
	for (int wanted = 3; wanted < 192; wanted *= 2) {
		dies();
		assert_int_equal(answers_wanted(), wanted);
	}
	for (int i = 0; i < 3; i++) {
		dies();
		assert_int_equal(answers_wanted(), 192);
	}
}

static void a_peer_that_flaps_for_a_minute_moves_flows_a_few_times_only(void **state)
{
	given(true);
	while (now_us < START + 60 * 1000 * MS) {
		unanswered(4);
		answered(10);
	}
	assert_in_range(deaths, 1, 3);
}

static void a_peer_that_stayed_alive_for_long_is_no_longer_damped(void **state)
{
	given(true);
	for (int i = 0; i < 4; i++) {
		dies();
		answers_wanted();
	}
	answered(LIVENESS_STABLE_US / LIVENESS_INTERVAL_US);
	dies();
	assert_int_equal(answers_wanted(), 3);
}

static void an_answer_after_its_interval_keeps_the_peer_alive(void **state)
{
	given(true);
	for (int i = 0; i < 100; i++) {
		ask();
		answer(1, 20 * MS); /* to the question before: 70 ms */
	}
	assert_true(peer.alive);
	assert_in_range(peer.rtt_us, 69 * MS, 71 * MS);
}

static void an_answer_to_a_question_long_ago_is_ignored(void **state)
{
	given(true);
	answered(1);
	for (int i = 0; i < 3; i++)
		ask();
	answer(LIVENESS_REMEMBERED, 0);
	ask();
	assert_false(peer.alive);
}

static void an_answer_counts_once(void **state)
{
	given(false);
	ask();
	answer(0, 100);
	answer(0, 200);
	answer(0, 300);
	assert_false(peer.alive);
}

static void a_token_that_was_not_asked_is_ignored(void **state)
{
	given(false);
	for (int i = 0; i < 10; i++) {
		ask();
		returns += liveness_answer(&peer, 7, now_us);
		returns += liveness_answer(&peer, 0, now_us);
	}
	assert_int_equal(returns, 0);
}

static void a_clock_that_leaps_forward_is_one_loss_at_most(void **state)
{
	given(true);
	answered(5);
	ask();
	now_us += 3600 * 1000 * MS;
	ask();
	assert_true(peer.alive);
	assert_int_equal(peer.losses, 1);
}

static void answers_that_waited_while_we_were_away_are_taken(void **state)
{
	given(true);
	for (int i = 0; i < 10; i++) {
		ask();
		now_us += 2000 * MS;
		answer(0, 0);
	}
	assert_true(peer.alive);
	assert_int_equal(peer.losses, 0);
	assert_int_equal(peer.rtt_us, 0);
}

static void a_clock_that_goes_back_counts_neither_way(void **state)
{
	given(true);
	ask();
	ask();
	ask();
	now_us -= 10000 * MS;
	ask();
	assert_true(peer.alive);
	assert_int_equal(peer.losses, 2);
	answer(1, 0);
	assert_int_equal(peer.losses, 2);
	answer(0, 100);
	assert_int_equal(peer.losses, 0);
}

static void the_round_trip_is_smoothed(void **state)
{
	given(true);
	answered(1);
	assert_int_equal(peer.rtt_us, 300);
	ask();
	answer(0, 1100);
	assert_int_equal(peer.rtt_us, 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_peer_never_heard_of_is_alive_until_three_losses),
		cmocka_unit_test(a_dead_peer_is_out_four_intervals_after_its_last_answer),
		cmocka_unit_test(two_losses_and_an_answer_begin_the_count_anew),
		cmocka_unit_test(a_death_is_told_once),
		cmocka_unit_test(three_answers_in_a_row_bring_it_back),
		cmocka_unit_test(a_loss_in_between_begins_the_row_of_answers_anew),
		cmocka_unit_test(a_peer_may_start_dead),
		cmocka_unit_test(each_death_soon_after_a_return_doubles_the_answers_wanted),
		cmocka_unit_test(a_peer_that_flaps_for_a_minute_moves_flows_a_few_times_only),
		cmocka_unit_test(a_peer_that_stayed_alive_for_long_is_no_longer_damped),
		cmocka_unit_test(an_answer_after_its_interval_keeps_the_peer_alive),
		cmocka_unit_test(an_answer_to_a_question_long_ago_is_ignored),
		cmocka_unit_test(an_answer_counts_once),
		cmocka_unit_test(a_token_that_was_not_asked_is_ignored),
		cmocka_unit_test(a_clock_that_leaps_forward_is_one_loss_at_most),
		cmocka_unit_test(answers_that_waited_while_we_were_away_are_taken),
		cmocka_unit_test(a_clock_that_goes_back_counts_neither_way),
		cmocka_unit_test(the_round_trip_is_smoothed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
