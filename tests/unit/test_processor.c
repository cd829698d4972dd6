/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "core/processor.h"

#define MS 1000ULL

/* The last two are guests', which are in user and nice already. */
static void a_share_is_what_was_not_idle_of_all_that_passed(void **state)
{
	struct processor processor = {};

	assert_int_equal(processor_take(&processor, "cpu  100 0 100 800 0 0 0 0 50 0\ncpu0 1", 5 * MS), 0);
	assert_int_equal(processor_permille(&processor), 0);
	assert_int_equal(processor_take(&processor, "cpu  105 1 102 809 1 1 1 0 55 0\n", 105 * MS), 0);
	assert_int_equal(processor_permille(&processor), 500);
}

static void waiting_for_a_disk_is_idle_and_what_is_stolen_is_not(void **state)
{
	struct processor processor = {};

	processor_take(&processor, "cpu  0 0 0 0 0 0 0 0 0 0\n", 0 + 1);
	processor_take(&processor, "cpu  0 0 0 0 80 0 0 20 0 0\n", 100 * MS);
	assert_int_equal(processor_permille(&processor), 200);
}

static void a_kernel_that_counts_less_is_understood(void **state)
{
	struct processor processor = {};

	assert_int_equal(processor_take(&processor, "cpu  0 0 0 0 0 0 0\n", 1), 0);
	assert_int_equal(processor_take(&processor, "cpu  10 0 0 30 0 0 0\n", 100 * MS), 0);
	assert_int_equal(processor_permille(&processor), 250);
}

static void the_last_second_counts_most(void **state)
{
	struct processor processor = {};
	char text[64];
	int busy = 0, idle = 0;

	for (int i = 1; i <= 100; i++) {
		i <= 50 ? (idle += 10) : (busy += 10);
		snprintf(text, sizeof(text), "cpu %d 0 0 %d 0 0 0 0\n", busy, idle);
		assert_int_equal(processor_take(&processor, text, i * 100 * MS), 0);
		if (i == 50)
			assert_int_equal(processor_permille(&processor), 0);
	}
	assert_true(processor_permille(&processor) > 980);
}

static void what_is_no_such_file_changes_nothing(void **state)
{
	struct processor processor = {};

	assert_int_equal(processor_take(&processor, "", 1), -EINVAL);
	assert_int_equal(processor_take(&processor, "cpu 1 2 3", 1), -EINVAL);
	assert_int_equal(processor_take(&processor, "cpu0 1 2 3 4 5 6 7 8", 1), -EINVAL);
	assert_int_equal(processor.looked_us, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_share_is_what_was_not_idle_of_all_that_passed),
		cmocka_unit_test(waiting_for_a_disk_is_idle_and_what_is_stolen_is_not),
		cmocka_unit_test(a_kernel_that_counts_less_is_understood),
		cmocka_unit_test(the_last_second_counts_most),
		cmocka_unit_test(what_is_no_such_file_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
