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
 *	recover: below ------------------- 80 %
 *	                                         below: keep more again, `rise` a step at most
 *	0
 *
 * Only new connections can be steered. How many of them a site keeps follows from what clients bring
 * (core/demand.h) and what it wants to come in: at a rate, the mark itself; with connections that last, as many as end, and a tenth of what
 * is missing to the mark: so use comes to stand between the two marks whatever their lifetimes are,
 * and does not swing. Of connections that last it begins some steps before the mark would be passed: those that
 * come until a smaller share takes effect are there to stay.
 *
 *   - No site is given more while it is above its own mark. What then finds no room stays at home:
 *     two sites that are both above their marks each keep their own.
 *   - Without an open member (or with fewer than `min-healthy`) a site keeps nothing, and this is
 *     called failover. Its connections go to open sites even above their marks: late is better than
 *     never. Without any open site there are no rows, and nothing is announced. That does not wait for a
 *     step: policy_settle says what becomes of shares whose sites came up or went down.
 *   - What comes from another site never goes on while a member is open here: so nothing circles.
 *     That is the rows' part (bpf/steps/way.h), as is the count of moves.
 *   - Where nothing was heard of a site's use, nothing is spilled to it, and what it has stays there.
 *   - A site has room for others up to its lower mark. It gives it to several at once, who do not know
 *     of each other, so each takes a quarter of it a step: more swings, where they are two, too. Only a
 *     demand that has just jumped takes all. What is above its upper mark they all take back at once. In between, and while it fills, all stays.
 *
 * A step is POLICY_STEP_MS; shares are in thousandths. Every gateway decides for itself, from what all
 * sites' backends tell all gateways: no site asks another. Shares change by two hundredths at least, so that
 * noise does not change rows.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/demand.h"

#define POLICY_STEP_MS 1000
#define POLICY_WHOLE 1000
#define POLICY_QUANTUM 20
#define POLICY_BLIND_STEPS 10 /* without news of its own use, a site stays as it is for so long */
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
	uint32_t rise;	      /* of all new connections that may come home in a step */
	uint32_t after;	      /* steps that a site must have been able again before it keeps any */
};

/* What a site's backends tell. */
struct policy_load {
	uint64_t healthy, members; /* weights: open, and all that the operator opened */
	uint64_t capacity;	   /* of those open, in the measure's unit */
	uint64_t used;
	uint64_t arrivals; /* new connections in this step, wherever from */
	bool unknown;	   /* none of them was heard of: capacity, used and arrivals are nothing */
};

/* Another site. */
struct policy_site {
	bool open;    /* a member is open, it can be reached, and it is not drained */
	bool weak;    /* but it has fewer members than min-healthy says */
	bool reserve; /* nothing is spilled to it: it has what nobody else can take */
	int64_t room; /* new connections a step, up to its lower mark; negative: down to its upper one */
};

struct policy_shares {
	uint32_t keep;
	uint32_t sites[POLICY_SITES_MAX];
};

/* A site's new and ending connections, smoothed. */
struct policy_meter {
	uint64_t used_before;
	uint64_t arrivals; /* a step, in sixteenths */
	int64_t ending;	   /* connections that end a step, in sixteenths */
	bool began;
};

struct policy {
	struct policy_shares shares; /* which the rows are to have */
	struct policy_meter meter;   /* of our own site; its arrivals are those that the demand lets expect */
	struct demand demand;	     /* of its clients */
	uint64_t offered;	     /* the same, rounded, the last that is known */
	uint32_t kept;		     /* since the last step, by us alone; 0: unknown */
	uint32_t able;	  /* steps that our site has been able to serve */
	uint32_t blind;	  /* steps that nothing was heard of its use */
};

/* Everything stays, until more is known. */
struct policy policy_new(void);

/* Is there enough of the site to serve? */
bool policy_able(const struct policy_profile *profile, const struct policy_load *load);

/*
 * The shares as rows can have them now: those of sites that are not open come home, or go to the nearest
 * that is. So does what we kept if our site is not `able` and another one is, or not `any` member is open
 * here. As long as anybody is open anywhere, they are POLICY_WHOLE together.
 */
void policy_settle(struct policy_shares *shares, bool able, bool any,
		   const struct policy_site *sites, size_t n);

/* What happened at a site in this step. Our own's is part of policy_step. */
void policy_measure(struct policy_meter *meter, const struct policy_load *load);

/*
 * The next step. `sites` are those that may be handed to, the preferred one first. True: the shares are
 * others now.
 */
bool policy_step(struct policy *policy, const struct policy_profile *profile,
		 const struct policy_load *load, const struct policy_site *sites, size_t n);

/* Is `exact` so far from what rows have, `shown`, that they should change? */
bool policy_differ(const struct policy_shares *exact, const struct policy_shares *shown, size_t n);

/* What a site has to offer to the others, after policy_measure. */
struct policy_site policy_offer(const struct policy_meter *meter,
				const struct policy_profile *profile,
				const struct policy_load *load);
