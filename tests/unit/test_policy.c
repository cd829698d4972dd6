/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shares by tables, and in closed loops: sites that are simulated, with demands that change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/policy.h"

static const struct policy_profile by_rate = {
	.measure = POLICY_RATE, .spill_at = 900, .recover = 800, .rise = 100};
static const struct policy_profile by_connections = {
	.measure = POLICY_CONNECTIONS, .spill_at = 900, .recover = 800, .rise = 100};
static const struct policy_profile by_load = {
	.measure = POLICY_LOAD, .spill_at = 900, .recover = 800, .rise = 100};
static const struct policy_profile unmeasured = {.spill_at = 900, .recover = 800, .rise = 1000};

static const struct policy_site roomy = {.open = true, .room = POLICY_ANY_ROOM};
static const struct policy_site full = {.open = true, .room = -1};
static const struct policy_site closed = {};

#define OPEN(capacity_, used_, arrivals_)                                                          \
	(struct policy_load)                                                                       \
	{                                                                                          \
		.healthy = 3, .members = 3, .capacity = capacity_, .used = used_,                  \
		.arrivals = arrivals_                                                              \
	}

/* --- one step, by tables ---------------------------------------------------------------------- */

struct row {
	const char *what;
	const struct policy_profile *profile;
	struct policy_load load;
	struct policy_site sites[2];
	uint32_t keep, shares[2]; /* wanted */
};

static const struct row rows[] = {
	{"without a capacity all stays", &unmeasured, {3, 3, 0, 500, 500}, {roomy, roomy}, 1000, {0, 0}},
	{"below the mark all stays", &by_rate, {3, 3, 100, 89, 89}, {roomy, roomy}, 1000, {0, 0}},
	{"what is above the mark goes to the nearest",
	 &by_rate, {3, 3, 100, 150, 150}, {roomy, roomy}, 600, {400, 0}},
	{"a closed site is passed over",
	 &by_rate, {3, 3, 100, 150, 150}, {closed, roomy}, 600, {0, 400}},
	{"a site above its mark gets nothing",
	 &by_rate, {3, 3, 100, 150, 150}, {full, roomy}, 600, {0, 400}},
	{"when all others are above their marks all stays",
	 &by_rate, {3, 3, 100, 150, 150}, {full, full}, 1000, {0, 0}},
	{"a site gets a quarter of its room, and the next one the rest",
	 &by_rate, {3, 3, 100, 150, 150}, {{.open = true, .room = 60}, roomy}, 600, {100, 300}},
	{"connections that rise are handed on before they have passed the mark",
	 &by_connections, {3, 3, 1000, 800, 50}, {roomy, roomy}, 200, {800, 0}},
	{"those that rise slowly are not yet",
	 &by_connections, {3, 3, 1000, 800, 30}, {roomy, roomy}, 1000, {0, 0}},
	{"half of the members is half of the capacity",
	 &by_rate, {1, 2, 50, 100, 100}, {roomy, closed}, 450, {550, 0}},
	{"nobody is open: all goes to the nearest",
	 &by_rate, {0, 3, 0, 0, 0}, {roomy, roomy}, 0, {1000, 0}},
	{"nobody is open, nor measured", &unmeasured, {0, 3, 0, 0, 0}, {closed, roomy}, 0, {0, 1000}},
	{"nobody is open here, and the other is full: late is better than never",
	 &by_rate, {0, 3, 0, 0, 100}, {full, closed}, 0, {1000, 0}},
	{"nobody is open anywhere", &by_rate, {0, 3, 0, 0, 0}, {closed, closed}, 0, {0, 0}},
	{"a used CPU spills by its share", &by_load, {3, 3, 1000, 1000, 80}, {roomy, closed}, 900, {100, 0}},
};

static void each_row_of_the_table_shares_out_as_it_says(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct policy policy = policy_new();

		policy_step(&policy, row->profile, &row->load, row->sites, 2);
		if (policy.shares.keep != row->keep || policy.shares.sites[0] != row->shares[0] ||
		    policy.shares.sites[1] != row->shares[1])
			fail_msg("%s: %u, %u and %u", row->what, policy.shares.keep,
				 policy.shares.sites[0], policy.shares.sites[1]);
	}
}

static void fewer_members_than_min_healthy_are_as_good_as_none(void **state)
{
	struct policy_profile half = {.min_healthy = 500, .rise = 1000};
	struct policy_load load = {.healthy = 1, .members = 3};
	struct policy policy = policy_new();

	policy_step(&policy, &half, &load, &roomy, 1);
	assert_int_equal(policy.shares.keep, 0);
	assert_int_equal(policy.shares.sites[0], 1000);
	load.healthy = 2;
	policy_step(&policy, &half, &load, &roomy, 1);
	assert_int_equal(policy.shares.keep, 1000);
	/* Better a few than nobody. */
	load.healthy = 1;
	policy_step(&policy, &half, &load, &closed, 1);
	assert_int_equal(policy.shares.keep, 1000);
}

static void without_a_capacity_new_connections_come_home_at_once(void **state)
{
	struct policy policy = policy_new();

	policy_step(&policy, &unmeasured, &(struct policy_load){.members = 3}, &roomy, 1);
	assert_int_equal(policy.shares.keep, 0);
	policy_step(&policy, &unmeasured, &(struct policy_load){.healthy = 1, .members = 3}, &roomy, 1);
	assert_int_equal(policy.shares.keep, 1000);
}

/* --- what becomes of shares when sites come and go ---------------------------------------------- */

static const struct policy_site weak = {.open = true, .weak = true, .room = POLICY_ANY_ROOM};
static const struct policy_site reserve = {.open = true, .reserve = true, .room = POLICY_ANY_ROOM};

static const struct settled {
	const char *what;
	struct policy_shares shares;
	bool able, any;
	struct policy_site sites[2];
	struct policy_shares wanted;
} settled[] = {
	{"what can be stays as it is", {800, {150, 50}}, true, true, {roomy, roomy}, {800, {150, 50}}},
	{"what a closed site had comes home",
	 {800, {150, 50}}, true, true, {closed, roomy}, {950, {0, 50}}},
	{"without anybody here the nearest has what we kept",
	 {800, {150, 50}}, false, false, {roomy, roomy}, {0, {950, 50}}},
	{"the nearest that is open", {1000}, false, false, {closed, roomy}, {0, {0, 1000}}},
	{"with too few here, too", {1000}, false, true, {roomy, closed}, {0, {1000, 0}}},
	{"but not if there are too few everywhere", {1000}, false, true, {weak, closed}, {1000}},
	{"some are better than nobody", {1000}, false, false, {weak, closed}, {0, {1000, 0}}},
	{"an able site goes before a nearer one that is not",
	 {1000}, false, false, {weak, roomy}, {0, {0, 1000}}},
	{"a site that is meant for it goes before one that is not",
	 {1000}, false, false, {reserve, roomy}, {0, {0, 1000}}},
	{"a site that is not meant for it is better than nobody",
	 {1000}, false, false, {reserve, closed}, {0, {1000, 0}}},
	{"what has left stays away until a step brings it home",
	 {0, {1000, 0}}, true, true, {roomy, roomy}, {0, {1000, 0}}},
	{"unless there is nowhere else", {0, {1000, 0}}, true, true, {closed, closed}, {1000}},
	{"nobody anywhere", {700, {300, 0}}, false, false, {closed, closed}, {}},
};

static void shares_settle_at_once_when_a_site_comes_or_goes(void **state)
{
	for (size_t i = 0; i < sizeof(settled) / sizeof(settled[0]); i++) {
		struct policy_shares shares = settled[i].shares;

		policy_settle(&shares, settled[i].able, settled[i].any, settled[i].sites, 2);
		if (memcmp(&shares, &settled[i].wanted, sizeof(shares)))
			fail_msg("%s: %u, %u and %u", settled[i].what, shares.keep, shares.sites[0],
				 shares.sites[1]);
	}
}

static void a_site_that_is_able_again_waits_as_long_as_it_is_told(void **state)
{
	struct policy_profile profile = {.rise = 500, .after = 3};
	struct policy_load down = {.members = 3}, up = {.healthy = 3, .members = 3};
	static const uint32_t kept[] = {0, 0, 0, 500, 1000, 1000};
	struct policy policy = policy_new();

	policy_step(&policy, &profile, &down, &roomy, 1);
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		policy_step(&policy, &profile, &up, &roomy, 1);
		assert_int_equal(policy.shares.keep, kept[i]);
	}
}

static void nothing_is_spilled_to_a_site_of_which_nothing_is_heard(void **state)
{
	struct policy_load load = OPEN(100, 150, 150);
	struct policy_meter meter = {};
	struct policy policy = policy_new();
	struct policy_site other = policy_offer(&meter, &by_rate,
						&(struct policy_load){3, 3, 100, .unknown = true});

	assert_true(other.open);
	policy_step(&policy, &by_rate, &load, &other, 1);
	assert_int_equal(policy.shares.keep, 1000);
}

static void a_site_that_hears_nothing_of_itself_stays_as_it_is_for_a_while(void **state)
{
	struct policy_load load = OPEN(100, 150, 150), silent = {3, 3, .unknown = true};
	struct policy policy = policy_new();

	policy_step(&policy, &by_rate, &load, &roomy, 1);
	for (int i = 0; i < POLICY_BLIND_STEPS; i++)
		policy_step(&policy, &by_rate, &silent, &roomy, 1);
	assert_int_equal(policy.shares.keep, 600);
	for (int i = 0; i < 4; i++)
		policy_step(&policy, &by_rate, &silent, &roomy, 1);
	assert_int_equal(policy.shares.keep, 1000);
}

static void what_is_not_meant_for_spilling_is_given_nothing_above_the_mark(void **state)
{
	struct policy_load load = OPEN(100, 150, 150);
	struct policy policy = policy_new();

	policy_step(&policy, &by_rate, &load, &reserve, 1);
	assert_int_equal(policy.shares.keep, 1000);
	policy_step(&policy, &by_rate, &load, &weak, 1);
	assert_int_equal(policy.shares.keep, 1000);
}

static void only_a_demand_that_jumps_takes_all_of_a_site_s_room_at_once(void **state)
{
	struct policy_load calm = OPEN(100, 85, 85), load = OPEN(100, 150, 150);
	struct policy_site other = {.open = true, .room = 60};
	struct policy policy = policy_new();

	policy_step(&policy, &by_rate, &load, &other, 1);
	assert_int_equal(policy.shares.sites[0], 100); /* it has been so, as far as is known */
	policy = policy_new();
	for (int i = 0; i < 10; i++)
		policy_step(&policy, &by_rate, &calm, &other, 1);
	policy_step(&policy, &by_rate, &load, &other, 1);
	assert_int_equal(policy.shares.sites[0], 400);
}

static void a_step_in_which_more_came_by_chance_moves_nothing(void **state)
{
	static const int came[] = {80, 92, 75, 94, 83, 97, 78, 86};
	struct policy policy = policy_new();

	for (size_t i = 0; i < 10 * sizeof(came) / sizeof(*came); i++) {
		int now = came[i % (sizeof(came) / sizeof(*came))];

		policy_step(&policy, &by_rate, &OPEN(100, now, now), &roomy, 1);
		assert_int_equal(policy.shares.keep, POLICY_WHOLE);
	}
}

/* --- sites in a loop -------------------------------------------------------------------------- */

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
		cmocka_unit_test(each_row_of_the_table_shares_out_as_it_says),
		cmocka_unit_test(fewer_members_than_min_healthy_are_as_good_as_none),
		cmocka_unit_test(without_a_capacity_new_connections_come_home_at_once),
		cmocka_unit_test(shares_settle_at_once_when_a_site_comes_or_goes),
		cmocka_unit_test(a_site_that_is_able_again_waits_as_long_as_it_is_told),
		cmocka_unit_test(nothing_is_spilled_to_a_site_of_which_nothing_is_heard),
		cmocka_unit_test(a_site_that_hears_nothing_of_itself_stays_as_it_is_for_a_while),
		cmocka_unit_test(what_is_not_meant_for_spilling_is_given_nothing_above_the_mark),
		cmocka_unit_test(only_a_demand_that_jumps_takes_all_of_a_site_s_room_at_once),
		cmocka_unit_test(a_step_in_which_more_came_by_chance_moves_nothing),
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
