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
 * by the flow's hash, so that one connection's cookie tells nothing about another's. The permutation
 * is an unbalanced Feistel network of halves of 8 and 7 bits (Luby and Rackoff, SIAM J. Comput. 17,
 * 1988). A round's function is multiply-add-shift with a multiplier and an addend of the flow's own
 * (Dietzfelbinger, STACS '96): pairwise independent, which is what the outer rounds need (Naor and
 * Reingold, J. Cryptology 12, 1999). Six rounds: with four, a flipped low bit kept its place once in
 * 256 flows, which the unit test sees. Cost: six multiplications for the rounds' numbers, which do not
 * wait for each other, and six that do. It hides from clients which id a cookie is; it is no MAC. Who
 * guesses lands on a random one of 32768 ids, nearly always nobody's.
 */
#pragma once

#include <linux/types.h>

#define COOKIE_ID_BITS 15
#define COOKIE_ID_MASK 0x7fff
#define COOKIE_EPOCH_SHIFT 15
#define COOKIE_CLOCK_SHIFT 16
#define COOKIE_ROUNDS 6
#define COOKIE_EPOCHS 2

struct cookie_key {
	__u64 rounds[COOKIE_ROUNDS];
};

/* `live`: a bit for each place that holds a key: the current epoch's and the former's. */
struct cookie_keys {
	struct cookie_key epochs[COOKIE_EPOCHS];
	__u8 live;
	__u8 current; /* the place of the current epoch's: its number's lowest bit */
	__u8 zero[6];
};

_Static_assert(sizeof(struct cookie_keys) == 104, "two epochs of six words");

#define cookie_inline static inline __attribute__((always_inline))

/* A round's multiplier (high half) and addend (low half), of this flow. */
cookie_inline __u64 cookie_round(const volatile struct cookie_key *key, __u32 i, __u64 flow_hash)
{
	__u64 mix = (flow_hash ^ flow_hash >> 32 ^ key->rounds[i]) * 0x9e3779b97f4a7c15ULL;

	return mix ^ mix >> 32;
}

/* The top `bits` of value times multiplier plus addend. */
cookie_inline __u32 cookie_mix(__u64 round, __u32 value, __u32 bits)
{
	return (__u32)(value * (__u32)(round >> 32) + (__u32)round) >> (32 - bits);
}

#define COOKIE_LOW_BITS 7
#define COOKIE_HIGH_BITS 8
#define COOKIE_LOW_MASK 0x7f

cookie_inline __u32 cookie_permute(__u32 id, __u64 flow_hash, const volatile struct cookie_key *key)
{
	__u32 high = id >> COOKIE_LOW_BITS, low = id & COOKIE_LOW_MASK;

	high ^= cookie_mix(cookie_round(key, 0, flow_hash), low, COOKIE_HIGH_BITS);
	low ^= cookie_mix(cookie_round(key, 1, flow_hash), high, COOKIE_LOW_BITS);
	high ^= cookie_mix(cookie_round(key, 2, flow_hash), low, COOKIE_HIGH_BITS);
	low ^= cookie_mix(cookie_round(key, 3, flow_hash), high, COOKIE_LOW_BITS);
	high ^= cookie_mix(cookie_round(key, 4, flow_hash), low, COOKIE_HIGH_BITS);
	low ^= cookie_mix(cookie_round(key, 5, flow_hash), high, COOKIE_LOW_BITS);
	return high << COOKIE_LOW_BITS | low;
}

cookie_inline __u32 cookie_unpermute(__u32 word, __u64 flow_hash,
				     const volatile struct cookie_key *key)
{
	__u32 high = word >> COOKIE_LOW_BITS, low = word & COOKIE_LOW_MASK;

	low ^= cookie_mix(cookie_round(key, 5, flow_hash), high, COOKIE_LOW_BITS);
	high ^= cookie_mix(cookie_round(key, 4, flow_hash), low, COOKIE_HIGH_BITS);
	low ^= cookie_mix(cookie_round(key, 3, flow_hash), high, COOKIE_LOW_BITS);
	high ^= cookie_mix(cookie_round(key, 2, flow_hash), low, COOKIE_HIGH_BITS);
	low ^= cookie_mix(cookie_round(key, 1, flow_hash), high, COOKIE_LOW_BITS);
	high ^= cookie_mix(cookie_round(key, 0, flow_hash), low, COOKIE_HIGH_BITS);
	return high << COOKIE_LOW_BITS | low;
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
