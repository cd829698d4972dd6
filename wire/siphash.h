/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * SipHash-2-4 (Aumasson and Bernstein, INDOCRYPT 2012): a MAC of 64 bits for short messages, cheap
 * enough for BPF, which has no other. Messages are whole words of eight bytes; the value is that of
 * the paper, whatever the machine's byte order.
 */
#pragma once

#include <linux/types.h>

struct siphash_key {
	__u64 words[2];
};

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SIPHASH_LE64(x) (x)
#else
#define SIPHASH_LE64(x) __builtin_bswap64(x)
#endif

#define siphash_inline static inline __attribute__((always_inline))

struct siphash_state {
	__u64 v0, v1, v2, v3;
};

siphash_inline __u64 siphash_rotate(__u64 word, int bits)
{
	return word << bits | word >> (64 - bits);
}

siphash_inline void siphash_round(struct siphash_state *state)
{
	state->v0 += state->v1;
	state->v1 = siphash_rotate(state->v1, 13) ^ state->v0;
	state->v0 = siphash_rotate(state->v0, 32);
	state->v2 += state->v3;
	state->v3 = siphash_rotate(state->v3, 16) ^ state->v2;
	state->v0 += state->v3;
	state->v3 = siphash_rotate(state->v3, 21) ^ state->v0;
	state->v2 += state->v1;
	state->v1 = siphash_rotate(state->v1, 17) ^ state->v2;
	state->v2 = siphash_rotate(state->v2, 32);
}

siphash_inline void siphash_word(struct siphash_state *state, __u64 word)
{
	state->v3 ^= word;
	siphash_round(state);
	siphash_round(state);
	state->v0 ^= word;
}

/* The MAC of `count` words as they stand in memory; in BPF a constant, below 32. */
siphash_inline __u64 siphash(const __u64 *words, __u32 count, const volatile struct siphash_key *key)
{
	__u64 k0 = SIPHASH_LE64(key->words[0]), k1 = SIPHASH_LE64(key->words[1]);
	struct siphash_state state = {
		.v0 = k0 ^ 0x736f6d6570736575ULL,
		.v1 = k1 ^ 0x646f72616e646f6dULL,
		.v2 = k0 ^ 0x6c7967656e657261ULL,
		.v3 = k1 ^ 0x7465646279746573ULL,
	};

	for (__u32 i = 0; i < count; i++)
		siphash_word(&state, SIPHASH_LE64(words[i]));
	siphash_word(&state, (__u64)count * 8 << 56);
	state.v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		siphash_round(&state);
	return SIPHASH_LE64(state.v0 ^ state.v1 ^ state.v2 ^ state.v3);
}
