/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shares of rows for other sites: how many, whose, and how few move when they change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/maglev.h"
#include "core/spread.h"
#include "wire/maps.h"

#define KEY 42
#define BACKENDS_MOST 64
#define LON (ROW_SITE | 2)
#define FRA (ROW_SITE | 3)

static uint32_t size;
static uint16_t home[1 << 16], before[1 << 16], after[1 << 16];

/* Maglev's rows over so many backends of weight 1. */
static void given_home(uint32_t backends, uint16_t *rows)
{
	struct maglev_entry entries[BACKENDS_MOST];

	for (uint32_t i = 0; i < backends; i++)
		entries[i] = (struct maglev_entry){
			.seed = maglev_seed(KEY, i + 1), .weight = 1, .value = i + 1};
	size = maglev_size(BACKENDS_MOST);
	assert_int_equal(maglev_fill(entries, backends, rows, size), 0);
}

static void give(uint16_t *rows, const uint16_t *own, uint32_t lon, uint32_t fra)
{
	memcpy(rows, own, size * sizeof(*rows));
	assert_int_equal(spread_rows(rows, size,
				     (const struct spread_site[]){{LON, lon}, {FRA, fra}}, 2, KEY),
			 0);
}

static uint32_t count(const uint16_t *rows, uint16_t value)
{
	uint32_t n = 0;

	for (uint32_t row = 0; row < size; row++)
		n += rows[row] == value;
	return n;
}

static uint32_t differing(const uint16_t *a, const uint16_t *b)
{
	uint32_t n = 0;

	for (uint32_t row = 0; row < size; row++)
		n += a[row] != b[row];
	return n;
}

static void each_site_has_its_share_to_within_a_row(void **state)
{
	given_home(5, home);
	for (uint32_t lon = 0; lon <= 1000; lon += 37)
		for (uint32_t fra = 0; lon + fra <= 1000; fra += 61) {
			give(after, home, lon, fra);
			assert_in_range(count(after, LON), size * lon / 1000, size * lon / 1000 + 1);
			assert_in_range(count(after, FRA), size * fra / 1000, size * fra / 1000 + 1);
		}
}

static void a_whole_leaves_no_row_at_home(void **state)
{
	given_home(3, home);
	give(after, home, 1000, 0);
	assert_int_equal(count(after, LON), size);
	memset(before, 0, sizeof(before)); /* nobody is open at home */
	give(after, before, 700, 300);
	assert_int_equal(count(after, 0), 0);
}

static void members_give_alike(void **state)
{
	given_home(BACKENDS_MOST, home);
	for (uint32_t share = 10; share < 1000; share += 10) {
		give(after, home, share, 0);
		for (uint32_t i = 1; i <= BACKENDS_MOST; i++) {
			uint32_t had = count(home, i), wanted = had * share / 1000;

			assert_in_range(had - count(after, i), wanted > 1 ? wanted - 1 : 0, wanted + 2);
		}
	}
}

static void a_share_that_changes_moves_so_many_rows_and_no_more(void **state)
{
	given_home(4, home);
	give(before, home, 0, 0);
	for (uint32_t share = 20; share <= 1000; share += 20) {
		give(after, home, share, 0);
		assert_in_range(differing(before, after), size * 19 / 1000, size * 21 / 1000);
		memcpy(before, after, sizeof(before));
	}
}

/* Of what the nearer site takes more, a part was the farther one's, which takes others instead. */
static void with_two_sites_it_moves_little_more(void **state)
{
	given_home(4, home);
	for (uint32_t fra = 100; fra <= 500; fra += 200) {
		give(before, home, 100, fra);
		give(after, home, 150, fra);
		assert_true(differing(before, after) < size * 55 * (1000 + 2 * fra) / 1000 / 1000);
		give(after, home, 100, fra + 50);
		assert_in_range(differing(before, after), size * 49 / 1000, size * 51 / 1000);
	}
}

/* A member that goes is what moves rows; that the sites' rows are taken evenly adds little. */
static void a_member_that_goes_moves_few_rows_besides_its_own(void **state)
{
	static uint16_t fewer[1 << 16];
	uint32_t at_home, spread;

	given_home(16, home);
	given_home(15, fewer);
	at_home = differing(home, fewer);
	give(before, home, 300, 0);
	give(after, fewer, 300, 0);
	spread = differing(before, after);
	assert_true(spread < at_home + size * 5 / 100);
}

/*
 * The other way, which docs/decisions tells of: the site as an entry among Maglev's, with the weight of its
 * share. A step moves a few rows more than it must, and rows that stay at home change their member.
 */
static void maglev_with_an_entry_for_the_site(uint32_t share, uint16_t *rows)
{
	struct maglev_entry entries[5];

	for (uint32_t j = 0; j < 4; j++)
		entries[j] = (struct maglev_entry){.seed = maglev_seed(KEY, j + 1),
						   .weight = (1000 - share) / 4,
						   .value = j + 1};
	entries[4] = (struct maglev_entry){
		.seed = maglev_seed(KEY, LON), .weight = share, .value = LON};
	assert_int_equal(maglev_fill(entries, 5, rows, size), 0);
}

static uint32_t wandering(const uint16_t *rows)
{
	uint32_t n = 0;

	for (uint32_t row = 0; row < size; row++)
		n += rows[row] != LON && rows[row] != home[row];
	return n;
}

static void rows_that_stay_at_home_keep_their_member_as_they_would_not_by_maglevs_weights(void **state)
{
	given_home(4, home);
	maglev_with_an_entry_for_the_site(120, before);
	maglev_with_an_entry_for_the_site(140, after);
	printf("# from 12 to 14 %%: Maglev moves %.1f %%, ours 2.0 %%\n",
	       differing(before, after) * 100.0 / size);
	for (uint32_t share = 120; share <= 600; share += 240) {
		maglev_with_an_entry_for_the_site(share, before);
		give(after, home, share, 0);
		printf("# at %u %%: by Maglev's weights %.1f %% of all rows have another member\n",
		       share / 10, wandering(before) * 100.0 / size);
		assert_int_equal(wandering(after), 0);
		assert_true(wandering(before) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_site_has_its_share_to_within_a_row),
		cmocka_unit_test(a_whole_leaves_no_row_at_home),
		cmocka_unit_test(members_give_alike),
		cmocka_unit_test(a_share_that_changes_moves_so_many_rows_and_no_more),
		cmocka_unit_test(with_two_sites_it_moves_little_more),
		cmocka_unit_test(a_member_that_goes_moves_few_rows_besides_its_own),
		cmocka_unit_test(
			rows_that_stay_at_home_keep_their_member_as_they_would_not_by_maglevs_weights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
