/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* docs/rules.md names the test that holds each rule: those tests are there. Runs in the root of the project. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define RULES "docs/rules.md"

/* The whole file; the test fails without it. */
static char *content_of(const char *path)
{
	char *content = NULL;
	size_t size;
	FILE *from = fopen(path, "r"), *to = open_memstream(&content, &size);
	int c;

	if (!from || !to)
		fail_msg("%s cannot be read", path);
	while ((c = fgetc(from)) != EOF)
		fputc(c, to);
	fclose(from);
	fclose(to);
	return content;
}

static bool is_part_of(const char *name, char **contents)
{
	for (; *contents; contents++)
		if (strstr(*contents, name))
			return true;
	return false;
}

/* Names stand in backticks, in the second column. */
static size_t check_row(char *row, char **contents)
{
	char *name = strstr(row + 1, " | ");
	size_t n = 0;

	for (name = name ? strtok(name, "`") : NULL; name; name = strtok(NULL, "`")) {
		if (strspn(name, " |\n") == strlen(name))
			continue;
		if (!is_part_of(name, contents))
			fail_msg(RULES ": there is no test '%s'", name);
		n++;
	}
	return n;
}

static void every_test_that_holds_a_rule_is_there(void **state)
{
	_cleanup_free_ char *rules = content_of(RULES);
	size_t names = 0, rows = 0;
	glob_t sources = {};
	char **contents, *rest = rules, *line;

	assert_int_equal(glob("tests/*/test_*.c", 0, NULL, &sources), 0);
	assert_int_equal(glob("tests/lab/*.sh", GLOB_APPEND, NULL, &sources), 0);
	contents = calloc(sources.gl_pathc + 1, sizeof(*contents));
	assert_non_null(contents);
	for (size_t i = 0; i < sources.gl_pathc; i++)
		contents[i] = content_of(sources.gl_pathv[i]);
	while ((line = strsep(&rest, "\n"))) {
		if (line[0] != '|' || strncmp(line, "| rule", 6) == 0 || line[1] == '-')
			continue;
		rows++;
		names += check_row(line, contents);
	}
	assert_true(rows > 30 && names > rows);
	for (size_t i = 0; i < sources.gl_pathc; i++)
		free(contents[i]);
	free(contents);
	globfree(&sources);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_test_that_holds_a_rule_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
