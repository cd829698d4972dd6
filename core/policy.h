/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which share of a service's new connections a site keeps, and which it hands to other sites. Local
 * accept, spillover, failover, recovery and drain are one rule with different numbers: a site keeps
 * what it has room for below its mark, and the nearest other site that has room takes the rest.
 *
 *	capacity of the open members ---- 100 %
 *	                                         above the mark: keep less, so that use comes down to it
 *	spill: at ------------------------ 90 %
 *	                                         in between: all stays as it is
 *	recover -------------------------- 80 %
 *	                                         below: keep more again, a tenth a step
 *	0
 *
 * Only new connections can be steered. How many of them a site keeps follows from what it wants to
 * come in: at a rate, the mark itself; with connections that last, as many as end, and a tenth of what
 * is missing to the mark: so use comes to stand between the two marks whatever their lifetimes are,
 * and does not swing.
 *
 *   - No site is given more while it is above its own mark. What then finds no room stays at home:
 *     two sites that are both above their marks each keep their own.
 *   - Without an open member (or with fewer than `min-healthy`) a site keeps nothing, and this is
 *     called failover. Its connections go to open sites even above their marks: late is better than
 *     never. Without any open site there are no rows, and nothing is announced.
 *   - What comes from another site never goes on while a member is open here: so nothing circles.
 *     That is the rows' part (bpf), as is the count of moves.
 *   - A site has room for others up to its lower mark. It gives it to several at once, who do not know
 *     of each other, so each takes a quarter of it a step. What is above its upper mark they all take
 *     back at once. In between all stays as it is.
 *
 * A step is POLICY_STEP_MS; shares are in thousandths. Every gateway of a site decides for itself. They
 * change by two hundredths at least, so that noise does not make generations of rows.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POLICY_STEP_MS 1000
#define POLICY_WHOLE 1000
#define POLICY_QUANTUM 20
#define POLICY_SITES_MAX 16
#define POLICY_ANY_ROOM INT64_MAX

enum policy_measure {
	POLICY_UNMEASURED,  /* no capacity was given: it is never used up */
	POLICY_CONNECTIONS, /* established */
	POLICY_RATE,	    /* new connections a step */
	POLICY_LOAD,	    /* CPU, thousandths */
};

/* The operator's; in thousandths. */
struct policy_profile {
	uint8_t measure; /* enum policy_measure */
	uint32_t spill_at;
	uint32_t recover;
	uint32_t min_healthy; /* of the members' weight */
};

/* What our site has measured. */
struct policy_load {
	uint64_t healthy, members; /* weights: open, and all that the operator opened */
	uint64_t capacity;	   /* of those open, in the measure's unit */
	uint64_t used;
	uint64_t arrivals; /* new connections in this step, wherever from */
};

/* Another site, as it tells of itself. */
struct policy_site {
	bool open;    /* a member is open, it can be reached, and it is not drained */
	int64_t room; /* new connections a step, up to its lower mark; negative: down to its upper one */
};

struct policy_shares {
	uint32_t keep;
	uint32_t sites[POLICY_SITES_MAX];
};

struct policy {
	struct policy_shares shares; /* which the rows are to have */
	uint64_t used_before;
	uint64_t arrivals; /* smoothed, in sixteenths */
	uint64_t offered;  /* new connections a step that clients bring here, the last that is known */
	int64_t ending;	   /* connections that end a step, smoothed, in sixteenths */
	bool began;
};

/* Everything stays, until more is known. */
struct policy policy_new(void);

/*
 * The next step. `sites` are those that may be handed to, the preferred one first. True: the shares are
 * others now.
 */
bool policy_step(struct policy *policy, const struct policy_profile *profile,
		 const struct policy_load *load, const struct policy_site *sites, size_t n);

/* What our site tells the others, after policy_step. */
struct policy_site policy_offer(const struct policy *policy, const struct policy_profile *profile,
				const struct policy_load *load);
