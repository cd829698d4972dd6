/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define LOGGED_MAX 256

/* What `level` and `text` leave on stderr. */
static const char *logged(enum log_level level, const char *text, char line[static LOGGED_MAX])
{
	int ends[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	log_line(level, "%s", text);
	dup2(saved, STDERR_FILENO);
	n = read(ends[0], line, LOGGED_MAX - 1);
	line[n > 0 ? n : 0] = '\0';
	close(ends[0]);
	close(ends[1]);
	close(saved);
	return line;
}

static void a_terminal_sees_the_program_and_the_level(void **state)
{
	char line[LOGGED_MAX];

	unsetenv("JOURNAL_STREAM");
	assert_string_equal(logged(LOG_LEVEL_INFO, "up", line), "test_log: up\n");
	assert_string_equal(logged(LOG_LEVEL_WARNING, "slow", line), "test_log: warning: slow\n");
	assert_string_equal(logged(LOG_LEVEL_ERROR, "down", line), "test_log: error: down\n");
}

static void the_journal_sees_the_level_as_a_number(void **state)
{
	char line[LOGGED_MAX];

	setenv("JOURNAL_STREAM", "8:1", 1);
	assert_string_equal(logged(LOG_LEVEL_ERROR, "down", line), "<3>down\n");
	unsetenv("JOURNAL_STREAM");
}

static void one_call_is_one_line(void **state)
{
	char line[LOGGED_MAX];

	assert_string_equal(logged(LOG_LEVEL_INFO, "a\nb", line), "test_log: a b\n");
}

static void logging_keeps_errno(void **state)
{
	errno = ENOENT;
	log_line(LOG_LEVEL_INFO, "%s", "# errno stays");
	assert_int_equal(errno, ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_terminal_sees_the_program_and_the_level),
		cmocka_unit_test(the_journal_sees_the_level_as_a_number),
		cmocka_unit_test(one_call_is_one_line),
		cmocka_unit_test(logging_keeps_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
