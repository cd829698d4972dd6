/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How many new connections clients bring to a site, by those that it was left of them. It kept a share, and
 * counted what came: sums of both, over the same steps, have the demand as their quotient, whatever the
 * share was. So a share that moves does not move what the next one is made from.
 *
 * What arrives on its own accord is noisy: 60 in a second are 60 +- 8. A long time tells more exactly, and a short one
 * sooner. Here the time is as long as it takes to count so many that chance is DEMAND_EXACT of them, and no longer
 * than all of it agrees: each step asks of every point in it whether the rates before and after differ by more
 * than chance would make them, and forgets what was before (A. Bifet, R. Gavaldà, Learning from Time-Changing
 * Data with Adaptive Windowing, SDM 2007).
 *
 *   - Chance is what is seen of it, and at least Poisson's: clients that open six at a time are so much
 *     noisier. It is told from how steps differ from the next, which a demand that moves does not add to
 *     (J. von Neumann et al., The Mean Square Successive Difference, 1941).
 *   - A step is not exactly as long as it should be: differences below DEMAND_INEXACT are nothing.
 *   - The step in which a demand jumps is of both, and counts only until there is another.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define DEMAND_STEPS 32     /* the most that are counted */
#define DEMAND_STEPS_MIN 3
#define DEMAND_EXACT 0.04   /* a standard deviation, of the demand; a policy's marks are 0.1 apart */
#define DEMAND_CERTAIN 4    /* standard deviations that are not chance */
#define DEMAND_INEXACT 0.02 /* of a step's count */
#define DEMAND_FRESH 3	    /* steps in which a jump is new */

struct demand {
	struct demand_step {
		double came; /* new connections */
		double kept; /* the share of all that were to come: above 0, to 1 */
	} steps[DEMAND_STEPS];	/* the newest first */
	size_t n;
	double noise; /* variance of counts, by that of Poisson's */
	unsigned int fresh; /* steps in which the last jump will still be new */
};

/* A step has passed. Where nothing was `kept` it says nothing. */
void demand_take(struct demand *demand, double came, double kept);

/* New connections a step; 0 where nothing is known. */
double demand_of(const struct demand *demand);

/* It is another now than it was, since a step or two. */
bool demand_jumped(const struct demand *demand);
