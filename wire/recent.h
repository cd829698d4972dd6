/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Marks of flows whose pins need not be read (bpf/steps/recent.h): eight bits of each, seven in a word with
 * the epoch that they are of.
 *
 *   flow hash --> word
 *
 *    63      56 55      48                         7        0
 *   +----------+----------+----------+- ... -+----------+----------+
 *   | epoch    | mark     | 0        |       | mark     | mark     |
 *   +----------+----------+----------+- ... -+----------+----------+
 *
 * Time goes in epochs of PIN_RECENT ticks, and a word of another epoch is an empty one. Words begin theirs at
 * different ticks, so that the marks of all do not end at once. A mark is made of the flow's hash, the backend of
 * its row and the epoch: so it says nothing any more as soon as the row leads elsewhere, and which flows have the
 * same mark is another matter in each epoch.
 *
 * For it may be another flow's: with a million flows in 1.5 % of cases, and never in more than 2.8 %.
 *
 * `mix` is pin_mix() of the flow's hash. The table is part of the pinned layout (LAYOUT_VERSION).
 */
#pragma once

#include "wire/pins.h"

#define RECENT_BITS 18 /* words: two megabytes. Twice as much is no more in a processor's caches */
#define RECENT_WORD_LANES 7
#define RECENT_LANE_BITS 8
#define RECENT_EPOCH_SHIFT 56

#define RECENT_LANES(mark) ((mark) * 0x0001010101010101ULL)

pin_inline __u32 recent_word_of(__u64 mix)
{
	return mix >> (64 - RECENT_BITS);
}

/* Of a word. `now` in ticks. */
pin_inline __u16 recent_epoch(__u32 word, __u16 now)
{
	return (__u16)(now + (word & (PIN_RECENT - 1))) / PIN_RECENT;
}

/* Never 0, which is nobody's. */
pin_inline __u8 recent_mark(__u64 mix, __u16 backend, __u16 epoch)
{
	__u64 said = ((__u32)epoch << 16 | backend) * 0x9e3779b97f4a7c15ULL;
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
	return ((match & -match) >> (RECENT_LANE_BITS - 1)) * 0x0001020304050607ULL >> 56 & 7;
}

pin_inline bool recent_is_of(__u64 word, __u16 epoch)
{
	return word >> RECENT_EPOCH_SHIFT == (__u8)epoch;
}

/* The word with one mark more, which takes a free lane, or in a full word some other flow's. */
pin_inline __u64 recent_with(__u64 word, __u8 mark, __u16 epoch)
{
	__u64 free;
	__u32 shift;

	if (!recent_is_of(word, epoch))
		return (__u64)(__u8)epoch << RECENT_EPOCH_SHIFT | mark;
	free = recent_match(word, 0);
	shift = (free ? recent_lane(free) : mark % RECENT_WORD_LANES) * RECENT_LANE_BITS;
	return (word & ~(0xffULL << shift)) | (__u64)mark << shift;
}

/* The word without the mark. */
pin_inline __u64 recent_without(__u64 word, __u8 mark)
{
	__u64 match = recent_match(word, mark);

	return match ? word & ~(0xffULL << recent_lane(match) * RECENT_LANE_BITS) : word;
}
