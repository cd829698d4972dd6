/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Marks of flows whose pins need not be read (bpf/steps/recent.h): eight bits of each, in words of eight.
 *
 *   flow hash --> word
 *
 *    63      56 55      48                         7        0
 *   +----------+----------+----------+- ... -+----------+----------+
 *   | mark     | mark     | 0        |       | mark     | mark     |
 *   +----------+----------+----------+- ... -+----------+----------+
 *
 * A mark is made of the flow's hash, the backend of its row, and the time in epochs of PIN_RECENT ticks. So it
 * says nothing any more as soon as the row leads elsewhere, or another epoch has begun. Each flow has epochs of
 * its own, so that the marks of all do not end at once.
 *
 * It may be another flow's, too: of a full word, by one in 32; of a word half full, by one in 64. `mix` is
 * pin_mix() of the flow's hash.
 */
#pragma once

#include "wire/pins.h"

#define RECENT_BITS 18 /* words: two megabytes, for two million flows. Twice as much is no more in a processor's caches */
#define RECENT_WORD_LANES 8
#define RECENT_LANE_BITS 8

#define RECENT_LANES(mark) ((mark) * 0x0101010101010101ULL)

pin_inline __u32 recent_word_of(__u64 mix)
{
	return mix >> (64 - RECENT_BITS);
}

/* Never 0, which is nobody's. `now` in ticks. */
pin_inline __u8 recent_mark(__u64 mix, __u16 backend, __u16 now)
{
	__u32 epoch = (__u16)(now + (mix & (PIN_RECENT - 1))) / PIN_RECENT;
	__u64 said = (epoch << 16 | backend) * 0x9e3779b97f4a7c15ULL;
	__u8 mark = (mix ^ said) * 0xd6e8feb86659fd93ULL >> 56;

	return mark ? mark : 1;
}

/* The highest bit of each lane that holds the mark; above such a lane one that differs in its lowest bit may
 * show too. */
pin_inline __u64 recent_match(__u64 word, __u8 mark)
{
	__u64 difference = word ^ RECENT_LANES(mark);

	return (difference - RECENT_LANES(1)) & ~difference & RECENT_LANES(0x80);
}

/* The lane of the lowest bit in a match. */
pin_inline __u32 recent_lane(__u64 match)
{
	return ((match & -match) >> (RECENT_LANE_BITS - 1)) * 0x0001020304050607ULL >> 56 &
	       (RECENT_WORD_LANES - 1);
}

/* Where a mark is to stand: the first free lane, or in a full word some other flow's. */
pin_inline __u32 recent_place(__u64 word, __u8 mark)
{
	__u64 free = recent_match(word, 0);

	return free ? recent_lane(free) : mark % RECENT_WORD_LANES;
}
