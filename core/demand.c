/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/demand.h"

#include <string.h>

#define NOISE_WEIGHT 16 /* a new difference counts a sixteenth */

/* Steps that follow each other. */
struct span {
	double came, kept;
	size_t n;
};

static struct span span_of(const struct demand_step *steps, size_t n)
{
	struct span span = {.n = n};

	for (size_t i = 0; i < n; i++) {
		span.came += steps[i].came;
		span.kept += steps[i].kept;
	}
	return span;
}

static double square(double value)
{
	return value * value;
}

static double at_least_poisson(double noise)
{
	return noise > 1 ? noise : 1;
}

/* How far the rates of two spans are from each other, by how far they would be by chance; both squared. */
static double contradiction(const struct span *a, const struct span *b, double noise)
{
	double mean = (a->came + b->came) / (a->kept + b->kept);
	double chance = mean * noise * (1 / a->kept + 1 / b->kept) +
			square(mean * DEMAND_INEXACT) * (1.0 / a->n + 1.0 / b->n);

	return chance > 0 ? square(a->came / a->kept - b->came / b->kept) / chance : 0;
}

/* How many steps there are since the demand changed most certainly. 0: it did not. */
static size_t steps_since_change(const struct demand *demand)
{
	double noise = at_least_poisson(demand->noise), most = square(DEMAND_CERTAIN);
	struct span all = span_of(demand->steps, demand->n);
	size_t since = 0;

	for (size_t i = 1; i < demand->n; i++) {
		struct span late = span_of(demand->steps, i);
		struct span early = {all.came - late.came, all.kept - late.kept, all.n - i};
		double by = contradiction(&late, &early, noise);

		if (by > most) {
			most = by;
			since = i;
		}
	}
	return since;
}

/* What is beyond doubt counts no more than what is just so: it may have been a jump after all. */
static void learn_noise(struct demand *demand)
{
	const struct demand_step *late = &demand->steps[0], *early = &demand->steps[1];
	double chance = demand_of(demand) * (1 / late->kept + 1 / early->kept);
	double by = square(late->came / late->kept - early->came / early->kept);
	double most = at_least_poisson(demand->noise) * square(DEMAND_CERTAIN);

	if (chance > 0)
		demand->noise += ((by / chance < most ? by / chance : most) - demand->noise) / NOISE_WEIGHT;
}

/* So many steps, the newest ones, tell it as exactly as it need be. */
static size_t steps_enough(const struct demand *demand)
{
	double enough = at_least_poisson(demand->noise) / square(DEMAND_EXACT), came = 0;
	size_t n = 0;

	while (n < demand->n && (n < DEMAND_STEPS_MIN || came < enough))
		came += demand->steps[n++].came;
	return n;
}

void demand_take(struct demand *demand, double came, double kept)
{
	size_t since;

	if (kept <= 0)
		return;
	if (demand->n == DEMAND_STEPS)
		demand->n--;
	memmove(&demand->steps[1], demand->steps, demand->n * sizeof(*demand->steps));
	demand->steps[0] = (struct demand_step){came, kept};
	demand->n++;
	since = steps_since_change(demand);
	if (demand->n > 1 && (since != 1 || demand->fresh)) /* what jumps, and again, is noise */
		learn_noise(demand);
	if (since) {
		demand->n = since;
		demand->fresh = DEMAND_FRESH;
		return;
	}
	if (demand->fresh == DEMAND_FRESH)
		demand->n--; /* the step of the jump */
	demand->fresh -= demand->fresh > 0;
	demand->n = steps_enough(demand);
}

double demand_of(const struct demand *demand)
{
	struct span all = span_of(demand->steps, demand->n);

	return all.kept > 0 ? all.came / all.kept : 0;
}

bool demand_jumped(const struct demand *demand)
{
	return demand->fresh > 0;
}
