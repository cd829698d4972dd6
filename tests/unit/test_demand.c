/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* core/demand: what is told of steps, and what comes out. How it does among all the rest: test_steer.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/demand.h"

static struct demand demand;

static int begin(void **state)
{
	demand = (struct demand){};
	return 0;
}

/* Steps in which `all` were to come, of which `kept` was kept; by turns `noise` more and less came. */
static void steps(int n, double all, double kept, double noise)
{
	for (int i = 0; i < n; i++)
		demand_take(&demand, (all + (i % 2 ? noise : -noise)) * kept, kept);
}

static void assert_near(double value, double wanted, double percent)
{
	if (value < wanted * (1 - percent / 100) || value > wanted * (1 + percent / 100))
		fail_msg("%.1f is not %.1f, to %.1f %%", value, wanted, percent);
}

static void of_nothing_nothing_is_known(void **state)
{
	assert_true(demand_of(&demand) == 0);
	assert_false(demand_jumped(&demand));
	steps(40, 0, 1, 0);
	assert_true(demand_of(&demand) == 0);
	assert_false(demand_jumped(&demand));
}

static void one_step_tells_already(void **state)
{
	steps(1, 60, 1, 0);
	assert_true(demand_of(&demand) == 60);
}

static void whatever_share_was_kept_the_demand_is_the_same(void **state)
{
	static const double kept[] = {1, 0.9, 0.2, 0.01, 0.6, 1};

	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		steps(3, 1000, kept[i], 0);
		assert_near(demand_of(&demand), 1000, 0.01);
	}
	assert_false(demand_jumped(&demand));
}

static void where_nothing_was_kept_a_step_says_nothing(void **state)
{
	steps(5, 1000, 0.5, 0);
	demand_take(&demand, 300, 0); /* of another site's */
	assert_true(demand_of(&demand) == 1000);
}

static void noise_is_no_change(void **state)
{
	for (int i = 0; i < 50; i++) {
		steps(4, 36, 1, 9); /* one and a half standard deviations */
		assert_near(demand_of(&demand), 36, 2);
		assert_false(demand_jumped(&demand));
	}
}

/* How many steps it takes until it is known, to a tenth. */
static const struct jump {
	double before, after;
	int most;
} jumps[] = {
	{36, 72, 1},	   {36, 18, 4},	      {36, 60, 2},     {36, 45, 16},	 {360, 450, 2},
	{0, 10, 2},	   {0, 1000, 1},      {1000, 0, 1},    {1000, 1200, 2},	 {1000, 800, 2},
	{10000, 11500, 1}, {10000, 9000, 2}, {10000, 5000, 1}, {10000, 30000, 1},
};

static void a_jump_is_known_as_soon_as_it_is_certain(void **state)
{
	for (size_t i = 0; i < sizeof(jumps) / sizeof(*jumps); i++) {
		const struct jump *jump = &jumps[i];
		int n = 0;

		begin(state);
		steps(40, jump->before, 0.6, 0);
		do {
			steps(1, jump->after, 0.6, 0);
			n++;
		} while (n < 40 && (demand_of(&demand) < jump->after * 0.9 ||
				    demand_of(&demand) > jump->after * 1.1 + 0.1));
		if (n > jump->most)
			fail_msg("from %.0f to %.0f it takes %d steps", jump->before, jump->after, n);
	}
}

/* By each step it is nearer: nothing overshoots. */
static void on_its_way_to_a_new_demand_it_never_turns(void **state)
{
	for (double after = 100; after <= 4000; after += 100) {
		double before = 1000, up = after > 1000 ? 1 : -1;

		begin(state);
		steps(40, 1000, 1, 0);
		for (int i = 0; i < 40; i++) {
			steps(1, after, 1, 0);
			assert_true((demand_of(&demand) - before) * up >= -1e-6);
			assert_true((after - demand_of(&demand)) * up >= -1e-6);
			before = demand_of(&demand);
		}
		assert_near(before, after, 0.01);
	}
}

static void the_step_of_a_jump_is_of_both_and_counts_until_the_next(void **state)
{
	steps(20, 1000, 1, 0);
	steps(1, 1500, 1, 0); /* 2000, for half of it */
	assert_near(demand_of(&demand), 1500, 0.01);
	steps(1, 2000, 1, 0);
	assert_near(demand_of(&demand), 2000, 0.01);
}

static void a_jump_is_new_for_three_steps(void **state)
{
	steps(20, 1000, 1, 0);
	for (int i = 0; i < DEMAND_FRESH; i++) {
		steps(1, 2000, 1, 0);
		assert_true(demand_jumped(&demand));
	}
	steps(1, 2000, 1, 0);
	assert_false(demand_jumped(&demand));
}

static void who_is_noisy_is_known_to_be(void **state)
{
	steps(200, 1000, 1, 150); /* more than Poisson's by far: 32 */
	assert_near(demand_of(&demand), 1000, 16);
	for (int i = 0; i < 50; i++) {
		steps(2, 1000, 1, 150);
		assert_near(demand_of(&demand), 1000, 1);
	}
	steps(2, 2000, 1, 150);
	assert_near(demand_of(&demand), 2000, 16);
}

/* Where so many come that a few steps tell it exactly, no more are asked. */
static void a_demand_that_creeps_is_followed(void **state)
{
	double all = 1000;

	steps(40, all, 1, 0);
	for (int i = 0; i < 200; i++) {
		all *= 1.01;
		steps(1, all, 1, 0);
		assert_near(demand_of(&demand), all, 1.5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(of_nothing_nothing_is_known, begin),
		cmocka_unit_test_setup(one_step_tells_already, begin),
		cmocka_unit_test_setup(whatever_share_was_kept_the_demand_is_the_same, begin),
		cmocka_unit_test_setup(where_nothing_was_kept_a_step_says_nothing, begin),
		cmocka_unit_test_setup(noise_is_no_change, begin),
		cmocka_unit_test_setup(a_jump_is_known_as_soon_as_it_is_certain, begin),
		cmocka_unit_test_setup(on_its_way_to_a_new_demand_it_never_turns, begin),
		cmocka_unit_test_setup(the_step_of_a_jump_is_of_both_and_counts_until_the_next, begin),
		cmocka_unit_test_setup(a_jump_is_new_for_three_steps, begin),
		cmocka_unit_test_setup(who_is_noisy_is_known_to_be, begin),
		cmocka_unit_test_setup(a_demand_that_creeps_is_followed, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
