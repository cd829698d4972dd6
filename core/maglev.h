/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rows by Maglev hashing: which backend (or which of a site's gateways) a slot selects.
 *
 * Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI '16, 3.4.
 * Every entry prefers the slots in an order of its own, a permutation made from its seed; the
 * entries take turns, and each turn takes the best slot that is still free. So all gateways make
 * the same rows without talking, shares are even, and a change moves few slots besides those it
 * must.
 *
 * Weights, which the paper leaves open:
 *  - how often: an entry of weight w takes its turn number k (from 0) at the time (2k + 1) / w. The
 *    time is the entry's own, so a change elsewhere does not reorder the turns of those who stay.
 *  - how many: exactly its share of the slots, rounded by largest remainders (Hamilton's method),
 * so never a slot more or less than the share rounded up or down.
 *
 * Invariant: the result depends on the set of entries only, not on their order.
 * tests/unit/test_maglev.c holds a known answer: rows must not change silently between versions
 * that run beside each other.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct maglev_entry {
	uint64_t seed;	 /* whose permutation; of maglev_seed or maglev_seed_name */
	uint32_t weight; /* 0 takes no slot */
	uint16_t value;	 /* what its slots hold */
};

/*
 * Fills rows[0 .. size - 1]. Seeds should differ; entries with equal seeds are told apart by value.
 * About size * log(n) steps. 0; -ENOENT: no entry has a weight; -EINVAL: `size` is not a prime;
 * -ENOMEM. On error the rows are untouched.
 */
int maglev_fill(const struct maglev_entry *entries, size_t n, uint16_t *rows, uint32_t size);

/*
 * Slots for up to `max_entries` (at most 10 million) entries: the smallest prime that is at least a
 * hundred for each (the paper's ratio, for shares within 1 %), and at least 1009.
 */
uint32_t maglev_size(uint32_t max_entries);

/* Seeds from a fleet-wide key and an identity that never changes: a backend's id, a node's name. */
uint64_t maglev_seed(uint64_t key, uint64_t identity);
uint64_t maglev_seed_name(uint64_t key, const char *name);
