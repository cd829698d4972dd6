/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shares by tables, a step at a time; test_policy_loop.c has what becomes of steps that follow each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/policy.h"
#include "tests/unit/policy_profiles.h"

static const struct policy_site roomy = {.open = true, .room = POLICY_ANY_ROOM};
static const struct policy_site full = {.open = true, .room = -1};
static const struct policy_site closed = {};

#define OPEN(capacity_, used_, arrivals_)                                                          \
	(struct policy_load)                                                                       \
	{                                                                                          \
		.healthy = 3, .members = 3, .capacity = capacity_, .used = used_,                  \
		.arrivals = arrivals_                                                              \
	}

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
