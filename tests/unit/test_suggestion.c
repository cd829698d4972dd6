/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/suggestion.h"

static const char *suggest(struct suggestion *suggestion, const char *const *names)
{
	for (; *names; names++)
		suggestion_offer(suggestion, *names);
	return suggestion_text(suggestion);
}

#define SUGGEST(name, ...)                                                                         \
	suggest(&(struct suggestion){.wanted = name}, (const char *const[]){__VA_ARGS__, NULL})

static void a_letter_too_few_too_many_or_wrong_is_near(void **state)
{
	assert_string_equal(SUGGEST("weigt", "weight", "enabled"), "did you mean weight?");
	assert_string_equal(SUGGEST("weightt", "weight", "enabled"), "did you mean weight?");
	assert_string_equal(SUGGEST("waight", "weight", "enabled"), "did you mean weight?");
	assert_string_equal(SUGGEST("wieght", "weight", "enabled"), "did you mean weight?");
}

static void what_is_far_from_all_gets_the_list(void **state)
{
	assert_string_equal(SUGGEST("colour", "weight", "enabled"), "allowed: weight, enabled");
}

static void of_two_equally_near_none_is_meant(void **state)
{
	assert_string_equal(SUGGEST("web3", "web1", "web2"), "allowed: web1, web2");
}

static void two_letters_are_near_to_nothing(void **state)
{
	assert_string_equal(SUGGEST("b9", "b1"), "allowed: b1");
}

static void without_names_there_are_none(void **state)
{
	struct suggestion nothing = {.wanted = "b1"};

	assert_string_equal(suggestion_text(&nothing), "there are none");
}

static void a_long_list_says_that_it_goes_on(void **state)
{
	struct suggestion suggestion = {.wanted = "somewhere-else"};
	char names[40][70];
	const char *text;

	for (size_t i = 0; i < 40; i++) {
		snprintf(names[i], sizeof(names[i]), "name-%zu-%060zu", i, i);
		suggestion_offer(&suggestion, names[i]);
	}
	text = suggestion_text(&suggestion);
	assert_string_equal(text + strlen(text) - 5, ", ...");
	assert_true(strlen(text) < sizeof(suggestion.list) + 10);
}

static void a_name_longer_than_any_is_harmless(void **state)
{
	char name[300];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_string_equal(SUGGEST(name, "weight"), "allowed: weight");
	assert_string_equal(SUGGEST("weight", name), "allowed: ...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_letter_too_few_too_many_or_wrong_is_near),
		cmocka_unit_test(what_is_far_from_all_gets_the_list),
		cmocka_unit_test(of_two_equally_near_none_is_meant),
		cmocka_unit_test(two_letters_are_near_to_nothing),
		cmocka_unit_test(without_names_there_are_none),
		cmocka_unit_test(a_long_list_says_that_it_goes_on),
		cmocka_unit_test(a_name_longer_than_any_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
