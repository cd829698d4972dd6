/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/index.h"

#define MANY 20000

/* Odd, like all identities. */
static uint64_t identity_of(uint64_t i)
{
	return (i + 1) * 0x9e3779b97f4a7c15ULL | 1;
}

static void what_was_put_is_found_and_nothing_else(void **state)
{
	_cleanup_index_ struct index *index = index_new();

	assert_int_equal(index_get(index, identity_of(1)), 0);
	for (uint32_t i = 1; i <= MANY; i++)
		assert_int_equal(index_put(index, identity_of(i), i), 0);
	for (uint32_t i = 1; i <= MANY; i++)
		assert_int_equal(index_get(index, identity_of(i)), i);
	assert_int_equal(index_get(index, identity_of(MANY + 1)), 0);
	assert_int_equal(index_get(index, 0), 0);
	assert_int_equal(index_get(NULL, identity_of(1)), 0);
}

static void an_identity_has_the_number_that_it_got_last(void **state)
{
	_cleanup_index_ struct index *index = index_new();

	index_put(index, identity_of(1), 5);
	index_put(index, identity_of(1), 6);
	assert_int_equal(index_get(index, identity_of(1)), 6);
	index_remove(index, identity_of(1));
	assert_int_equal(index_get(index, identity_of(1)), 0);
}

/* One of them, `gone`, leaves a gap in a row of identities that all want the last places or the first. */
static void leaves_the_others_found(uint32_t gone)
{
	_cleanup_index_ struct index *index = index_new();
	const uint32_t n = 20;

	for (uint32_t i = 1; i <= n; i++)
		index_put(index, 64 * i + (i % 2 ? 61 : 1), i);
	index_remove(index, 64 * gone + (gone % 2 ? 61 : 1));
	for (uint32_t i = 1; i <= n; i++)
		assert_int_equal(index_get(index, 64 * i + (i % 2 ? 61 : 1)), i == gone ? 0 : i);
}

static void whoever_is_removed_the_others_are_still_found(void **state)
{
	for (uint32_t gone = 1; gone <= 20; gone++)
		leaves_the_others_found(gone);
}

static void what_was_never_there_is_removed_without_harm(void **state)
{
	_cleanup_index_ struct index *index = index_new();

	index_put(index, identity_of(1), 1);
	index_remove(index, identity_of(2));
	assert_int_equal(index_get(index, identity_of(1)), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_put_is_found_and_nothing_else),
		cmocka_unit_test(an_identity_has_the_number_that_it_got_last),
		cmocka_unit_test(whoever_is_removed_the_others_are_still_found),
		cmocka_unit_test(what_was_never_there_is_removed_without_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
