/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wire/recent.h"

#define FLOWS 100000
#define NOW 4000 /* ticks */

static uint64_t mix_of(uint64_t flow)
{
	return pin_mix((flow + 1) * 0xd1342543de82ef95ULL);
}

/* Of FLOWS flows, those whose mark is another after a change of what it is made of. */
static unsigned int changed(uint16_t backend, uint16_t now)
{
	unsigned int count = 0;

	for (uint64_t i = 0; i < FLOWS; i++)
		count += recent_mark(mix_of(i), backend, now) != recent_mark(mix_of(i), 1, NOW);
	return count;
}

static void a_mark_is_nobody_s_never(void **state)
{
	for (uint64_t i = 0; i < FLOWS; i++)
		assert_int_not_equal(recent_mark(mix_of(i), 1, NOW), 0);
}

/* One in 256 keeps it by chance. */
static void when_the_row_leads_elsewhere_marks_change(void **state)
{
	for (int backend = 2; backend < 40; backend++)
		assert_true(changed(backend, NOW) > FLOWS * 0.99);
	assert_true(changed(0x7fff, NOW) > FLOWS * 0.99);
}

static void in_the_next_epoch_all_marks_are_others(void **state)
{
	for (int epochs = 1; epochs < 40; epochs++)
		assert_true(changed(1, NOW + epochs * PIN_RECENT) > FLOWS * 0.99);
}

/* In each tick those of one flow in PIN_RECENT end, and so they do where ticks begin anew. */
static void marks_of_many_flows_do_not_end_at_once(void **state)
{
	for (int ticks = 1; ticks <= PIN_RECENT; ticks++)
		assert_in_range(changed(1, NOW + ticks), FLOWS * 0.97 * ticks / PIN_RECENT,
				FLOWS * 1.03 * ticks / PIN_RECENT);
	for (uint64_t i = 0; i < FLOWS; i++) {
		unsigned int changes = 0;

		for (uint16_t now = 0xfff0; now != 0x10; now++)
			changes += recent_mark(mix_of(i), 1, now) != recent_mark(mix_of(i), 1, now + 1);
		assert_in_range(changes, 0, 3);
	}
}

static void a_mark_is_found_in_whichever_lane_it_stands(void **state)
{
	for (unsigned int mark = 1; mark < 256; mark++)
		for (unsigned int lane = 0; lane < RECENT_WORD_LANES; lane++) {
			unsigned int other = mark == 7 ? 9 : 7;
			uint64_t word = RECENT_LANES(other) & ~(0xffULL << lane * RECENT_LANE_BITS);

			assert_int_equal(recent_match(word, mark), 0);
			word |= (uint64_t)mark << lane * RECENT_LANE_BITS;
			assert_int_equal(recent_lane(recent_match(word, mark)), lane);
		}
}

static void a_mark_takes_the_first_free_lane_and_in_a_full_word_another_one_s(void **state)
{
	for (unsigned int lane = 0; lane < RECENT_WORD_LANES; lane++) {
		uint64_t word = RECENT_LANES(3) & ~(~0ULL << lane * RECENT_LANE_BITS);

		assert_int_equal(recent_place(word, 9), lane);
	}
	for (unsigned int mark = 1; mark < 256; mark++)
		assert_in_range(recent_place(RECENT_LANES(3), mark), 0, RECENT_WORD_LANES - 1);
}

/* How often a flow without a mark is taken for one that has: with a million flows that have, and with five. */
static double taken(uint64_t *words, uint32_t flows)
{
	unsigned int count = 0;

	for (uint64_t i = 0; i < flows; i++) {
		uint8_t mark = recent_mark(mix_of(i), 1, NOW);
		uint64_t *word = &words[recent_word_of(mix_of(i))];

		if (!recent_match(*word, mark))
			((uint8_t *)word)[recent_place(*word, mark)] = mark;
	}
	for (uint64_t i = flows; i < flows + FLOWS; i++)
		count += recent_match(words[recent_word_of(mix_of(i))], recent_mark(mix_of(i), 1, NOW)) != 0;
	return (double)count / FLOWS;
}

static void another_flow_s_mark_is_seldom_taken_for_one_s_own(void **state)
{
	uint64_t *words = calloc(1 << RECENT_BITS, sizeof(*words));

	assert_non_null(words);
	assert_true(taken(words, 1000000) < 0.018);
	assert_true(taken(words, 5000000) < 0.035);
	free(words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mark_is_nobody_s_never),
		cmocka_unit_test(when_the_row_leads_elsewhere_marks_change),
		cmocka_unit_test(in_the_next_epoch_all_marks_are_others),
		cmocka_unit_test(marks_of_many_flows_do_not_end_at_once),
		cmocka_unit_test(a_mark_is_found_in_whichever_lane_it_stands),
		cmocka_unit_test(a_mark_takes_the_first_free_lane_and_in_a_full_word_another_one_s),
		cmocka_unit_test(another_flow_s_mark_is_seldom_taken_for_one_s_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
