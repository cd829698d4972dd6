/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/following.h"

#define S 1000000ULL

static void all_is_read_then_watched(void **state)
{
	struct following following;

	following_begin(&following, 1, 5 * S);
	assert_int_equal(following.step, FOLLOWING_READ);
	assert_true(following_was_read(&following, 34, 6 * S));
	assert_int_equal(following.step, FOLLOWING_WATCH);
	assert_int_equal(following.revision, 34);
	following_heard(&following, 36, 7 * S);
	assert_int_equal(following.revision, 36);
	assert_int_equal(following.heard_us, 7 * S);
}

static void an_older_event_does_not_lead_back(void **state)
{
	struct following following;

	following_begin(&following, 1, 0);
	following_was_read(&following, 34, S);
	following_heard(&following, 12, 2 * S);
	following_heard(&following, 0, 3 * S);
	assert_int_equal(following.revision, 34);
}

static void that_it_cannot_be_reached_is_news_once_each_way(void **state)
{
	struct following following;

	following_begin(&following, 1, 0);
	assert_true(following_was_read(&following, 34, S));
	assert_true(following_failed(&following, false, 2 * S, 0));
	assert_false(following_failed(&following, false, 3 * S, 0));
	assert_false(following_failed(&following, false, 4 * S, 0));
	assert_true(following_was_probed(&following, true, 34, 5 * S));
	assert_false(following_was_read(&following, 35, 6 * S));
}

static void at_the_start_either_is_news(void **state)
{
	struct following following;

	following_begin(&following, 1, 0);
	assert_true(following_failed(&following, false, S, 0));
	assert_false(following_failed(&following, false, 2 * S, 0));
	assert_int_equal(following.step, FOLLOWING_READ);
}

static void who_was_cut_off_looks_at_the_manifest_and_goes_on(void **state)
{
	struct following following;

	following_begin(&following, 1, 0);
	following_was_read(&following, 34, S);
	following_failed(&following, false, 2 * S, 0);
	assert_int_equal(following.step, FOLLOWING_PROBE);
	following_was_probed(&following, true, 36, 3 * S);
	assert_int_equal(following.step, FOLLOWING_WATCH);
	assert_int_equal(following.revision, 34);
}

static void a_manifest_that_is_another_has_all_read_anew(void **state)
{
	struct following following;

	following_begin(&following, 1, 0);
	following_was_read(&following, 34, S);
	following_failed(&following, false, 2 * S, 0);
	following_was_probed(&following, false, 36, 3 * S);
	assert_int_equal(following.step, FOLLOWING_READ);
	/* A store that began again counts from the beginning. */
	following_was_read(&following, 2, 4 * S);
	assert_int_equal(following.revision, 2);
}

/* From a snapshot that has our manifest: what is edited from now on has revisions that we would not watch for. */
static void a_store_that_was_put_back_is_read_anew_though_the_manifest_is_ours(void **state)
{
	struct following following;

	following_begin(&following, 1, 0);
	following_was_read(&following, 34, S);
	following_failed(&following, false, 2 * S, 0);
	following_was_probed(&following, true, 33, 3 * S);
	assert_int_equal(following.step, FOLLOWING_READ);
	following_was_read(&following, 33, 4 * S);
	assert_int_equal(following.step, FOLLOWING_WATCH);
	assert_int_equal(following.revision, 33);
}

static void what_the_store_has_forgotten_is_read_anew(void **state)
{
	struct following following;

	following_begin(&following, 1, 0);
	following_was_read(&following, 34, S);
	following_was_compacted(&following);
	assert_int_equal(following.step, FOLLOWING_READ);
	/* And so it is after a failure in the middle of it. */
	following_failed(&following, false, 2 * S, 0);
	assert_int_equal(following.step, FOLLOWING_READ);
}

static void failures_are_followed_by_longer_waits_up_to_a_bound(void **state)
{
	struct following following;
	uint64_t now = S, before = 0;

	following_begin(&following, 1, 0);
	for (int i = 0; i < 20; i++) {
		uint64_t wait;

		following_failed(&following, false, now, UINT32_MAX);
		wait = following.retry_us - now;
		assert_true(wait >= before);
		assert_true(wait <= FOLLOWING_WAIT_MAX_US);
		before = wait;
		now = following.retry_us;
	}
	assert_int_equal(before, FOLLOWING_WAIT_MAX_US);
	following_was_read(&following, 1, now);
	following_failed(&following, false, now, UINT32_MAX);
	assert_int_equal(following.retry_us - now, FOLLOWING_WAIT_MIN_US);
}

static void waits_are_spread_over_their_second_half(void **state)
{
	struct following early, late;

	following_begin(&early, 1, 0);
	late = early;
	following_failed(&early, false, S, 0);
	following_failed(&late, false, S, UINT32_MAX);
	assert_int_equal(early.retry_us - S, FOLLOWING_WAIT_MIN_US / 2);
	assert_int_equal(late.retry_us - S, FOLLOWING_WAIT_MIN_US);
}

static void the_next_of_several_members_is_asked_at_once_and_nothing_is_said(void **state)
{
	struct following following;

	following_begin(&following, 3, 0);
	following_was_read(&following, 34, S);
	for (int i = 0; i < 2; i++) {
		assert_false(following_failed(&following, false, 2 * S, UINT32_MAX));
		assert_int_equal(following.retry_us, 2 * S);
	}
	assert_int_equal(following.step, FOLLOWING_PROBE);
	assert_true(following.reachable);
	assert_false(following_was_probed(&following, true, 34, 2 * S));
}

static void when_each_member_has_failed_there_is_a_wait(void **state)
{
	struct following following;

	following_begin(&following, 3, 0);
	following_was_read(&following, 34, S);
	for (int i = 0; i < 3; i++)
		following_failed(&following, false, 2 * S, UINT32_MAX);
	assert_int_equal(following.retry_us, 2 * S + FOLLOWING_WAIT_MIN_US);
	for (int i = 0; i < 3; i++)
		following_failed(&following, false, 3 * S, UINT32_MAX);
	assert_int_equal(following.retry_us, 3 * S + 2 * FOLLOWING_WAIT_MIN_US);
}

static void that_several_cannot_be_reached_is_news_when_an_election_would_be_over(void **state)
{
	struct following following;
	uint64_t now = 2 * S;

	following_begin(&following, 3, 0);
	following_was_read(&following, 34, S);
	for (int i = 0; i < 6; i++)
		assert_false(following_failed(&following, false, now, 0));
	assert_true(following.reachable);
	now += FOLLOWING_ELECTION_US;
	for (int i = 0; i < 2; i++)
		assert_false(following_failed(&following, false, now, 0));
	assert_true(following_failed(&following, false, now, 0));
	assert_false(following.reachable);
	assert_true(following_was_probed(&following, true, 34, now));
}

static void what_all_members_would_say_is_news_at_once(void **state)
{
	struct following following;

	following_begin(&following, 3, 0);
	following_was_read(&following, 34, S);
	assert_false(following_failed(&following, false, 2 * S, 0));
	assert_true(following_failed(&following, true, 2 * S, UINT32_MAX));
	assert_int_equal(following.retry_us, 2 * S + FOLLOWING_WAIT_MIN_US);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_read_then_watched),
		cmocka_unit_test(an_older_event_does_not_lead_back),
		cmocka_unit_test(that_it_cannot_be_reached_is_news_once_each_way),
		cmocka_unit_test(at_the_start_either_is_news),
		cmocka_unit_test(who_was_cut_off_looks_at_the_manifest_and_goes_on),
		cmocka_unit_test(a_manifest_that_is_another_has_all_read_anew),
		cmocka_unit_test(a_store_that_was_put_back_is_read_anew_though_the_manifest_is_ours),
		cmocka_unit_test(what_the_store_has_forgotten_is_read_anew),
		cmocka_unit_test(failures_are_followed_by_longer_waits_up_to_a_bound),
		cmocka_unit_test(waits_are_spread_over_their_second_half),
		cmocka_unit_test(the_next_of_several_members_is_asked_at_once_and_nothing_is_said),
		cmocka_unit_test(when_each_member_has_failed_there_is_a_wait),
		cmocka_unit_test(that_several_cannot_be_reached_is_news_when_an_election_would_be_over),
		cmocka_unit_test(what_all_members_would_say_is_news_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
