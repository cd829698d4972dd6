/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/text.h"

#include <fcntl.h>

#include "tests/unit/cli.h"

static void words_are_wrapped_at_80_columns_and_indented(void **state)
{
	_cleanup_free_ char *text = NULL;

	PRINTED(text, to, {
		fprintf(to, "  a   ");
		text_wrap(to, 6,
			  "one two three four five six seven eight nine ten eleven twelve "
			  "thirteen fourteen");
	});
	assert_string_equal(text, "  a   one two three four five six seven eight nine ten eleven "
				  "twelve thirteen\n      fourteen\n");
	assert_in_range(longest_line(text), 1, 80);
}

static void a_narrow_terminal_gets_narrow_lines(void **state)
{
	_cleanup_free_ char *narrow = NULL, *wide = NULL, *tiny = NULL;
	const char *text = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen";

	setenv("COLUMNS", "50", 1);
	PRINTED(narrow, to, text_wrap(to, 6, text));
	setenv("COLUMNS", "500", 1);
	PRINTED(wide, to, text_wrap(to, 6, text));
	setenv("COLUMNS", "1", 1);
	PRINTED(tiny, to, text_wrap(to, 6, text));
	unsetenv("COLUMNS");
	assert_in_range(longest_line(narrow), 41, 50);
	assert_in_range(longest_line(wide), 70, 80);
	assert_in_range(longest_line(tiny), 30, 40);
}

static void a_word_that_is_too_long_stays_whole(void **state)
{
	_cleanup_free_ char *text = NULL;
	char word[120];

	memset(word, 'w', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	PRINTED(text, to, text_wrap(to, 2, word));
	assert_int_equal(longest_line(text), strlen(word));
}

static void what_is_no_terminal_gets_no_colours(void **state)
{
	_cleanup_free_ char *text = NULL;

	setenv("TERM", "xterm", 1);
	PRINTED(text, to,
		fprintf(to, "%sx%s", colour_on(to, COLOUR_BAD), colour_off(to, COLOUR_BAD)));
	assert_string_equal(text, "x");
}

/* A terminal of our own: the other end of a pseudoterminal. */
static void a_terminal_gets_colours_unless_it_wants_none(void **state)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	FILE *to;

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		skip(); /* a system without pseudo-terminals, such as a bare chroot */
	to = fopen(ptsname(master), "w");
	assert_non_null(to);
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	assert_string_equal(colour_on(to, COLOUR_GOOD), "\033[32m");
	assert_string_equal(colour_off(to, COLOUR_GOOD), "\033[0m");
	assert_string_equal(colour_off(to, COLOUR_NONE), "");
	setenv("NO_COLOR", "1", 1);
	assert_string_equal(colour_on(to, COLOUR_GOOD), "");
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	assert_string_equal(colour_on(to, COLOUR_GOOD), "");
	fclose(to);
	close(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_wrapped_at_80_columns_and_indented),
		cmocka_unit_test(a_narrow_terminal_gets_narrow_lines),
		cmocka_unit_test(a_word_that_is_too_long_stays_whole),
		cmocka_unit_test(what_is_no_terminal_gets_no_colours),
		cmocka_unit_test(a_terminal_gets_colours_unless_it_wants_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
