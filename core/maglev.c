/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/maglev.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define SLOTS_PER_ENTRY 100
#define SIZE_MIN 1009

/* An entry while it takes turns. */
struct player {
	struct maglev_entry entry;
	uint64_t remainder; /* of its exact share: whoever has the largest ones gets what is left */
	uint32_t share;	    /* slots it is to have */
	uint32_t next;	    /* slot that it prefers next */
	uint32_t skip;	    /* from one preferred slot to the next */
};

/*
 * Players of one weight: their turns have equal times, so they go round, in the order of their seeds.
 * Nobody but the heads of such rings needs comparing, and most services have one.
 */
struct ring {
	struct player *players;
	size_t n;
	size_t at;	/* whose turn is next */
	uint32_t round; /* slots that all before `at` have more than */
	uint32_t rounds;
};

/* The finish of splitmix64 (Steele et al., OOPSLA '14): every bit of x changes half of the result.
 */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ULL;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

uint64_t maglev_seed(uint64_t key, uint64_t identity)
{
	return mix(mix(identity) ^ key);
}

uint64_t maglev_seed_name(uint64_t key, const char *name)
{
	uint64_t identity = 0xcbf29ce484222325ULL; /* FNV-1a */

	for (; *name; name++)
		identity = (identity ^ (unsigned char)*name) * 0x100000001b3ULL;
	return maglev_seed(key, identity);
}

static bool is_prime(uint32_t number)
{
	if (number < 4)
		return number >= 2;
	if (number % 2 == 0)
		return false;
	for (uint32_t divisor = 3; (uint64_t)divisor * divisor <= number; divisor += 2)
		if (number % divisor == 0)
			return false;
	return true;
}

uint32_t maglev_size(uint32_t max_entries)
{
	uint32_t size = max_entries * SLOTS_PER_ENTRY;

	if (size < SIZE_MIN)
		size = SIZE_MIN;
	while (!is_prime(size))
		size++;
	return size;
}

/* The order that settles every tie, whatever the order of the entries was. */
static int by_seed(const struct player *a, const struct player *b)
{
	if (a->entry.seed != b->entry.seed)
		return a->entry.seed < b->entry.seed ? -1 : 1;
	if (a->entry.value != b->entry.value)
		return a->entry.value < b->entry.value ? -1 : 1;
	return (a->entry.weight > b->entry.weight) - (a->entry.weight < b->entry.weight);
}

static int by_remainder(const void *left, const void *right)
{
	const struct player *a = left, *b = right;

	if (a->remainder != b->remainder)
		return a->remainder > b->remainder ? -1 : 1;
	return by_seed(a, b);
}

/* Rings, the heaviest first, each in the order of its turns. */
static int by_ring(const void *left, const void *right)
{
	const struct player *a = left, *b = right;

	if (a->entry.weight != b->entry.weight)
		return a->entry.weight > b->entry.weight ? -1 : 1;
	return by_seed(a, b);
}

/* Those that have a weight, each with its preferences. Returns how many. */
static size_t players_from(const struct maglev_entry *entries, size_t n, uint32_t size,
			   struct player *players)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		if (!entries[i].weight)
			continue;
		players[count++] = (struct player){
			.entry = entries[i],
			.next = mix(entries[i].seed) % size,
			.skip = size > 2 ? mix(~entries[i].seed) % (size - 1) + 1 : 1,
		};
	}
	return count;
}

/* Hamilton's method: shares rounded down, and what is left to the largest remainders. */
static void share_out(struct player *players, size_t n, uint32_t size)
{
	uint64_t total = 0;
	uint32_t left = size;

	for (size_t i = 0; i < n; i++)
		total += players[i].entry.weight;
	for (size_t i = 0; i < n; i++) {
		uint64_t exact = (uint64_t)size * players[i].entry.weight;

		players[i].share = exact / total;
		players[i].remainder = exact % total;
		left -= players[i].share;
	}
	qsort(players, n, sizeof(*players), by_remainder);
	for (size_t i = 0; i < left; i++)
		players[i].share++;
}

/* Of sorted players. Returns how many. */
static size_t rings_from(struct player *players, size_t n, struct ring *rings)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		struct player *player = &players[i];

		if (!count || rings[count - 1].players->entry.weight != player->entry.weight)
			rings[count++] = (struct ring){.players = player};
		rings[count - 1].n++;
		if (player->share > rings[count - 1].rounds)
			rings[count - 1].rounds = player->share;
	}
	return count;
}

/* On to the next player who has not got all of its slots. False: all have. */
static bool ring_turn(struct ring *ring)
{
	while (ring->round < ring->rounds) {
		for (; ring->at < ring->n; ring->at++)
			if (ring->players[ring->at].share > ring->round)
				return true;
		ring->round++;
		ring->at = 0;
	}
	return false;
}

/* Whose turn is earlier: (2 round + 1) / weight, compared without dividing. */
static bool is_earlier(const struct ring *a, const struct ring *b)
{
	const struct player *x = &a->players[a->at], *y = &b->players[b->at];
	uint64_t left = (2 * (uint64_t)a->round + 1) * y->entry.weight;
	uint64_t right = (2 * (uint64_t)b->round + 1) * x->entry.weight;

	return left != right ? left < right : by_seed(x, y) < 0;
}

/* Restores the heap (the earliest turn first) below `at`. */
static void sink(struct ring *rings, size_t n, size_t at)
{
	struct ring moving = rings[at];

	for (size_t child; (child = 2 * at + 1) < n; at = child) {
		if (child + 1 < n && is_earlier(&rings[child + 1], &rings[child]))
			child++;
		if (!is_earlier(&rings[child], &moving))
			break;
		rings[at] = rings[child];
	}
	rings[at] = moving;
}

/* The best slot that is still free. A bit for each slot: all of them stay in the nearest cache. */
static uint32_t player_choose(struct player *player, uint64_t *taken, uint32_t size)
{
	uint32_t slot = player->next, skip = player->skip, wrap = size - skip;

	while (taken[slot / 64] >> slot % 64 & 1)
		slot = slot >= wrap ? slot - wrap : slot + skip; /* below 2^32 also near it */
	taken[slot / 64] |= 1ULL << slot % 64;
	player->next = slot;
	return slot;
}

/*
 * Ends, because the shares add up to `size`: while a turn is left, a slot is free, and a player's
 * permutation (size is prime, skip is not 0) comes to it.
 */
static void take_turns(struct ring *rings, size_t n, uint64_t *taken, uint16_t *rows, uint32_t size)
{
	for (size_t i = 0; i < n;)
		if (ring_turn(&rings[i]))
			i++;
		else
			rings[i] = rings[--n];
	for (size_t i = n / 2; i-- > 0;)
		sink(rings, n, i);
	while (n) {
		struct player *player = &rings[0].players[rings[0].at++];

		rows[player_choose(player, taken, size)] = player->entry.value;
		if (!ring_turn(&rings[0]))
			rings[0] = rings[--n];
		if (n > 1)
			sink(rings, n, 0);
	}
}

int maglev_fill(const struct maglev_entry *entries, size_t n, uint16_t *rows, uint32_t size)
{
	_cleanup_free_ struct player *players = NULL;
	_cleanup_free_ struct ring *rings = NULL;
	_cleanup_free_ uint64_t *taken = NULL;
	size_t count;

	if (!is_prime(size))
		return -EINVAL;
	players = calloc(n + 1, sizeof(*players));
	rings = calloc(n + 1, sizeof(*rings));
	taken = calloc(size / 64 + 1, sizeof(*taken));
	if (!players || !rings || !taken)
		return -ENOMEM;
	count = players_from(entries, n, size, players);
	if (!count)
		return -ENOENT;
	share_out(players, count, size);
	qsort(players, count, sizeof(*players), by_ring);
	take_turns(rings, rings_from(players, count, rings), taken, rows, size);
	return 0;
}
