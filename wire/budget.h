/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A rate limit in one word: the time at which what was spent is earned again (the generic cell rate
 * algorithm, ITU-T I.371, A.1). Up to BUDGET_BURST_NS may be spent ahead, a second's worth; one at
 * least is always there after a pause. Several CPUs, and a daemon, may spend at once: who finds that
 * the word has changed under him gets nothing, since somebody else just got something.
 */
#pragma once

#include <linux/types.h>

#define BUDGET_BURST_NS 1000000000ULL

/* Takes one, which takes `interval_ns` to earn (above 0). 0: there is none left. */
static inline __attribute__((always_inline)) int budget_take(__u64 *due_ns, __u64 now_ns,
							     __u64 interval_ns)
{
	__u64 due = *(volatile __u64 *)due_ns;
	__u64 from = due > now_ns ? due : now_ns;

	if (from - now_ns > BUDGET_BURST_NS)
		return 0;
	return __sync_val_compare_and_swap(due_ns, due, from + interval_ns) == due;
}
