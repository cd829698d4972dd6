/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/histogram.h"

const uint32_t histogram_bounds_us[HISTOGRAM_BOUNDS] = {
	250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000, 2500000,
};

void histogram_add(struct histogram *histogram, uint64_t us)
{
	size_t bound = 0;

	histogram->count++;
	histogram->sum_us += us;
	while (bound < HISTOGRAM_BOUNDS && us > histogram_bounds_us[bound])
		bound++;
	if (bound < HISTOGRAM_BOUNDS)
		histogram->in[bound]++;
}

uint64_t histogram_within(const struct histogram *histogram, size_t bound)
{
	uint64_t sum = 0;

	for (size_t i = 0; i <= bound; i++)
		sum += histogram->in[i];
	return sum;
}
