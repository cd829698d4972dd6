/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Addresses as every part of Holdfast holds them: 16 bytes in network order. An IPv4 address is the
 * v4-mapped IPv6 address ::ffff:a.b.c.d (RFC 4291, 2.5.5.2), so one code path and one table serve
 * both families.
 */
#pragma once

#include <linux/types.h>

union address {
	__u8 bytes[16];
	__be16 groups[8];
	__be32 words[4];
	__be64 halves[2];
};

_Static_assert(sizeof(union address) == 16, "an address is 16 bytes");

/* A network: `base` has no bit set outside `mask`. */
struct prefix {
	union address base;
	union address mask;
};

_Static_assert(sizeof(struct prefix) == 32, "a prefix is 32 bytes");

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define WIRE_BE16(x) ((__be16)__builtin_bswap16(x))
#define WIRE_BE32(x) ((__be32)__builtin_bswap32(x))
#define WIRE_BE64(x) ((__be64)__builtin_bswap64(x))
#else
#define WIRE_BE16(x) ((__be16)(x))
#define WIRE_BE32(x) ((__be32)(x))
#define WIRE_BE64(x) ((__be64)(x))
#endif

#define V4_MAPPED_WORD WIRE_BE32(0x0000ffff)

static inline __attribute__((always_inline)) int address_equal(const union address *a,
							       const union address *b)
{
	return ((a->halves[0] ^ b->halves[0]) | (a->halves[1] ^ b->halves[1])) == 0;
}

static inline __attribute__((always_inline)) int address_is_v4(const union address *a)
{
	return a->halves[0] == 0 && a->words[2] == V4_MAPPED_WORD;
}

/* `volatile`: a program's settings are. A cast would let the compiler take them for zeros. */
static inline __attribute__((always_inline)) int prefix_holds(const volatile struct prefix *prefix,
							      const union address *a)
{
	/* Nearly every address that is outside differs in its first half. */
	if ((a->halves[0] & prefix->mask.halves[0]) != prefix->base.halves[0])
		return 0;
	return (a->halves[1] & prefix->mask.halves[1]) == prefix->base.halves[1];
}

static inline __attribute__((always_inline)) void address_from_v4(union address *ret, __be32 v4)
{
	ret->halves[0] = 0;
	ret->words[2] = V4_MAPPED_WORD;
	ret->words[3] = v4;
}
