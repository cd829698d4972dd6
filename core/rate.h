/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How fast a counter rises of late: what it counted by the time that took, both fading, so that their
 * quotient is a rate from the first interval on, and samples may be missing, or come in a bunch.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define RATE_FADE_US (1000 * 1000ULL)

struct rate {
	uint64_t last;
	double counted, seconds;
};

/* The first sample: nothing is known of what came before. */
static inline struct rate rate_begin(uint64_t count)
{
	return (struct rate){.last = count};
}

/*
 * The next one, after so much time. A counter that went back, or began `anew`, began with zero. Returns by how
 * much it rose.
 */
static inline uint64_t rate_take(struct rate *rate, uint64_t count, bool anew, uint64_t took_us)
{
	double keep = (double)RATE_FADE_US / (RATE_FADE_US + took_us);
	uint64_t more = anew || count < rate->last ? count : count - rate->last;

	rate->counted = (rate->counted + more) * keep;
	rate->seconds = (rate->seconds + took_us / 1e6) * keep;
	rate->last = count;
	return more;
}

/* A second. 0 where there was no interval yet. */
static inline double rate_of(const struct rate *rate)
{
	return rate->seconds > 0 ? rate->counted / rate->seconds : 0;
}
