/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the agent's programs take under real traffic, by the kernel's own statistics (BPF_ENABLE_STATS): a
 * client in a network namespace behind a veth, whose packets the kernel encapsulates for the agent's SID,
 * and a server here, which answers. Programs are attached as the agent attaches them. The statistics
 * cost something themselves: what they tell of a program that does nothing, on the same hook, for the same packets.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/programs.h"
#include "bench/sockets.h"

struct crosscheck {
	const char *path; /* the row that it is held against */
	bool v6;
	uint64_t runs;	 /* packets */
	double ns;	 /* without what the statistics cost */
	double empty_ns; /* which is that */
};

#define CROSSCHECKS_MAX 6 /* claim, restore, stamp; by family */

/* Builds the client's network, once. 0 or a negative errno, said to stderr. */
int crosscheck_prepare(void);

/* Sends and measures. 0 or a negative errno, said to stderr. */
int crosscheck_run(const struct programs *programs, const struct sockets *sockets,
		   struct crosscheck *ret);
