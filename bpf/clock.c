/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "bpf/clock.h"

#include <errno.h>
#include <time.h>

#include <bpf/bpf.h>

#include "wire/pins.h"

uint32_t clock_jiffy_ns(void)
{
	struct timespec jiffy;

	/* What the timer interrupt advances is as coarse as the timer interrupt. */
	clock_getres(CLOCK_MONOTONIC_COARSE, &jiffy);
	return jiffy.tv_nsec;
}

int clock_ahead(int program, uint64_t *ret_ahead_ns)
{
	LIBBPF_OPTS(bpf_test_run_opts, run);
	struct timespec now;

	if (bpf_prog_test_run_opts(program, &run) < 0)
		return -errno;
	clock_gettime(CLOCK_MONOTONIC, &now);
	*ret_ahead_ns = ((uint64_t)run.retval << PIN_CLOCK_SHIFT) -
			(now.tv_sec * UINT64_C(1000000000) + now.tv_nsec);
	return 0;
}
