/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/closing.h"

/* A service whose rows have been planned: as the monitor does it, with so many at other sites to ask. */
static bool planned(struct closing *closing, bool served, size_t others)
{
	if (closing_asks(closing, served))
		closing->awaited += others;
	return closing_settles(closing, served);
}

static void a_service_is_closed_when_the_last_of_the_others_has_answered(void **state)
{
	struct closing closing = {};

	assert_false(planned(&closing, false, 2));
	closing.awaited--;
	assert_false(planned(&closing, false, 2));
	closing.awaited--;
	assert_true(planned(&closing, false, 2));
	assert_true(closing.closed);
	assert_false(planned(&closing, false, 2));
}

/* West died a third of a second after east had come back: its VIP was withdrawn, and announced again. */
static void one_for_whom_another_site_answers_was_never_closed(void **state)
{
	struct closing closing = {};

	assert_false(planned(&closing, false, 3));
	closing.awaited--;
	assert_false(planned(&closing, true, 3));
	assert_false(closing.closed);
}

static void the_others_are_asked_once_each_time_that_nobody_is_open(void **state)
{
	struct closing closing = {};

	assert_true(closing_asks(&closing, false));
	assert_false(closing_asks(&closing, false));
	assert_false(closing_asks(&closing, true));
	assert_true(closing_asks(&closing, false));
}

static void without_others_it_is_closed_at_once(void **state)
{
	struct closing closing = {};

	assert_true(planned(&closing, false, 0));
	assert_true(planned(&closing, true, 0));
	assert_false(closing.closed);
}

static void answers_to_an_earlier_question_close_nothing_of_their_own(void **state)
{
	struct closing closing = {};

	assert_false(planned(&closing, false, 1));
	assert_false(planned(&closing, true, 1));
	closing.awaited--;
	assert_false(planned(&closing, true, 1));
	assert_false(closing.closed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_service_is_closed_when_the_last_of_the_others_has_answered),
		cmocka_unit_test(one_for_whom_another_site_answers_was_never_closed),
		cmocka_unit_test(the_others_are_asked_once_each_time_that_nobody_is_open),
		cmocka_unit_test(without_others_it_is_closed_at_once),
		cmocka_unit_test(answers_to_an_earlier_question_close_nothing_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
