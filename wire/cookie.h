/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The cookie: a connection's backend, in the timestamp of its own packets (RFC 7323, 3). The agent
 * writes it as TSval, the client echoes it as TSecr, and any gateway reads it without a table.
 *
 *     31                      16 15 14                    0
 *    +--------------------------+--+----------------------+
 *    |  connection's clock, ms  |e | permuted backend id  |      e: key epoch
 *    +--------------------------+--+----------------------+
 *
 * The clock is in front, so a rising clock makes a rising TSval whatever the rest is; the rest never
 * changes in a connection's life. wire/clock.h has the clock's rules.
 *
 * Epochs number the keys and only ever rise; their lowest bit travels. The current one's is written, it
 * and the one before are read. What older ones wrote decodes to nobody, and goes by the ladder's other
 * rungs (docs/decisions/0012-cookie-epochs.md).
 *
 * The id is not written plainly, and not under an XOR: whoever flips bits must not choose the
 * neighbour that the packet lands on. It goes through a keyed permutation of 15-bit numbers, tweaked
 * by the flow's hash, so that one connection's cookie tells nothing about another's. From cookie to id,
 * the way of every packet:
 *
 *     low 7 bits ^= multiply-shift of the high 8     what is high reaches what is low
 *     three times: times an odd number, mod 2^15     what is low reaches what is high,
 *                  x ^= x >> 7                       and the highest bits come down again
 *
 * Multipliers and addends are the flow's own. The first step is a round of Feistel's network with a
 * function that is pairwise independent (Dietzfelbinger, STACS '96); an odd multiplier has an inverse,
 * which whoever writes cookies computes (Newton's iteration), since that is done once a connection. Cost:
 * six multiplications. It hides from clients which id a cookie is; it is no MAC. Who guesses lands on a
 * random one of 32768 ids, nearly always nobody's (docs/decisions/0010-cookie.md).
 */
#pragma once

#include <linux/types.h>

#define COOKIE_ID_BITS 15
#define COOKIE_ID_MASK 0x7fff
#define COOKIE_EPOCH_SHIFT 15
#define COOKIE_CLOCK_SHIFT 16
#define COOKIE_EPOCHS 2

struct cookie_key {
	__u64 words[2];
};

/* `live`: a bit for each place that holds a key: the current epoch's and the former's. */
struct cookie_keys {
	struct cookie_key epochs[COOKIE_EPOCHS];
	__u8 live;
	__u8 current; /* the place of the current epoch's: its number's lowest bit */
	__u8 zero[6];
};

_Static_assert(sizeof(struct cookie_keys) == 40, "two epochs of two words");

#define cookie_inline static inline __attribute__((always_inline))

#define COOKIE_LOW_BITS 7
#define COOKIE_STEPS 3

/* One flow's permutation. Of the numbers, 15 bits count. */
struct cookie_mix {
	__u32 down;		 /* what the high bits are multiplied with ... */
	__u32 down_addend;
	__u32 odd[COOKIE_STEPS]; /* ... and then all of them */
	__u32 addend;
};

cookie_inline struct cookie_mix cookie_mix_of(__u64 flow_hash, const volatile struct cookie_key *key)
{
	__u64 folded = flow_hash ^ flow_hash >> 32;
	__u64 first = (folded ^ key->words[0]) * 0x9e3779b97f4a7c15ULL;
	__u64 second = (folded ^ key->words[1]) * 0x9e3779b97f4a7c15ULL;

	return (struct cookie_mix){
		.down = first >> 32,
		.down_addend = first,
		.odd = {(__u32)(second >> 32) | 1, (__u32)(second >> 48) | 1, (__u32)(first >> 48) | 1},
		.addend = second,
	};
}

/* The low bits of a cookie, changed by its high ones. It is its own inverse. */
cookie_inline __u32 cookie_down(__u32 word, const struct cookie_mix *mix)
{
	return word ^
	       ((word >> COOKIE_LOW_BITS) * mix->down + mix->down_addend) >> (32 - COOKIE_LOW_BITS);
}

/* Of an odd number, modulo 2^20 at least (Newton's iteration, each step twice as many bits). */
cookie_inline __u32 cookie_inverse(__u32 odd)
{
	__u32 inverse = odd * 3 ^ 2;

	inverse *= 2 - odd * inverse;
	return inverse * (2 - odd * inverse);
}

/* word ^ word >> 7 was `word`. */
cookie_inline __u32 cookie_unshift(__u32 word)
{
	return word ^ word >> COOKIE_LOW_BITS ^ word >> 2 * COOKIE_LOW_BITS;
}

cookie_inline __u32 cookie_unpermute(__u32 word, __u64 flow_hash,
				     const volatile struct cookie_key *key)
{
	struct cookie_mix mix = cookie_mix_of(flow_hash, key);

	word = cookie_down(word, &mix) + mix.addend;
	for (int i = 0; i < COOKIE_STEPS; i++) {
		word = word * mix.odd[i] & COOKIE_ID_MASK;
		word ^= word >> COOKIE_LOW_BITS;
	}
	return word;
}

cookie_inline __u32 cookie_permute(__u32 id, __u64 flow_hash, const volatile struct cookie_key *key)
{
	struct cookie_mix mix = cookie_mix_of(flow_hash, key);

	for (int i = COOKIE_STEPS - 1; i >= 0; i--)
		id = cookie_unshift(id) * cookie_inverse(mix.odd[i]) & COOKIE_ID_MASK;
	return cookie_down((id - mix.addend) & COOKIE_ID_MASK, &mix);
}

/* What never changes in a connection's life: epoch and permuted id, the low half of its TSval. */
cookie_inline __u16 cookie_mark(__u32 id, __u64 flow_hash, __u32 epoch,
				const volatile struct cookie_keys *keys)
{
	return epoch << COOKIE_EPOCH_SHIFT |
	       cookie_permute(id & COOKIE_ID_MASK, flow_hash, &keys->epochs[epoch & 1]);
}

/* TSval, host order, of a connection born in the current epoch. */
cookie_inline __u32 cookie_encode(__u32 clock_ms, __u32 id, __u64 flow_hash,
				  const volatile struct cookie_keys *keys)
{
	return clock_ms << COOKIE_CLOCK_SHIFT | cookie_mark(id, flow_hash, keys->current, keys);
}

/*
 * The id that a TSecr (host order) carries for this flow; 0 when its epoch is none of ours. Any
 * number decodes to some id: whether that is a backend of the service is for the caller to see.
 */
cookie_inline __u32 cookie_decode(__u32 tsecr, __u64 flow_hash,
				  const volatile struct cookie_keys *keys)
{
	__u32 epoch = tsecr >> COOKIE_EPOCH_SHIFT & 1;

	if (!(keys->live >> epoch & 1))
		return 0;
	return cookie_unpermute(tsecr & COOKIE_ID_MASK, flow_hash, &keys->epochs[epoch]);
}
