/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The tables of verbs and options, and what is made of them. */
#include "cli/verbs.h"

#include "cli/command.h"
#include "cli/doctor.h"
#include "cli/help.h"
#include "cli/pages.h"
#include "tests/unit/cli.h"

static void every_verb_has_a_line_of_help_that_fits(void **state)
{
	for (int i = 0; i < n_verbs; i++) {
		assert_in_range(strlen(verbs[i].help), 1, VERB_HELP_MAX);
		assert_true(verbs[i].least <= verbs[i].most);
		assert_true(verbs[i].most <= VERB_ARGUMENTS_MAX);
		assert_true(!verbs[i].resource == !verbs[i].print);
		assert_true(!verbs[i].resource || !verbs[i].run);
	}
}

/* All that find it by --config, and not the doctor, who reads a file as well. */
static void a_verb_that_needs_a_store_says_what_to_do_with_a_file(void **state)
{
	for (int i = 0; i < n_verbs; i++)
		if (!verb_is_group(&verbs[i]))
			assert_int_equal(verbs[i].with_file != NULL, verbs[i].options & OPTION_CONFIG &&
									     verbs[i].run != doctor_verb_run);
}

static void names_of_verbs_and_letters_of_options_are_their_own(void **state)
{
	for (int i = 0; i < n_verbs; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(verbs[i].name, verbs[j].name);
	for (int i = 0; i < n_option_rows; i++)
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(option_rows[i].name, option_rows[j].name);
			assert_true(!option_rows[i].letter ||
				    option_rows[i].letter != option_rows[j].letter);
		}
}

static void a_second_word_has_its_group(void **state)
{
	for (int i = 0; i < n_verbs; i++) {
		char first[64], complaint[512], *words[] = {first};
		const struct verb *group;
		int used;

		if (!strchr(verbs[i].name, ' '))
			continue;
		snprintf(first, sizeof(first), "%.*s", (int)strcspn(verbs[i].name, " "),
			 verbs[i].name);
		group = verb_find(1, words, &used, complaint);
		assert_non_null(group);
		assert_true(verb_is_group(group));
		assert_true(verb_is_under(&verbs[i], group));
	}
}

static void help_fits_80_columns_and_names_every_verb(void **state)
{
	_cleanup_free_ char *all = NULL;

	PRINTED(all, to, help_print(to));
	assert_in_range(longest_line(all), 1, 80);
	for (int i = 0; i < n_verbs; i++) {
		_cleanup_free_ char *text = NULL;

		PRINTED(text, to, help_print_verb(&verbs[i], to));
		assert_in_range(longest_line(text), 1, 80);
		if (!verbs[i].hidden && !verb_is_group(&verbs[i]))
			assert_non_null(strstr(all, verbs[i].name));
	}
	assert_null(strstr(all, "  man "));
}

static void help_of_a_verb_tells_its_own_options_only(void **state)
{
	char *words[] = {"counters"}, complaint[512];
	_cleanup_free_ char *text = NULL;
	int used;

	PRINTED(text, to, help_print_verb(verb_find(1, words, &used, complaint), to));
	assert_non_null(strstr(text, "--watch [SECONDS]"));
	assert_non_null(strstr(text, "--socket PATH"));
	assert_null(strstr(text, "--against"));
}

static void the_manual_page_has_every_verb_and_every_option(void **state)
{
	_cleanup_free_ char *text = NULL;

	PRINTED(text, to, pages_print_holdfast(to));
	for (int i = 0; i < n_verbs; i++) {
		char item[80];

		snprintf(item, sizeof(item), ".TP\n\\fB%s\\fR", verbs[i].name);
		assert_int_equal(strstr(text, item) != NULL,
				 !verbs[i].hidden && !verb_is_group(&verbs[i]));
	}
	for (int i = 0; i < n_option_rows; i++) {
		char item[80];

		snprintf(item, sizeof(item), "\\-\\-\\fR\\fB%s\\fR", option_rows[i].name);
		if (option_rows[i].bit != OPTION_EXPLAIN)
			assert_non_null(strstr(text, item));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_verb_has_a_line_of_help_that_fits),
		cmocka_unit_test(a_verb_that_needs_a_store_says_what_to_do_with_a_file),
		cmocka_unit_test(names_of_verbs_and_letters_of_options_are_their_own),
		cmocka_unit_test(a_second_word_has_its_group),
		cmocka_unit_test(help_fits_80_columns_and_names_every_verb),
		cmocka_unit_test(help_of_a_verb_tells_its_own_options_only),
		cmocka_unit_test(the_manual_page_has_every_verb_and_every_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
