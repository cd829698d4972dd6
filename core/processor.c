/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/processor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int processor_take(struct processor *processor, const char *stat, uint64_t now_us)
{
	uint64_t user, nice, system, idle, wait, interrupts, softirqs, steal = 0, busy, all;
	int n = sscanf(stat,
		       "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		       " %" SCNu64 " %" SCNu64,
		       &user, &nice, &system, &idle, &wait, &interrupts, &softirqs, &steal);

	if (n < 7 || strncmp(stat, "cpu ", 4) != 0) /* not the line of one of them */
		return -EINVAL;
	busy = user + nice + system + interrupts + softirqs + steal; /* guests are in user already */
	all = busy + idle + wait;
	if (processor->looked_us) {
		uint64_t took_us = now_us - processor->looked_us;

		rate_take(&processor->busy, busy, false, took_us);
		rate_take(&processor->all, all, false, took_us);
	} else {
		processor->busy = rate_begin(busy);
		processor->all = rate_begin(all);
	}
	processor->looked_us = now_us;
	return 0;
}

uint16_t processor_permille(const struct processor *processor)
{
	double all = rate_of(&processor->all), share = all > 0 ? rate_of(&processor->busy) / all : 0;

	return share < 1 ? share * 1000 + 0.5 : 1000;
}
