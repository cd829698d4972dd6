/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/spread.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/maglev.h"

/* A row, while its place in a site's order is found. */
struct place {
	uint32_t row;
	uint16_t value; /* whose it is */
	uint64_t chance;
	uint32_t turn; /* when its member gives it: 0 to 2^32, even over the member's rows */
};

static int by_chance(const struct place *a, const struct place *b)
{
	if (a->chance != b->chance)
		return a->chance < b->chance ? -1 : 1;
	return (a->row > b->row) - (a->row < b->row);
}

static int by_member(const void *left, const void *right)
{
	const struct place *a = left, *b = right;

	if (a->value != b->value)
		return a->value < b->value ? -1 : 1;
	return by_chance(a, b);
}

static int by_turn(const void *left, const void *right)
{
	const struct place *a = left, *b = right;

	if (a->turn != b->turn)
		return a->turn < b->turn ? -1 : 1;
	return by_chance(a, b);
}

/* A member's rows, by chance, come up at even distances: the first of n at 1 / 2n. */
static void take_turns(struct place *places, uint32_t size)
{
	for (uint32_t first = 0, end; first < size; first = end) {
		for (end = first; end < size && places[end].value == places[first].value;)
			end++;
		for (uint32_t i = first; i < end; i++)
			places[i].turn = ((2 * (uint64_t)(i - first) + 1) << 31) / (end - first);
	}
}

static void put_in_order(const uint16_t *rows, uint32_t size, uint64_t seed, struct place *places)
{
	for (uint32_t row = 0; row < size; row++)
		places[row] = (struct place){
			.row = row, .value = rows[row], .chance = maglev_seed(seed, row)};
	qsort(places, size, sizeof(*places), by_member);
	take_turns(places, size);
	qsort(places, size, sizeof(*places), by_turn);
}

/* Rows up to the share, rounded; the first sites' together, so that they add up. */
static uint32_t rows_of(uint32_t size, uint32_t share)
{
	return ((uint64_t)size * share + SPREAD_WHOLE / 2) / SPREAD_WHOLE;
}

int spread_rows(uint16_t *rows, uint32_t size, const struct spread_site *sites, size_t n,
		uint64_t key)
{
	_cleanup_free_ struct place *places = calloc(size + 1, sizeof(*places));
	_cleanup_free_ uint16_t *own = calloc(size + 1, sizeof(*own));
	_cleanup_free_ bool *taken = calloc(size + 1, sizeof(*taken));
	uint32_t all = 0;

	if (!places || !own || !taken)
		return -ENOMEM;
	memcpy(own, rows, size * sizeof(*own));
	for (size_t i = 0; i < n; i++) {
		uint32_t count = rows_of(size, all + sites[i].share) - rows_of(size, all);

		all += sites[i].share;
		if (!count)
			continue;
		put_in_order(own, size, maglev_seed(key, sites[i].value), places);
		for (uint32_t j = 0; j < size && count; j++) {
			if (taken[places[j].row])
				continue;
			taken[places[j].row] = true;
			rows[places[j].row] = sites[i].value;
			count--;
		}
	}
	return 0;
}
