/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The daemon's side of the pin table; how pins are kept is tested in test_pins.c. */
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
#define FLOWS 20000

static struct pin_table table_of(uint32_t bits)
{
	return (struct pin_table){
		.buckets = calloc(1U << bits, sizeof(struct pin_bucket)),
		.settings = {.bucket_bits = bits,
			     .timeouts = {[PIN_NEW] = 50, [PIN_ESTABLISHED] = 500}},
	};
}

static void table_end(struct pin_table *table)
{
	free(table->buckets);
}

static struct flow flow_numbered(uint32_t i)
{
	return (struct flow){.client = {.words = {0, 0, V4_MAPPED_WORD, i}}, .client_port = i};
}

/* Splitmix64 (Steele, Lea, Flood, OOPSLA '14). */
static uint64_t hash_numbered(uint64_t i)
{
	uint64_t mix = (i + 1) * 0x9e3779b97f4a7c15ULL;

	mix = (mix ^ mix >> 30) * 0xbf58476d1ce4e5b9ULL;
	mix = (mix ^ mix >> 27) * 0x94d049bb133111ebULL;
	return mix ^ mix >> 31;
}

static void put(const struct pin_table *table, uint32_t i, uint64_t now_ns)
{
	struct flow flow = flow_numbered(i);

	assert_int_equal(pin_table_put(table, &flow, i % 3, hash_numbered(i), now_ns, i % 100 + 1), 0);
}

static uint16_t find(const struct pin_table *table, uint32_t i, uint64_t now_ns)
{
	struct flow flow = flow_numbered(i);

	return pin_table_find(table, &flow, i % 3, hash_numbered(i), now_ns);
}

static void fill(const struct pin_table *table, uint64_t now_ns)
{
	for (uint32_t i = 0; i < FLOWS; i++)
		put(table, i, now_ns);
}

static void a_table_is_made_for_so_many_pins_at_least(void **state)
{
	assert_int_equal(pin_table_bits(1), PIN_BUCKET_BITS_MIN);
	assert_int_equal(pin_table_bits(1000000), 16);
	assert_int_equal(pin_table_bits(30 << 15), 15);
	assert_int_equal(pin_table_bits((30 << 15) + 1), 16);
	assert_int_equal(pin_table_bits(30 << PIN_BUCKET_BITS_MAX), PIN_BUCKET_BITS_MAX);
	assert_int_equal(pin_table_capacity(15), 983040);
}

static void copy_between(uint32_t from_bits, uint32_t to_bits)
{
	struct pin_table from = table_of(from_bits), to = table_of(to_bits);
	struct flow flow = flow_numbered(7);

	fill(&from, 5 * NS_TICK);
	/* What is there is newer, and stays. */
	pin_table_put(&to, &flow, 7 % 3, hash_numbered(7), 6 * NS_TICK, 999);
	assert_int_equal(pin_table_copy(&from, &to), FLOWS - 1);
	for (uint32_t i = 0; i < FLOWS; i++)
		assert_int_equal(find(&to, i, 6 * NS_TICK), i == 7 ? 999 : i % 100 + 1);
	/* Times came along. */
	assert_int_equal(find(&to, 1, (5 + 500) * NS_TICK), 2);
	assert_int_equal(find(&to, 1, (5 + 501) * NS_TICK), 0);
	assert_int_equal(pin_table_copy(&from, &to), 0);
	table_end(&from);
	table_end(&to);
}

static void a_table_of_another_size_takes_all_pins_over(void **state)
{
	copy_between(14, 16);
	copy_between(16, 14);
	copy_between(15, 15);
}

struct tally {
	uint32_t pins, service_1, backend_50;
};

static void tally(const struct pin *pin, uint32_t service, uint16_t backend, void *userdata)
{
	struct tally *count = userdata;

	count->pins++;
	count->service_1 += service == 1;
	count->backend_50 += backend == 50;
}

static void a_walk_visits_every_living_pin_once(void **state)
{
	struct pin_table table = table_of(12);
	struct tally count = {};

	fill(&table, 5 * NS_TICK);
	put(&table, FLOWS, 400 * NS_TICK);
	pin_table_walk(&table, 400 * NS_TICK, tally, &count);
	assert_int_equal(count.pins, FLOWS + 1);
	assert_int_equal(count.service_1, FLOWS / 3 + 1);
	assert_int_equal(count.backend_50, FLOWS / 100);
	count = (struct tally){};
	pin_table_walk(&table, 600 * NS_TICK, tally, &count);
	assert_int_equal(count.pins, 1);
	table_end(&table);
}

static void pins_are_counted_by_service_and_backend(void **state)
{
	struct pin_table table = table_of(12);
	struct pin_counts *counts = NULL;

	fill(&table, 5 * NS_TICK);
	assert_int_equal(pin_counts_new(&table, 5 * NS_TICK, &counts), 0);
	assert_int_equal(pin_counts_all(counts), FLOWS);
	/* Flows of service 1 and backend 50: 49 modulo 300 is 1 modulo 3. */
	assert_int_equal(pin_counts_of(counts, 1, 50), (FLOWS + 250) / 300);
	assert_int_equal(pin_counts_of(counts, 2, 50), (FLOWS + 150) / 300);
	assert_int_equal(pin_counts_of(counts, 1, 300), 0);
	pin_counts_free(counts);
	table_end(&table);
}

static void a_sweep_ends_what_is_honoured_no_more_and_nothing_else(void **state)
{
	struct pin_table table = table_of(12);

	fill(&table, 5 * NS_TICK);
	put(&table, 3, 300 * NS_TICK);
	assert_int_equal(pin_table_sweep(&table, 0, 1 << 12, 505 * NS_TICK), 0);
	assert_int_equal(pin_table_sweep(&table, 0, 1 << 11, 506 * NS_TICK) +
				 pin_table_sweep(&table, 1 << 11, 1 << 11, 506 * NS_TICK),
			 FLOWS - 1);
	assert_int_equal(find(&table, 3, 506 * NS_TICK), 4);
	/* The time wraps, and what was swept does not come to life again. */
	assert_int_equal(find(&table, 4, (5 + 0x10000) * NS_TICK), 0);
	table_end(&table);
}

/* The daemon was killed between a pin's parts. */
static void locks_of_a_daemon_that_died_are_lifted(void **state)
{
	struct pin_table table = table_of(12);
	uint32_t bucket = pin_bucket_of(hash_numbered(5), 12), other = (bucket + 1) % (1 << 12);
	struct flow flow = flow_numbered(5);
	struct pin_seek seek = pin_seek_of(&flow, 5 % 3, hash_numbered(5), 0);

	put(&table, 5, 0);
	seek.bucket = &table.buckets[bucket];
	assert_true(pin_lock(seek.bucket, PIN_LOCKED_BY_DAEMON));
	assert_true(pin_lock(&table.buckets[other], PIN_LOCKED_BY_PROGRAM));
	for (uint32_t slot = 0; slot < PIN_WAYS; slot++)
		seek.bucket->pins[slot].state &= ~0xfULL; /* as while its key is written */
	assert_int_equal(pin_table_put(&table, &flow, 5 % 3, hash_numbered(5), 0, 9), -EAGAIN);
	assert_int_equal(pin_table_recover(&table), 1);
	assert_int_equal(find(&table, 5, 0), 0);
	assert_int_equal(pin_table_put(&table, &flow, 5 % 3, hash_numbered(5), 0, 9), 0);
	assert_int_equal(find(&table, 5, 0), 9);
	assert_false(pin_lock(&table.buckets[other], PIN_LOCKED_BY_DAEMON));
	table_end(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_is_made_for_so_many_pins_at_least),
		cmocka_unit_test(a_table_of_another_size_takes_all_pins_over),
		cmocka_unit_test(a_walk_visits_every_living_pin_once),
		cmocka_unit_test(pins_are_counted_by_service_and_backend),
		cmocka_unit_test(a_sweep_ends_what_is_honoured_no_more_and_nothing_else),
		cmocka_unit_test(locks_of_a_daemon_that_died_are_lifted),
	};

	return cmocka_run_group_tests_name("pin_table", tests, NULL, NULL);
}
