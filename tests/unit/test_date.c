/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "base/date.h"

static void a_moment_is_written_and_read(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} known[] = {
		{0, "1970-01-01T00:00:00Z"},
		{951782400, "2000-02-29T00:00:00Z"},
		{1795666030, "2026-11-26T04:07:10Z"},
		{253402300799, "9999-12-31T23:59:59Z"},
	};
	char text[DATE_TEXT_MAX];
	uint64_t seconds;

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		assert_string_equal(date_format(known[i].seconds, text), known[i].text);
		assert_int_equal(date_parse(known[i].text, &seconds), 0);
		assert_int_equal(seconds, known[i].seconds);
	}
	assert_string_equal(date_format(UINT64_MAX, text), "9999-12-31T23:59:59Z");
}

static void what_is_written_otherwise_is_no_moment(void **state)
{
	static const char *const wrong[] = {
		"", "now", "2026-11-26", "2026-11-26T04:07:10", "2026-11-26 04:07:10Z",
		"2026-11-26T04:07:10Z ", " 2026-11-26T04:07:10Z", "2026-02-31T00:00:00Z",
		"2026-1-26T04:07:10Z", "1969-12-31T23:59:59Z",
	};
	uint64_t seconds = 7;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(date_parse(wrong[i], &seconds), -EINVAL);
	assert_int_equal(seconds, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_moment_is_written_and_read),
		cmocka_unit_test(what_is_written_otherwise_is_no_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
