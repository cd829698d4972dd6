/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shares in closed loops: sites that are simulated, with demands that change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/policy.h"
#include "tests/unit/policy_profiles.h"

#define SITES 3

/* A site, and the clients that the network brings to it. */
struct plant {
	const struct policy_profile *profile;
	double capacity, demand; /* new connections a step */
	double lifetime;	 /* steps; of POLICY_CONNECTIONS */
	double used, inflow;
	bool late; /* what its backends tell is a step old: */
	struct policy_load told;
	bool down;
	struct policy policy;
	struct policy_site offer;
	int turns, direction; /* how often its share turned round */
};

static struct plant plants[SITES];
static int n_plants;

static void given(int n, const struct policy_profile *profile)
{
	memset(plants, 0, sizeof(plants));
	n_plants = n;
	for (int i = 0; i < n; i++)
		plants[i] = (struct plant){.profile = profile, .policy = policy_new(),
					   .capacity = 1000, .lifetime = 20,
					   .offer = {.open = true, .room = 0}};
}

/* The other sites in their order, from this one's point of view. */
static int other(int site, int place)
{
	return (site + 1 + place) % n_plants;
}

static double noisy(double value)
{
	return value * (0.98 + 0.04 * (rand() % 1000) / 1000);
}

static void flow(void)
{
	for (int i = 0; i < n_plants; i++)
		plants[i].inflow = 0;
	for (int i = 0; i < n_plants; i++) {
		const struct policy_shares *shares = &plants[i].policy.shares;
		double demand = noisy(plants[i].demand);

		plants[i].inflow += demand * shares->keep / 1000;
		for (int j = 0; j < n_plants - 1; j++)
			plants[other(i, j)].inflow += demand * shares->sites[j] / 1000;
	}
	for (int i = 0; i < n_plants; i++) {
		struct plant *plant = &plants[i];

		if (plant->profile->measure == POLICY_CONNECTIONS)
			plant->used += plant->inflow - plant->used / plant->lifetime;
		else
			plant->used = plant->inflow;
	}
}

static struct policy_load load_of(struct plant *plant)
{
	struct policy_load before = plant->told;

	plant->told = (struct policy_load){
		.healthy = plant->down ? 0 : 3,
		.members = 3,
		.capacity = plant->down ? 0 : plant->capacity,
		.used = plant->used,
		.arrivals = plant->inflow,
	};
	return plant->late && before.members ? before : plant->told;
}

static void watch(struct plant *plant, uint32_t before)
{
	int direction = (plant->policy.shares.keep > before) - (plant->policy.shares.keep < before);

	plant->turns += direction && plant->direction && direction != plant->direction;
	if (direction)
		plant->direction = direction;
}

static void decide(void)
{
	struct policy_site offers[SITES];

	for (int i = 0; i < n_plants; i++)
		offers[i] = plants[i].offer;
	for (int i = 0; i < n_plants; i++) {
		struct plant *plant = &plants[i];
		struct policy_load load = load_of(plant);
		struct policy_site sites[SITES];
		uint32_t before = plant->policy.shares.keep, all;

		for (int j = 0; j < n_plants - 1; j++)
			sites[j] = offers[other(i, j)];
		policy_step(&plant->policy, plant->profile, &load, sites, n_plants - 1);
		plant->offer = policy_offer(&plant->policy.meter, plant->profile, &load);
		all = plant->policy.shares.keep;
		for (int j = 0; j < n_plants - 1; j++) {
			all += plant->policy.shares.sites[j];
			if (!sites[j].open)
				assert_int_equal(plant->policy.shares.sites[j], 0);
		}
		assert_true(all == 1000 || all == 0);
		watch(plant, before);
	}
}

static void steps(int n)
{
	for (int i = 0; i < n; i++) {
		flow();
		decide();
	}
}

static void settle(void)
{
	steps(200);
	for (int i = 0; i < n_plants; i++)
		plants[i].turns = plants[i].direction = 0;
}

static uint32_t kept(int site)
{
	return plants[site].policy.shares.keep;
}

static const struct policy_profile *const profiles[] = {&by_rate, &by_connections, &by_load};

/* In units of the capacity, whatever is measured. */
static void demand(int site, double times)
{
	struct plant *plant = &plants[site];

	plant->demand = times * plant->capacity;
	if (plant->profile->measure == POLICY_CONNECTIONS)
		plant->demand /= plant->lifetime;
}

static void the_share_that_stays_is_what_the_mark_leaves_within_two_percent(void **state)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
		for (double times = 1.0; times < 4; times += 0.25) {
			given(2, profiles[i]);
			plants[1].capacity = 10000;
			demand(0, times);
			settle();
			if (profiles[i] != &by_connections)
				assert_in_range(kept(0), 900 / times - 20, 900 / times + 20);
			assert_true(plants[0].used > 0.79 * plants[0].capacity);
			assert_true(plants[0].used < 0.93 * plants[0].capacity);
		}
}

static void more_demand_never_keeps_a_larger_share(void **state)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		uint32_t before = 1000;

		for (double times = 0.5; times < 4; times += 0.25) {
			given(2, profiles[i]);
			plants[1].capacity = 10000;
			demand(0, times);
			settle();
			assert_true(kept(0) <= before + POLICY_QUANTUM);
			before = kept(0);
		}
	}
}

static void nothing_swings_once_it_has_settled(void **state)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
		for (double times = 0.5; times < 4; times += 0.5) {
			given(3, profiles[i]);
			demand(0, times);
			demand(1, 0.6);
			demand(2, 0.3);
			settle();
			steps(300);
			assert_in_range(plants[0].turns + plants[1].turns + plants[2].turns, 0, 3);
		}
}

static void two_sites_above_their_marks_keep_their_own(void **state)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		given(2, profiles[i]);
		demand(0, 1.5);
		demand(1, 1.5);
		settle();
		assert_in_range(kept(0), 1000 - POLICY_QUANTUM, 1000);
		assert_in_range(kept(1), 1000 - POLICY_QUANTUM, 1000);
		steps(300);
		assert_in_range(plants[0].turns + plants[1].turns, 0, 3);
	}
}

static void two_sites_that_are_down_hand_nothing_to_each_other(void **state)
{
	given(2, &by_rate);
	demand(0, 0.5);
	demand(1, 0.5);
	steps(5);
	plants[0].down = plants[1].down = true;
	steps(2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(kept(i), 0);
		assert_int_equal(plants[i].policy.shares.sites[0], 0);
	}
}

static void what_is_spilled_leaves_the_other_below_its_mark(void **state)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		given(2, profiles[i]);
		demand(0, 2);
		demand(1, 0.5);
		settle();
		assert_true(plants[1].used < 0.95 * plants[1].capacity);
		assert_true(plants[1].used > 0.7 * plants[1].capacity);
	}
}

/* Connections that do not end: here they fill first the one site, then the other, and nothing comes back. */
static void what_lasts_fills_the_other_site_to_its_mark_before_it_stays(void **state)
{
	given(2, &by_connections);
	plants[0].capacity = plants[1].capacity = 1000;
	plants[0].lifetime = plants[1].lifetime = 1e9;
	plants[0].demand = 100;
	for (int i = 0; i < 16; i++) {
		steps(1);
		assert_true(plants[0].used < 1250 || plants[1].used > 900);
	}
	assert_true(plants[0].used > 900);
	assert_true(plants[1].used > 400);
}

/* A site for 100 took 127 of ten a second: the shares began to move when the mark was passed, and need some steps. */
static void however_fast_it_fills_a_site_comes_to_stand_near_its_mark(void **state)
{
	for (int late = 0; late < 2; late++)
		for (double demand = 10; demand <= 100; demand += 10) {
			double highest = 0;

			given(2, &by_connections);
			plants[1].capacity = 2000;
			plants[0].late = plants[1].late = late;
			plants[0].lifetime = plants[1].lifetime = 1e9;
			plants[0].demand = demand;
			plants[0].used = 600;
			for (int i = 0; i < 60 && plants[1].used < 1400; i++) {
				steps(1);
				highest = plants[0].used > highest ? plants[0].used : highest;
			}
			assert_true(highest < 900 + 1.25 * demand);
			assert_true(highest > 800);
		}
}

static void several_that_spill_to_one_converge(void **state)
{
	given(3, &by_rate);
	plants[2].capacity = 2000;
	demand(0, 1.5);
	demand(1, 1.5);
	settle();
	assert_true(plants[2].used < 0.95 * plants[2].capacity);
	steps(300);
	assert_in_range(plants[0].turns + plants[1].turns, 0, 3);
}

static void a_site_that_recovers_takes_its_own_back_a_tenth_a_step(void **state)
{
	uint32_t before = 0;

	given(2, &by_rate);
	plants[1].capacity = 10000;
	demand(0, 0.5);
	steps(20);
	plants[0].down = true;
	steps(3);
	assert_int_equal(kept(0), 0);
	plants[0].down = false;
	for (int i = 0; i < 12; i++) {
		steps(1);
		assert_in_range(kept(0), before, before + 100);
		before = kept(0);
	}
	assert_int_equal(before, 1000);
}

static void a_spilling_site_takes_its_own_back_below_the_recovery_mark_only(void **state)
{
	uint32_t spilled;

	given(2, &by_rate);
	plants[1].capacity = 10000;
	demand(0, 1.5);
	settle();
	spilled = kept(0);
	demand(0, 1.42); /* about 85 % of the capacity */
	steps(50);
	assert_int_equal(kept(0), spilled);
	demand(0, 0.7);
	steps(50);
	assert_int_equal(kept(0), 1000);
}

/* Demands, capacities and outages as they come: what must always be true, and calm afterwards. */
static void any_sequence_of_demands_and_outages_ends_in_calm(void **state)
{
	srand(7);
	for (int run = 0; run < 60; run++) {
		given(2 + run % 2, profiles[run % 3]);
		for (int i = 0; i < n_plants; i++) {
			plants[i].capacity = 200 + rand() % 3000;
			plants[i].lifetime = 5 + rand() % 100;
		}
		for (int change = 0; change < 10; change++) {
			int site = rand() % n_plants;

			demand(site, rand() % 300 / 100.0);
			plants[rand() % n_plants].down = rand() % 4 == 0;
			steps(1 + rand() % 60);
		}
		for (int i = 0; i < n_plants; i++)
			plants[i].down = false;
		steps(600);
		settle();
		steps(300);
		for (int i = 0; i < n_plants; i++)
			assert_in_range(plants[i].turns, 0, 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_share_that_stays_is_what_the_mark_leaves_within_two_percent),
		cmocka_unit_test(more_demand_never_keeps_a_larger_share),
		cmocka_unit_test(nothing_swings_once_it_has_settled),
		cmocka_unit_test(two_sites_above_their_marks_keep_their_own),
		cmocka_unit_test(two_sites_that_are_down_hand_nothing_to_each_other),
		cmocka_unit_test(what_is_spilled_leaves_the_other_below_its_mark),
		cmocka_unit_test(what_lasts_fills_the_other_site_to_its_mark_before_it_stays),
		cmocka_unit_test(however_fast_it_fills_a_site_comes_to_stand_near_its_mark),
		cmocka_unit_test(several_that_spill_to_one_converge),
		cmocka_unit_test(a_site_that_recovers_takes_its_own_back_a_tenth_a_step),
		cmocka_unit_test(a_spilling_site_takes_its_own_back_below_the_recovery_mark_only),
		cmocka_unit_test(any_sequence_of_demands_and_outages_ends_in_calm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
