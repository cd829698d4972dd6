/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The pin table, one writer at a time; tests/packet/test_pins_race.c has many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/pin_table.h"

#define NS_TICK (1ULL << PIN_TICK_SHIFT)
#define WEB 7

static const struct pin_settings settings = {
	.timeouts = {[PIN_NEW] = 50, [PIN_ESTABLISHED] = 5000, [PIN_DATAGRAMS] = 100,
		     [PIN_CLOSING] = 100, [PIN_RESET] = 10},
	.bucket_bits = PIN_BUCKET_BITS_MIN,
};

static int table_new(void **state)
{
	struct pin_table *table = calloc(1, sizeof(*table));

	table->settings = settings;
	table->buckets = calloc(1 << settings.bucket_bits, sizeof(*table->buckets));
	*state = table;
	return 0;
}

static int table_free(void **state)
{
	struct pin_table *table = *state;

	free(table->buckets);
	free(table);
	return 0;
}

static struct flow flow_numbered(uint32_t i)
{
	return (struct flow){
		.client = {.words = {0, 0, V4_MAPPED_WORD, 0x0a000000 + i}},
		.client_port = 1024 + i,
		.vip_port = WIRE_BE16(80),
		.protocol = 6,
	};
}

/* Splitmix64 (Steele, Lea, Flood, OOPSLA '14) stands for the flow hash. */
static uint64_t hash_numbered(uint64_t i)
{
	uint64_t mix = (i + 1) * 0x9e3779b97f4a7c15ULL;

	mix = (mix ^ mix >> 30) * 0xbf58476d1ce4e5b9ULL;
	mix = (mix ^ mix >> 27) * 0x94d049bb133111ebULL;
	return mix ^ mix >> 31;
}

/* A flow of the test's bucket: all have one home line too, and the first some thousand tags of their own. */
static uint64_t hash_of_one_bucket(uint32_t i)
{
	uint64_t inverse = 0x9fb21c651e98df25ULL, wanted = 5ULL << 52 | (uint64_t)(100 + i % 4000) << 16;

	for (int round = 0; round < 5; round++) /* Newton: the inverse modulo 2^64 */
		inverse *= 2 - 0x9fb21c651e98df25ULL * inverse;
	return wanted * inverse;
}

static struct pin_seek seek(const struct pin_table *table, uint32_t i, uint64_t hash, uint16_t now)
{
	struct flow flow = flow_numbered(i);
	struct pin_seek made = pin_seek_of(&flow, WEB, hash, now);
	uint32_t bucket = pin_bucket_of(hash, table->settings.bucket_bits);

	made.bucket = &table->buckets[bucket];
	return made;
}

/* The backend, or 0. */
static uint16_t find(const struct pin_seek *at)
{
	__u64 state = 0;

	return pin_find(at, &settings, &state) ? pin_backend(state) : 0;
}

static uint64_t state_of(const struct pin_seek *at)
{
	__u64 state = 0;

	assert_true(pin_search(at, &state) < PIN_WAYS);
	return state;
}

static int put(const struct pin_seek *at, uint16_t backend, uint32_t isn, uint8_t phase)
{
	struct pin_value value = {.backend = backend, .isn = isn, .phase = phase};
	__u16 kept;

	return pin_put(at, &value, PIN_FIRST_WINS, &settings, PIN_LOCKED_BY_PROGRAM, &kept);
}

static void what_is_pinned_is_found_and_nothing_else(void **state)
{
	const struct pin_table *table = *state;

	for (uint32_t i = 0; i < 50000; i++) {
		struct pin_seek at = seek(table, i, hash_numbered(i), 9);

		assert_int_equal(find(&at), 0);
		assert_int_equal(put(&at, i % 1000 + 1, 0, PIN_ESTABLISHED), PIN_STORED);
	}
	for (uint32_t i = 0; i < 100000; i++) {
		struct pin_seek at = seek(table, i, hash_numbered(i), 9);

		assert_int_equal(find(&at), i < 50000 ? i % 1000 + 1 : 0);
	}
}

/* The first two of a line stand in it. The others are found by their tags, and one glance does not see them. */
static void a_glance_sees_the_pins_of_the_home_line(void **state)
{
	const struct pin_table *table = *state;

	for (uint32_t i = 0; i < 5; i++) {
		struct pin_seek at = seek(table, i, hash_of_one_bucket(i), 9);

		assert_int_equal(pin_glance(&at), 0);
		assert_int_equal(put(&at, i + 1, 0, PIN_ESTABLISHED), PIN_STORED);
		assert_int_equal(pin_backend(pin_glance(&at)), i < PIN_LINE_PINS ? i + 1 : 0);
		assert_int_equal(find(&at), i + 1);
	}
}

static void a_glance_sees_no_pin_that_was_dropped(void **state)
{
	struct pin_seek at = seek(*state, 1, hash_numbered(1), 9);

	put(&at, 7, 0, PIN_ESTABLISHED);
	pin_drop(&at, 7, PIN_LOCKED_BY_PROGRAM);
	assert_int_equal(pin_phase(pin_glance(&at)), PIN_NONE);
	assert_int_equal(find(&at), 0);
}

/* A room that has come free in the home line is taken before any other. */
static void a_pin_comes_as_near_as_there_is_room(void **state)
{
	const struct pin_table *table = *state;
	struct pin_seek first = seek(table, 0, hash_of_one_bucket(0), 9);
	struct pin_seek last = seek(table, 9, hash_of_one_bucket(9), 9);

	for (uint32_t i = 0; i < 5; i++) {
		struct pin_seek at = seek(table, i, hash_of_one_bucket(i), 9);

		put(&at, i + 1, 0, PIN_ESTABLISHED);
	}
	pin_drop(&first, 1, PIN_LOCKED_BY_PROGRAM);
	put(&last, 10, 0, PIN_ESTABLISHED);
	assert_int_equal(pin_backend(pin_glance(&last)), 10);
}

/* What is not in the key, the VIP, is in the hash. */
static void flows_that_differ_in_one_part_have_pins_of_their_own(void **state)
{
	const struct pin_table *table = *state;
	struct flow flow = flow_numbered(1), other = flow;
	uint64_t hash = hash_of_one_bucket(0);

	other.client_port++;
	pin_table_put(table, &flow, WEB, hash, 0, 1);
	pin_table_put(table, &other, WEB, hash, 0, 2);
	pin_table_put(table, &flow, WEB + 1, hash, 0, 3);
	pin_table_put(table, &flow, WEB, hash_of_one_bucket(1), 0, 4);
	other = flow;
	other.vip_port++;
	pin_table_put(table, &other, WEB, hash, 0, 5);
	other = flow;
	other.client.words[3]++;
	pin_table_put(table, &other, WEB, hash, 0, 6);
	assert_int_equal(pin_table_find(table, &flow, WEB, hash, 0), 1);
	assert_int_equal(pin_table_find(table, &flow, WEB + 1, hash, 0), 3);
	assert_int_equal(pin_table_find(table, &flow, WEB, hash_of_one_bucket(1), 0), 4);
	assert_int_equal(pin_table_find(table, &other, WEB, hash, 0), 6);
	assert_int_equal(pin_table_find(table, &other, WEB, hash_of_one_bucket(1), 0), 0);
}

static void a_bucket_holds_as_many_pins_as_it_has_lanes_but_the_lock_s(void **state)
{
	const struct pin_table *table = *state;
	int found = 0;

	for (uint32_t i = 0; i < PIN_WAYS; i++) {
		struct pin_seek at = seek(table, i, hash_of_one_bucket(i), 9);

		put(&at, i + 1, 0, PIN_ESTABLISHED);
	}
	for (uint32_t i = 0; i < PIN_WAYS; i++) {
		struct pin_seek at = seek(table, i, hash_of_one_bucket(i), 9);

		found += find(&at) == i + 1;
	}
	assert_int_equal(found, PIN_WAYS);
}

/* Fills the bucket: 31 established pins, of times 100, 101, ... Flow 0 to 3 are in the home word. */
static void fill_bucket(const struct pin_table *table)
{
	for (uint32_t i = 0; i < PIN_WAYS; i++) {
		struct pin_seek at = seek(table, i, hash_of_one_bucket(i), 100 + i);

		put(&at, i + 1, 0, PIN_ESTABLISHED);
	}
}

static void touch(const struct pin_table *table, uint32_t i, uint8_t phase, uint16_t now)
{
	struct pin_seek at = seek(table, i, hash_of_one_bucket(i), now);
	__u64 seen = 0;
	struct pin *pin = pin_find(&at, &settings, &seen);

	assert_non_null(pin);
	pin_refresh(pin, seen, phase, now);
}

static uint16_t backend_at(const struct pin_table *table, uint32_t i, uint16_t now)
{
	struct pin_seek at = seek(table, i, hash_of_one_bucket(i), now);

	return find(&at);
}

#define NEWCOMER 1000

static void pin_newcomer(const struct pin_table *table, uint16_t now)
{
	struct pin_seek at = seek(table, NEWCOMER, hash_of_one_bucket(NEWCOMER), now);

	assert_int_equal(put(&at, 999, 0, PIN_NEW), PIN_STORED);
	assert_int_equal(find(&at), 999);
}

/* All but one of the first flows are there. */
static void assert_gave_way(const struct pin_table *table, uint32_t who, uint16_t now)
{
	for (uint32_t i = 0; i < PIN_WAYS; i++)
		assert_int_equal(backend_at(table, i, now), i == who ? 0 : i + 1);
}

static void in_a_full_bucket_the_oldest_gives_way(void **state)
{
	const struct pin_table *table = *state;

	fill_bucket(table);
	touch(table, 0, PIN_ESTABLISHED, 300);
	touch(table, 1, PIN_ESTABLISHED, 299);
	touch(table, 3, PIN_ESTABLISHED, 298);
	pin_newcomer(table, 310);
	assert_gave_way(table, 2, 310);
}

static void one_that_never_came_to_much_gives_way_before_older_ones_that_did(void **state)
{
	const struct pin_table *table = *state;

	fill_bucket(table);
	touch(table, 3, PIN_NEW, 300);
	pin_newcomer(table, 310);
	assert_gave_way(table, 3, 310);
}

static void one_that_has_ended_gives_way_before_all(void **state)
{
	const struct pin_table *table = *state;

	fill_bucket(table);
	touch(table, 1, PIN_RESET, 300);
	touch(table, 2, PIN_NEW, 270);
	pin_newcomer(table, 300 + settings.timeouts[PIN_RESET] + 1);
	assert_gave_way(table, 1, 300 + settings.timeouts[PIN_RESET] + 1);
}

/* New connections in a flood take each other's places, not those of living ones. */
static void a_flood_of_first_packets_takes_one_place_in_a_bucket_s_word(void **state)
{
	const struct pin_table *table = *state;
	int lost = 0;

	fill_bucket(table);
	for (uint32_t i = NEWCOMER; i < NEWCOMER + 5000; i++) {
		struct pin_seek at = seek(table, i, hash_of_one_bucket(i), 200);

		put(&at, 999, 0, PIN_NEW);
	}
	for (uint32_t i = 0; i < PIN_WAYS; i++)
		lost += backend_at(table, i, 200) != i + 1;
	assert_int_equal(lost, 1);
}

static void the_first_answer_to_a_syn_wins(void **state)
{
	struct pin_seek at = seek(*state, 1, hash_numbered(1), 9);
	struct pin_value second = {.backend = 2, .isn = pin_isn_tag(1111), .phase = PIN_NEW};
	__u16 kept = 0;

	assert_int_equal(put(&at, 1, pin_isn_tag(1111), PIN_NEW), PIN_STORED);
	assert_int_equal(put(&at, 1, pin_isn_tag(1111), PIN_NEW), PIN_STORED);
	assert_int_equal(pin_put(&at, &second, PIN_FIRST_WINS, &settings, PIN_LOCKED_BY_PROGRAM,
				 &kept),
			 PIN_KEPT);
	assert_int_equal(kept, 1);
	assert_int_equal(find(&at), 1);
}

static void the_answer_to_another_syn_replaces(void **state)
{
	struct pin_seek at = seek(*state, 1, hash_numbered(1), 9);

	put(&at, 1, pin_isn_tag(1111), PIN_ESTABLISHED);
	assert_int_equal(put(&at, 2, pin_isn_tag(2222), PIN_NEW), PIN_STORED);
	assert_int_equal(find(&at), 2);
	assert_int_equal(pin_isn(state_of(&at)), pin_isn_tag(2222));
}

static void who_does_not_know_the_isn_changes_no_living_pin(void **state)
{
	struct pin_seek at = seek(*state, 1, hash_numbered(1), 9);

	put(&at, 1, pin_isn_tag(1111), PIN_ESTABLISHED);
	assert_int_equal(put(&at, 2, 0, PIN_NEW), PIN_KEPT);
	assert_int_equal(find(&at), 1);
	at.now += settings.timeouts[PIN_ESTABLISHED] + 1;
	assert_int_equal(put(&at, 2, 0, PIN_NEW), PIN_STORED);
	assert_int_equal(find(&at), 2);
}

static void an_answer_to_who_has_replaces_whatever_there_is(void **state)
{
	const struct pin_table *table = *state;
	struct pin_seek at = seek(table, 1, hash_numbered(1), 9);
	struct flow flow = flow_numbered(1);

	put(&at, 1, pin_isn_tag(1111), PIN_ESTABLISHED);
	assert_int_equal(pin_table_put(table, &flow, WEB, hash_numbered(1), 9 * NS_TICK, 2), 0);
	assert_int_equal(find(&at), 2);
	assert_int_equal(pin_phase(state_of(&at)), PIN_ESTABLISHED);
}

static void a_pin_lives_as_long_as_its_phase_says(void **state)
{
	for (uint8_t phase = PIN_NEW; phase < PIN_PHASES; phase++) {
		struct pin_seek at = seek(*state, phase, hash_numbered(phase), 65000);

		put(&at, 1, 0, phase);
		at.now = 65000 + settings.timeouts[phase]; /* wraps for the longest */
		assert_int_equal(find(&at), 1);
		at.now++;
		assert_int_equal(find(&at), 0);
	}
}

static void a_packet_makes_a_pin_live_on(void **state)
{
	const struct pin_table *table = *state;

	fill_bucket(table);
	touch(table, 1, PIN_NEW, 1000);
	touch(table, 1, PIN_NEW, 1040);
	touch(table, 1, PIN_NEW, 1080);
	assert_int_equal(backend_at(table, 1, 1130), 2);
	assert_int_equal(backend_at(table, 1, 1131), 0);
}

static void nothing_is_written_for_a_packet_that_is_no_news(void **state)
{
	struct pin_seek at = seek(*state, 1, hash_numbered(1), 500);
	uint64_t before;
	__u64 seen = 0;
	struct pin *pin;

	put(&at, 1, 0, PIN_ESTABLISHED);
	before = state_of(&at);
	pin = pin_find(&at, &settings, &seen);
	pin_refresh(pin, seen, PIN_ESTABLISHED, 500 + PIN_REFRESH - 1);
	assert_int_equal(state_of(&at), before);
	pin_refresh(pin, seen, PIN_ESTABLISHED, 500 + PIN_REFRESH);
	assert_int_not_equal(state_of(&at), before);
	pin_refresh(pin, state_of(&at), PIN_CLOSING, 500 + PIN_REFRESH);
	assert_int_equal(pin_phase(state_of(&at)), PIN_CLOSING);
}

/* The packet saw the pin before it changed hands. */
static void a_late_refresh_leaves_the_next_flow_s_pin_alone(void **state)
{
	const struct pin_table *table = *state;
	struct pin_seek at = seek(table, 2, hash_of_one_bucket(2), 100);
	__u64 seen = 0;
	struct pin *pin;

	fill_bucket(table);
	touch(table, 0, PIN_ESTABLISHED, 300);
	touch(table, 1, PIN_ESTABLISHED, 300);
	touch(table, 3, PIN_ESTABLISHED, 300);
	pin = pin_find(&at, &settings, &seen);
	pin_newcomer(table, 310);
	pin_refresh(pin, seen, PIN_ESTABLISHED, 310);
	assert_int_equal(backend_at(table, 2, 310), 0);
	assert_int_equal(backend_at(table, NEWCOMER, 310), 999);
}

static void a_clock_that_is_a_tick_behind_another_s_ends_nothing(void **state)
{
	struct pin_seek at = seek(*state, 1, hash_numbered(1), 9);

	put(&at, 1, 0, PIN_RESET);
	at.now = 8;
	assert_int_equal(find(&at), 1);
}

static void a_dropped_pin_is_gone_unless_it_is_another_s(void **state)
{
	struct pin_seek at = seek(*state, 1, hash_numbered(1), 9);

	put(&at, 1, 0, PIN_ESTABLISHED);
	pin_drop(&at, 2, PIN_LOCKED_BY_PROGRAM);
	assert_int_equal(find(&at), 1);
	pin_drop(&at, 1, PIN_LOCKED_BY_PROGRAM);
	assert_int_equal(find(&at), 0);
}

static void nobody_writes_into_a_locked_bucket(void **state)
{
	const struct pin_table *table = *state;
	struct pin_seek at = seek(table, 1, hash_numbered(1), 9);
	struct flow flow = flow_numbered(1);

	assert_true(pin_lock(at.bucket, PIN_LOCKED_BY_PROGRAM));
	assert_int_equal(put(&at, 1, 0, PIN_NEW), PIN_BUSY);
	assert_int_equal(pin_table_put(table, &flow, WEB, hash_numbered(1), 0, 2), -EAGAIN);
	assert_int_equal(find(&at), 0);
	pin_unlock(at.bucket);
	assert_int_equal(put(&at, 1, 0, PIN_NEW), PIN_STORED);
}

/* Tags of all values, the smallest included, which are moved. */
static void every_tag_is_found_in_every_lane(void **state)
{
	for (uint32_t tag = PIN_TAG_MIN; tag < 0x10000; tag++)
		for (uint32_t lane = 0; lane < PIN_WORD_LANES; lane++) {
			uint64_t others = PIN_LANES((uint64_t)(tag ^ 0x8421));
			uint64_t mask = 0xffffULL << lane * PIN_LANE_BITS;
			uint64_t match = pin_match((others & ~mask) | (uint64_t)tag * (mask & PIN_LANES(1)), tag);

			if (!match || pin_lane(match) != lane)
				fail_msg("tag %x in lane %u", tag, lane);
			if (pin_match(others, tag))
				fail_msg("tag %x where it is not", tag);
		}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, table_new, table_free)
	const struct CMUnitTest tests[] = {
		TEST(what_is_pinned_is_found_and_nothing_else),
		TEST(a_glance_sees_the_pins_of_the_home_line),
		TEST(a_glance_sees_no_pin_that_was_dropped),
		TEST(a_pin_comes_as_near_as_there_is_room),
		TEST(flows_that_differ_in_one_part_have_pins_of_their_own),
		TEST(a_bucket_holds_as_many_pins_as_it_has_lanes_but_the_lock_s),
		TEST(in_a_full_bucket_the_oldest_gives_way),
		TEST(one_that_never_came_to_much_gives_way_before_older_ones_that_did),
		TEST(one_that_has_ended_gives_way_before_all),
		TEST(a_flood_of_first_packets_takes_one_place_in_a_bucket_s_word),
		TEST(the_first_answer_to_a_syn_wins),
		TEST(the_answer_to_another_syn_replaces),
		TEST(who_does_not_know_the_isn_changes_no_living_pin),
		TEST(an_answer_to_who_has_replaces_whatever_there_is),
		TEST(a_pin_lives_as_long_as_its_phase_says),
		TEST(a_packet_makes_a_pin_live_on),
		TEST(nothing_is_written_for_a_packet_that_is_no_news),
		TEST(a_late_refresh_leaves_the_next_flow_s_pin_alone),
		TEST(a_clock_that_is_a_tick_behind_another_s_ends_nothing),
		TEST(a_dropped_pin_is_gone_unless_it_is_another_s),
		TEST(nobody_writes_into_a_locked_bucket),
		TEST(every_tag_is_found_in_every_lane),
	};

	return cmocka_run_group_tests_name("pins", tests, NULL, NULL);
}
