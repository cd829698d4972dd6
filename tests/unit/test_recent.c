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

/* Of a hash like the flow hash: splitmix64 (Steele, Lea, Flood, OOPSLA 2014). */
static uint64_t mix_of(uint64_t flow)
{
	uint64_t hash = (flow + 1) * 0x9e3779b97f4a7c15ULL;

	hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9ULL;
	hash = (hash ^ hash >> 27) * 0x94d049bb133111ebULL;
	return pin_mix(hash ^ hash >> 31);
}

static uint8_t mark_of(uint64_t flow, uint16_t backend, uint16_t now)
{
	uint64_t mix = mix_of(flow);

	return recent_mark(mix, backend, recent_epoch(recent_word_of(mix), now));
}

/* Of FLOWS flows, those whose mark is another after a change of what it is made of. */
static unsigned int changed(uint16_t backend, uint16_t now)
{
	unsigned int count = 0;

	for (uint64_t i = 0; i < FLOWS; i++)
		count += mark_of(i, backend, now) != mark_of(i, 1, NOW);
	return count;
}

static void a_mark_is_never_nobody_s(void **state)
{
	for (uint64_t i = 0; i < FLOWS; i++)
		assert_int_not_equal(mark_of(i, 1, NOW), 0);
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

/* In each tick those of one word in PIN_RECENT end. */
static void marks_of_many_flows_do_not_end_at_once(void **state)
{
	for (int ticks = 1; ticks <= PIN_RECENT; ticks++)
		assert_in_range(changed(1, NOW + ticks), FLOWS * 0.97 * ticks / PIN_RECENT,
				FLOWS * 1.03 * ticks / PIN_RECENT);
}

static void a_mark_is_found_in_whichever_lane_it_stands(void **state)
{
	for (unsigned int mark = 1; mark < 256; mark++)
		for (unsigned int lane = 0; lane < RECENT_WORD_LANES; lane++) {
			uint64_t epoch = (uint64_t)mark << RECENT_EPOCH_SHIFT, others, word;

			others = RECENT_LANES(mark == 7 ? 9 : 7) & ~(0xffULL << lane * RECENT_LANE_BITS);
			assert_int_equal(recent_match(epoch | others, mark), 0);
			word = epoch | others | (uint64_t)mark << lane * RECENT_LANE_BITS;
			assert_int_equal(recent_lane(recent_match(word, mark)), lane);
			assert_int_equal(recent_without(word, mark), epoch | others);
		}
}

static void a_mark_takes_a_free_lane_and_in_a_full_word_another_one_s(void **state)
{
	uint64_t word = 0;

	for (unsigned int lane = 0; lane < RECENT_WORD_LANES; lane++) {
		word = recent_with(word, 10 + lane, 3);
		for (unsigned int i = 0; i <= lane; i++)
			assert_int_not_equal(recent_match(word, 10 + i), 0);
	}
	for (unsigned int mark = 30; mark < 256; mark++) {
		uint64_t with = recent_with(word, mark, 3);

		assert_true(recent_is_of(with, 3));
		assert_int_not_equal(recent_match(with, mark), 0);
		assert_int_equal(__builtin_popcountll(recent_match(with ^ word, 0)), RECENT_WORD_LANES - 1);
	}
}

static void a_word_of_another_epoch_is_an_empty_one(void **state)
{
	uint64_t full = 3ULL << RECENT_EPOCH_SHIFT | RECENT_LANES(9);

	assert_true(recent_is_of(full, 3));
	assert_true(recent_is_of(full, 0x103));
	assert_false(recent_is_of(full, 4));
	assert_int_equal(recent_with(full, 8, 4), 4ULL << RECENT_EPOCH_SHIFT | 8);
	assert_int_equal(recent_without(full, 8), full);
}

/* A packet of a flow that has a pin. True: it goes without. */
static bool goes_without(uint64_t *words, uint64_t flow, uint16_t now)
{
	uint64_t mix = mix_of(flow), *word = &words[recent_word_of(mix)];
	uint16_t epoch = recent_epoch(recent_word_of(mix), now);
	uint8_t mark = recent_mark(mix, 1, epoch);

	if (recent_is_of(*word, epoch) && recent_match(*word, mark))
		return true;
	*word = recent_with(*word, mark, epoch);
	return false;
}

#define BUSY 1000000

/* For some epochs; of its last tick, per cent. */
static double go_without_after(uint64_t *words, uint16_t *now)
{
	unsigned int count = 0;

	for (int i = 0; i < 3 * PIN_RECENT; i++, ++*now) {
		count = 0;
		for (uint64_t flow = 0; flow < BUSY; flow++)
			count += goes_without(words, flow, *now);
	}
	return 100.0 * count / BUSY;
}

/* Strangers are flows that were not there before, and have no pin. */
static double strangers_taken(const uint64_t *words, uint16_t now)
{
	unsigned int count = 0;

	for (uint64_t flow = BUSY; flow < BUSY + FLOWS; flow++) {
		uint64_t mix = mix_of(flow), word = words[recent_word_of(mix)];
		uint16_t epoch = recent_epoch(recent_word_of(mix), now);

		count += recent_is_of(word, epoch) && recent_match(word, recent_mark(mix, 1, epoch));
	}
	return 100.0 * count / FLOWS;
}

/* One in sixteen begins an epoch in each tick, and reads its pin. */
static void of_a_million_flows_nearly_all_go_without_their_pins_and_few_strangers_do(void **state)
{
	uint64_t *words = calloc(1 << RECENT_BITS, sizeof(*words));
	uint16_t now = 0xfff0; /* through the end of ticks */
	double without;

	assert_non_null(words);
	without = go_without_after(words, &now);
	print_message("%.1f %% of packets go without, one a tick; %.2f %% of strangers\n", without,
		      strangers_taken(words, now - 1));
	assert_in_range(without, 88, 94);
	assert_true(strangers_taken(words, now - 1) < 1.6);
	free(words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mark_is_never_nobody_s),
		cmocka_unit_test(when_the_row_leads_elsewhere_marks_change),
		cmocka_unit_test(in_the_next_epoch_all_marks_are_others),
		cmocka_unit_test(marks_of_many_flows_do_not_end_at_once),
		cmocka_unit_test(a_mark_is_found_in_whichever_lane_it_stands),
		cmocka_unit_test(a_mark_takes_a_free_lane_and_in_a_full_word_another_one_s),
		cmocka_unit_test(a_word_of_another_epoch_is_an_empty_one),
		cmocka_unit_test(of_a_million_flows_nearly_all_go_without_their_pins_and_few_strangers_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
