/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/histogram.h"

static void a_bound_holds_what_took_no_longer(void **state)
{
	struct histogram histogram = {};

	histogram_add(&histogram, 0);
	histogram_add(&histogram, 250);
	histogram_add(&histogram, 251);
	histogram_add(&histogram, 500);
	assert_int_equal(histogram_within(&histogram, 0), 2);
	assert_int_equal(histogram_within(&histogram, 1), 4);
	assert_int_equal(histogram.count, 4);
	assert_int_equal(histogram.sum_us, 1001);
}

static void what_is_beyond_all_bounds_is_in_the_count_alone(void **state)
{
	struct histogram histogram = {};

	histogram_add(&histogram, UINT32_MAX);
	assert_int_equal(histogram_within(&histogram, HISTOGRAM_BOUNDS - 1), 0);
	assert_int_equal(histogram.count, 1);
}

static void bounds_rise_and_so_does_what_is_within(void **state)
{
	struct histogram histogram = {};

	for (uint64_t us = 1; us < 10000000; us = us * 3 / 2 + 1)
		histogram_add(&histogram, us);
	for (size_t i = 1; i < HISTOGRAM_BOUNDS; i++) {
		assert_true(histogram_bounds_us[i] > histogram_bounds_us[i - 1]);
		assert_true(histogram_within(&histogram, i) > histogram_within(&histogram, i - 1));
	}
	assert_true(histogram.count > histogram_within(&histogram, HISTOGRAM_BOUNDS - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bound_holds_what_took_no_longer),
		cmocka_unit_test(what_is_beyond_all_bounds_is_in_the_count_alone),
		cmocka_unit_test(bounds_rise_and_so_does_what_is_within),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
