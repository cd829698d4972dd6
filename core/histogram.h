/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How long something took, many times: how often it was within each of some bounds, and all of it together, as
 * Prometheus wants it (prometheus.io/docs/concepts/metric_types).
 *
 * The bounds are of health checks: a connection within a site takes a fraction of a millisecond, a page some, and
 * what took longer than a few seconds has failed.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_BOUNDS 12

extern const uint32_t histogram_bounds_us[HISTOGRAM_BOUNDS];

struct histogram {
	uint64_t in[HISTOGRAM_BOUNDS]; /* of a bound, and not of the one before */
	uint64_t count, sum_us;
};

void histogram_add(struct histogram *histogram, uint64_t us);

/* How many took no longer than the bound. */
uint64_t histogram_within(const struct histogram *histogram, size_t bound);
