/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How a path is timed. A sample is the driver with the program under test, between two floors: the
 * same driver, frames and flows with a program that does nothing. What a packet costs is the sample
 * less its floors. The row with the fewest samples has the next turn, so rows are interleaved.
 *
 * A shared machine changes its speed by a factor of two, for seconds or for fractions of a millisecond,
 * and not all code slows down alike. So a run is clocked in chunks of some 50 us and stands for what its
 * fastest quarter took at most; a sample is only begun when its first floor is that of the machine's
 * fast state, and counts only if the second floor agrees. Ratios are formed inside a sample, before any
 * median.
 */
#pragma once

#include "bench/crosscheck.h"
#include "bench/paths.h"

struct sample {
	double floor_ns; /* mean of both floors */
	double ns;
};

/* One path, one family, one number of flows. */
struct row {
	const struct path *path;
	bool v6;
	uint32_t flows;
	struct driver_frame frame;
	struct sample *samples;
	size_t n_samples;
};

/* Medians. `spread` is from quartile to quartile, `ratio` sample to floor, `rounds` the samples that counted. */
struct figure {
	double net_ns, spread_ns, floor_ns, ratio;
	size_t rounds;
};

/* Rows that have one floor: the same driver and length of the frame. */
enum floor_kind { FLOOR_SHORT, FLOOR_LONG, FLOOR_SKB, FLOOR_EGRESS, FLOOR_KINDS };

struct bench {
	struct world *world;
	struct programs *programs;
	struct sockets sockets;
	struct row *rows;
	size_t n_rows;
	struct crosscheck checks[CROSSCHECKS_MAX]; /* of no path: not made */
	const struct row *last; /* that the programs' tables were prepared for */
	double fastest[FLOOR_KINDS]; /* floors so far, ns */
	unsigned int slow;	    /* floors in a row that were not of the fast state */
};

/* The rows of the path named `only`, or of all; room for `rounds` samples each. -ENOENT, -ENOMEM. */
int bench_rows(struct bench *bench, const char *only, size_t rounds);

/* A few packets of the row, each looked at. 0 or a negative errno, said to stderr. */
int bench_check(struct bench *bench, struct row *row);

/* Packets of all flows of the row, as many as for a sample, not timed. They must end as those do. */
int bench_run(struct bench *bench, struct row *row);

/*
 * Adds a sample to the row, or finds that now is not the time. Every packet must have ended in the row's
 * verdict. 0 or a negative errno, said to stderr.
 */
int bench_sample(struct bench *bench, struct row *row);

/* What the row is to take at most, ns; 0: nobody said. */
unsigned int row_mark(const struct row *row);

struct figure row_figure(const struct bench *bench, const struct row *row);
