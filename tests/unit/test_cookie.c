/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The cookie: a permutation that nobody steers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "wire/cookie.h"

#define IDS (1 << COOKIE_ID_BITS)

static const struct cookie_keys keys = {
	.epochs = {{{0x0123456789abcdefULL, 0xfedcba9876543210ULL}},
		   {{0x243f6a8885a308d3ULL, 0x13198a2e03707344ULL}}},
	.live = 3,
};

/* Flow hashes: splitmix64 (Steele, Lea, Flood, OOPSLA '14). */
static uint64_t flow_number(uint64_t i)
{
	uint64_t mix = (i + 1) * 0x9e3779b97f4a7c15ULL;

	mix = (mix ^ mix >> 30) * 0xbf58476d1ce4e5b9ULL;
	mix = (mix ^ mix >> 27) * 0x94d049bb133111ebULL;
	return mix ^ mix >> 31;
}

static void every_id_has_a_cookie_of_its_own_and_comes_back(void **state)
{
	static uint8_t seen[IDS];

	for (int flow = 0; flow < 200; flow++) {
		uint64_t hash = flow_number(flow);

		memset(seen, 0, sizeof(seen));
		for (uint32_t id = 0; id < IDS; id++) {
			uint32_t cookie = cookie_permute(id, hash, &keys.epochs[flow & 1]);

			assert_true(cookie < IDS && !seen[cookie]++);
			assert_int_equal(cookie_unpermute(cookie, hash, &keys.epochs[flow & 1]), id);
		}
	}
}

/* Gateways and agents of different builds meet: these values never change. */
static void cookies_are_those_of_every_build(void **state)
{
	static const struct {
		uint32_t clock, id;
		uint64_t hash;
		uint8_t epoch;
		uint32_t cookie;
	} known[] = {
		{0x11112222, 1, 0x0000000000000000ULL, 0, 0x22220760},
		{0x0000ffff, 32767, 0xdeadbeefcafef00dULL, 0, 0xffff4912},
		{0x00011170, 4242, 0x0123456789abcdefULL, 1, 0x1170802a},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct cookie_keys current = keys;

		current.current = known[i].epoch;
		assert_int_equal(cookie_encode(known[i].clock, known[i].id, known[i].hash, &current),
				 known[i].cookie);
		assert_int_equal(cookie_decode(known[i].cookie, known[i].hash, &keys), known[i].id);
	}
}

static void the_clock_is_in_front_and_the_rest_never_changes(void **state)
{
	uint32_t first = cookie_encode(1000, 77, flow_number(1), &keys);

	for (uint32_t clock = 0; clock < 70000; clock += 7) {
		uint32_t cookie = cookie_encode(clock, 77, flow_number(1), &keys);

		assert_int_equal(cookie & 0xffff, first & 0xffff);
		assert_int_equal(cookie >> 16, clock & 0xffff);
		assert_int_equal(cookie_decode(cookie, flow_number(1), &keys), 77);
	}
}

static void a_cookie_of_an_epoch_that_is_not_live_is_nobodys(void **state)
{
	struct cookie_keys one = keys, other = keys;
	uint32_t cookie;

	one.live = 1;
	other.current = 1;
	cookie = cookie_encode(5, 9, flow_number(3), &other);
	assert_int_equal(cookie_decode(cookie, flow_number(3), &keys), 9);
	assert_int_equal(cookie_decode(cookie, flow_number(3), &one), 0);
}

/* With B equal cells of N throws, chi-squared has mean B - 1 and variance 2 (B - 1). */
static void assert_uniform(const uint32_t *cells, uint32_t count, uint32_t throws)
{
	double mean = (double)throws / count, chi = 0;

	for (uint32_t i = 0; i < count; i++)
		chi += (cells[i] - mean) * (cells[i] - mean) / mean;
	/* seven standard deviations: of 255 degrees of freedom below 413 */
	if (chi > 413)
		fail_msg("chi-squared is %.0f", chi);
}

#define CELLS 256
#define THROWS 200000

/* The difference to the true id, by its high and by its low bits: no neighbour is likelier. */
static void a_flipped_bit_lands_on_a_random_id(void **state)
{
	for (uint32_t bit = 0; bit < COOKIE_ID_BITS; bit++) {
		uint32_t high[CELLS] = {}, low[CELLS] = {};

		for (uint32_t i = 0; i < THROWS; i++) {
			uint64_t hash = flow_number(i);
			uint32_t cookie = cookie_permute(4242, hash, &keys.epochs[0]);
			uint32_t id = cookie_unpermute(cookie ^ 1 << bit, hash, &keys.epochs[0]);

			assert_int_not_equal(id, 4242);
			high[(id ^ 4242) >> 7]++;
			low[(id ^ 4242) & 0xff]++;
		}
		assert_uniform(high, CELLS, THROWS);
		assert_uniform(low, CELLS, THROWS);
	}
}

/* Bits that undo each other's way through the first step. */
static void two_flipped_bits_land_on_a_random_id(void **state)
{
	for (uint32_t bit = 1; bit < COOKIE_ID_BITS; bit++)
		for (uint32_t other = 0; other < bit; other++) {
			uint32_t high[CELLS] = {}, low[CELLS] = {};

			for (uint32_t i = 0; i < THROWS / 4; i++) {
				uint64_t hash = flow_number(i);
				uint32_t cookie = cookie_permute(64, hash, &keys.epochs[0]);
				uint32_t id = cookie_unpermute(cookie ^ 1 << bit ^ 1 << other, hash,
							       &keys.epochs[0]);

				high[(id ^ 64) >> 7]++;
				low[(id ^ 64) & 0xff]++;
			}
			assert_uniform(high, CELLS, THROWS / 4);
			assert_uniform(low, CELLS, THROWS / 4);
		}
}

static void another_flow_s_cookie_lands_on_a_random_id(void **state)
{
	uint32_t cells[CELLS] = {};
	uint32_t cookie = cookie_permute(1, flow_number(0), &keys.epochs[0]);

	for (uint32_t i = 1; i <= THROWS; i++)
		cells[cookie_unpermute(cookie, flow_number(i), &keys.epochs[0]) >> 7]++;
	assert_uniform(cells, CELLS, THROWS);
}

/* What an attacker would count on: flow hashes that differ in one bit. */
static void flows_that_differ_in_one_bit_have_unrelated_cookies(void **state)
{
	for (int bit = 0; bit < 64; bit++) {
		uint32_t cells[CELLS] = {};

		for (uint32_t i = 0; i < THROWS / 4; i++) {
			uint64_t hash = flow_number(i);

			cells[(cookie_permute(7, hash, &keys.epochs[0]) ^
			       cookie_permute(7, hash ^ 1ULL << bit, &keys.epochs[0])) >> 7]++;
		}
		assert_uniform(cells, CELLS, THROWS / 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_id_has_a_cookie_of_its_own_and_comes_back),
		cmocka_unit_test(cookies_are_those_of_every_build),
		cmocka_unit_test(the_clock_is_in_front_and_the_rest_never_changes),
		cmocka_unit_test(a_cookie_of_an_epoch_that_is_not_live_is_nobodys),
		cmocka_unit_test(a_flipped_bit_lands_on_a_random_id),
		cmocka_unit_test(two_flipped_bits_land_on_a_random_id),
		cmocka_unit_test(another_flow_s_cookie_lands_on_a_random_id),
		cmocka_unit_test(flows_that_differ_in_one_bit_have_unrelated_cookies),
	};

	return cmocka_run_group_tests_name("cookie", tests, NULL, NULL);
}
