/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Gateways of a site that begin apart, and come to the same shares. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/agreement.h"

#define SECOND 1000000ULL
#define NOW (100 * SECOND)

static struct agreement_peer peer_of(uint64_t gateway, uint64_t sequence, uint64_t heard_us)
{
	return (struct agreement_peer){
		.gateway = gateway, .boot = 1, .sequence = sequence, .heard_us = heard_us};
}

/* One that has made its first steps. */
static struct agreement grown(void)
{
	return (struct agreement){.steps = AGREEMENT_FIRST_STEPS};
}

static uint32_t begins_with(struct agreement *agreement, uint32_t own)
{
	struct policy_shares shares = {.keep = POLICY_WHOLE - own, .sites = {own}};
	struct policy_shares mean = agreement_begin(agreement, &shares, 1, NOW);

	assert_int_equal(mean.keep + mean.sites[0], POLICY_WHOLE);
	return mean.sites[0];
}

static void hear(struct agreement *agreement, uint64_t gateway, uint32_t share)
{
	struct agreement_peer peer = peer_of(gateway, 1, NOW);

	assert_true(agreement_hear(agreement, &peer, 0, share));
}

static void who_is_alone_keeps_what_it_has(void **state)
{
	struct agreement agreement = grown();

	assert_int_equal(begins_with(&agreement, 300), 300);
}

static void each_begins_from_the_mean(void **state)
{
	struct agreement agreement = grown();

	hear(&agreement, 7, 700);
	assert_int_equal(begins_with(&agreement, 100), 400);
	hear(&agreement, 8, 100);
	assert_int_equal(begins_with(&agreement, 100), 300);
}

static void two_that_began_apart_have_the_same_in_one_step(void **state)
{
	struct agreement a = grown(), b = grown();
	uint32_t of_a = 135, of_b = 702, next;

	hear(&a, 2, of_b);
	hear(&b, 1, of_a);
	next = begins_with(&a, of_a);
	of_b = begins_with(&b, of_b);
	assert_in_range(next, of_b - 1, of_b + 1);
}

static void one_that_has_just_begun_takes_the_others_word_and_says_nothing(void **state)
{
	struct agreement agreement = {};

	for (int i = 0; i < AGREEMENT_FIRST_STEPS; i++) {
		hear(&agreement, 7, 500);
		assert_false(agreement_speaks(&agreement));
		assert_int_equal(begins_with(&agreement, 0), 500);
	}
	assert_int_equal(begins_with(&agreement, 500), 500);
	assert_true(agreement_speaks(&agreement));
}

static void who_was_not_heard_for_long_counts_no_more(void **state)
{
	struct agreement agreement = grown();
	struct agreement_peer peer = peer_of(7, 1, NOW - AGREEMENT_AGE_US - 1);

	assert_true(agreement_hear(&agreement, &peer, 0, 900));
	assert_int_equal(begins_with(&agreement, 100), 100);
}

static void what_is_older_than_the_newest_counts_for_nothing(void **state)
{
	struct agreement agreement = grown();
	struct agreement_peer peer = peer_of(7, 5, NOW);

	assert_true(agreement_hear(&agreement, &peer, 0, 500));
	peer.sequence = 4;
	assert_false(agreement_hear(&agreement, &peer, 0, 0));
	peer.boot = 2;
	assert_true(agreement_hear(&agreement, &peer, 0, 300));
	assert_int_equal(begins_with(&agreement, 300), 300);
}

static void what_makes_no_sense_counts_for_nothing(void **state)
{
	struct agreement agreement = grown();
	struct agreement_peer peer = peer_of(7, 5, NOW);

	assert_false(agreement_hear(&agreement, &peer, 0, POLICY_WHOLE + 1));
	assert_false(agreement_hear(&agreement, &peer, POLICY_SITES_MAX, 1));
	assert_int_equal(begins_with(&agreement, 300), 300);
}

static void more_gateways_than_places_change_nothing_for_those_that_have_one(void **state)
{
	struct agreement agreement = grown();

	for (uint64_t i = 1; i <= AGREEMENT_PEERS_MAX; i++)
		hear(&agreement, i, 200);
	assert_false(agreement_hear(&agreement, &(struct agreement_peer){99, 1, 1, NOW, {}}, 0, 900));
	assert_int_equal(begins_with(&agreement, 200), 200);
}

static void a_little_that_others_have_changes_no_rows_of_one_whose_all_stay(void **state)
{
	struct agreement agreement = grown();

	hear(&agreement, 7, POLICY_QUANTUM);
	assert_int_equal(begins_with(&agreement, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_alone_keeps_what_it_has),
		cmocka_unit_test(each_begins_from_the_mean),
		cmocka_unit_test(two_that_began_apart_have_the_same_in_one_step),
		cmocka_unit_test(one_that_has_just_begun_takes_the_others_word_and_says_nothing),
		cmocka_unit_test(who_was_not_heard_for_long_counts_no_more),
		cmocka_unit_test(what_is_older_than_the_newest_counts_for_nothing),
		cmocka_unit_test(what_makes_no_sense_counts_for_nothing),
		cmocka_unit_test(more_gateways_than_places_change_nothing_for_those_that_have_one),
		cmocka_unit_test(a_little_that_others_have_changes_no_rows_of_one_whose_all_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
