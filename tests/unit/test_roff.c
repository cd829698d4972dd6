/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/roff.h"

#include "tests/unit/cli.h"

static void what_roff_would_take_for_a_request_is_text(void **state)
{
	_cleanup_free_ char *text = NULL;

	PRINTED(text, to, roff_text(to, ".so /etc/passwd 'and' a\\b \"c\""));
	assert_string_equal(text, "\\&.so /etc/passwd 'and' a\\eb \\(dqc\\(dq\n");
}

static void a_line_that_begins_with_a_dot_after_wrapping_is_text(void **state)
{
	_cleanup_free_ char *text = NULL;

	PRINTED(text, to,
		roff_text(to, "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 "
			      "0123 .x"));
	assert_non_null(strstr(text, "\n\\&.x\n"));
	assert_in_range(longest_line(text), 1, 80);
}

static void options_can_be_copied_from_the_page(void **state)
{
	_cleanup_free_ char *text = NULL;

	PRINTED(text, to, {
		roff_option(to, 's', "socket", "PATH", "where");
		roff_option(to, 0, "max-backends", NULL, "many");
	});
	assert_string_equal(text, ".TP\n\\fB\\-s\\fR, \\fB\\-\\-\\fR\\fBsocket\\fR \\fIPATH\\fR\n"
				  "where\n"
				  ".TP\n\\fB\\-\\-\\fR\\fBmax\\-backends\\fR\nmany\n");
}

static void a_page_begins_with_its_title_and_name(void **state)
{
	_cleanup_free_ char *text = NULL;

	PRINTED(text, to, roff_begin(to, "holdfast", 8, "1.2", "ask it"));
	assert_non_null(strstr(text, "\n.TH HOLDFAST 8 \"\" \"Holdfast 1.2\" Holdfast\n"
				     ".SH NAME\nholdfast \\- ask it\n"));
}

static void see_also_has_commas_between_and_none_behind(void **state)
{
	const char *const pages[] = {"a(8)", "b.yaml(5)", NULL};
	_cleanup_free_ char *text = NULL;

	PRINTED(text, to, roff_see_also(to, pages));
	assert_string_equal(text, ".SH SEE ALSO\n.BR a (8),\n.BR b.yaml (5)\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_roff_would_take_for_a_request_is_text),
		cmocka_unit_test(a_line_that_begins_with_a_dot_after_wrapping_is_text),
		cmocka_unit_test(options_can_be_copied_from_the_page),
		cmocka_unit_test(a_page_begins_with_its_title_and_name),
		cmocka_unit_test(see_also_has_commas_between_and_none_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
