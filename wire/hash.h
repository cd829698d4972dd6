/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The keyed flow hash: every gateway of the fleet computes the same one, and a client who does not
 * know the key cannot aim flows at one row.
 *
 * NH, the universal hash inside UMAC (RFC 4418, 5.2.2; Black et al., CRYPTO '99): words plus key
 * words, multiplied in pairs and summed. Two different flows collide with probability 2^-32 over the
 * keys. NH alone leaves structure in its low bits, so a multiply-and-shift finish spreads it. Nobody
 * outside sees the value, only which server answers; NH is chosen for its cost (five multiplications),
 * not as a MAC.
 *
 * The value is computed on words as the machine loads them: a fleet must not mix byte orders.
 */
#pragma once

#include "wire/flow.h"

#define FLOW_WORDS (sizeof(struct flow) / sizeof(__u32))

struct hash_key {
	__u32 words[FLOW_WORDS];
	__u64 finish; /* made odd where it is used */
};

_Static_assert(sizeof(struct hash_key) == 48, "ten words and the finish");

static inline __attribute__((always_inline)) __u64 flow_hash(const struct flow *flow,
							     const volatile struct hash_key *key)
{
	const __u32 *word = (const __u32 *)flow;
	__u64 hash = 0;

	for (unsigned int i = 0; i < FLOW_WORDS; i += 2)
		hash += (__u64)(__u32)(word[i] + key->words[i]) *
			(__u32)(word[i + 1] + key->words[i + 1]);

	hash ^= hash >> 32;
	hash *= key->finish | 1;
	hash ^= hash >> 29;
	hash *= 0x9e3779b97f4a7c15ULL;
	return hash ^ (hash >> 32);
}

/*
 * Independent choices from one hash. A row takes the low half and a router the high half, so the
 * flows of one router still spread over all rows; next hop and flow label take a remix of both.
 */
static inline __attribute__((always_inline)) __u32 hash_scale(__u32 value, __u32 size)
{
	return ((__u64)value * size) >> 32; /* Lemire's fast range: 0 to size - 1 */
}

static inline __attribute__((always_inline)) __u32 hash_row(__u64 hash, __u32 size)
{
	return hash_scale((__u32)hash, size);
}

static inline __attribute__((always_inline)) __u32 hash_router(__u64 hash, __u32 size)
{
	return hash_scale((__u32)(hash >> 32), size);
}

static inline __attribute__((always_inline)) __u32 hash_hop(__u64 hash, __u32 size)
{
	return hash_scale((__u32)((hash * 0xd6e8feb86659fd93ULL) >> 32), size);
}

#define FLOW_LABEL_MASK 0x000fffff

static inline __attribute__((always_inline)) __u32 hash_flow_label(__u64 hash)
{
	return (__u32)((hash * 0xa0761d6478bd642fULL) >> 44) & FLOW_LABEL_MASK;
}
