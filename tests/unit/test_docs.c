/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the documents name is there: a file or folder of ours in the text, a name in backticks that ends like one
 * of our files, the target of a link. Reads the documents themselves; runs in the root of the project.
 *
 * A module may be named without its ending (core/health). What a build makes (build/) and what stands on other
 * machines (/etc) is not looked for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fts.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_MAX_LENGTH 256
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-*"

static int named; /* how many names were looked for */

/* --- the tree ---------------------------------------------------------------------------------- */

static bool is_there(const char *pattern)
{
	glob_t found;
	int r = glob(pattern, 0, NULL, &found);

	globfree(&found);
	return r == 0;
}

/* As it stands, or with an ending that was left out. */
static bool path_is_there(const char *path)
{
	char pattern[NAME_MAX_LENGTH + 4];

	snprintf(pattern, sizeof(pattern), "%s.*", path);
	return is_there(path) || is_there(pattern);
}

/* A file without a folder, anywhere. */
static bool file_is_anywhere(const char *name)
{
	char *roots[] = {".", NULL};
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
	bool found = false;
	FTSENT *entry;

	while (!found && (entry = fts_read(tree))) {
		if (entry->fts_level == 1 && strncmp(entry->fts_name, "build", 5) == 0)
			fts_set(tree, entry, FTS_SKIP);
		found = strcmp(entry->fts_name, name) == 0;
	}
	fts_close(tree);
	return found;
}

static bool ends_like_ours(const char *name)
{
	static const char *const endings[] = {".c", ".h", ".sh", ".md", ".jq", ".html", ".yaml"};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && dot != name && i < sizeof(endings) / sizeof(*endings); i++)
		if (strcmp(dot, endings[i]) == 0)
			return true;
	return false;
}

/* Does the path begin with a folder of ours? A link may leave its own by .., which is looked for as a link. */
static bool is_ours(const char *path)
{
	char first[NAME_MAX_LENGTH];
	size_t length = strcspn(path, "/");

	snprintf(first, sizeof(first), "%.*s", (int)length, path);
	return path[length] == '/' && strcmp(first, "build") != 0 && strcmp(first, "..") != 0 &&
	       access(first, F_OK) == 0;
}

/* --- a document -------------------------------------------------------------------------------- */

/* What is wrong with the word, or NULL. `code`: in backticks. */
static const char *fault_of_word(const char *word, bool code)
{
	if (is_ours(word)) {
		named++;
		return path_is_there(word) ? NULL : "no such file or folder";
	}
	if (!code || strchr(word, '/') || strchr(word, '*') || !ends_like_ours(word))
		return NULL;
	named++;
	return file_is_anywhere(word) ? NULL : "no such file in any folder";
}

static const char *fault_of_link(const char *document, const char *target)
{
	const char *slash = strrchr(document, '/');
	char path[2 * NAME_MAX_LENGTH];

	if (strstr(target, "://") || *target == '#')
		return NULL;
	named++;
	snprintf(path, sizeof(path), "%.*s%.*s", slash ? (int)(slash - document + 1) : 0, document,
		 (int)strcspn(target, "#"), target);
	return access(path, F_OK) == 0 ? NULL : "the link leads nowhere";
}

static int complain(const char *document, int line, const char *word, const char *fault)
{
	if (fault)
		print_error("%s:%d: %s: %s\n", document, line, word, fault);
	return fault != NULL;
}

/* Words are of letters that paths have; a full stop at the end is the sentence's. */
static int check_words(const char *document, int number, const char *line)
{
	bool code = false;
	int faults = 0;

	for (const char *at = line; *at;) {
		size_t length = strspn(at, LETTERS), used = length;
		char word[NAME_MAX_LENGTH];

		if (length == 0) {
			code ^= *at++ == '`';
			continue;
		}
		while (used && (at[used - 1] == '.' || at[used - 1] == '/'))
			used--;
		if (used < sizeof(word) && (at == line || !strchr("/:@$}~", at[-1]))) {
			snprintf(word, sizeof(word), "%.*s%s", (int)used, at,
				 length > used && at[used] == '/' ? "/" : "");
			faults += complain(document, number, word, fault_of_word(word, code));
		}
		at += length;
	}
	return faults;
}

static int check_links(const char *document, int number, const char *line)
{
	int faults = 0;

	for (const char *at = line; (at = strstr(at, "](")); at++) {
		char target[NAME_MAX_LENGTH];

		if (sscanf(at, "](%255[^)]", target) == 1)
			faults += complain(document, number, target, fault_of_link(document, target));
	}
	return faults;
}

static int check_document(const char *path)
{
	FILE *file = fopen(path, "r");
	int faults = 0, number = 0;
	char *line = NULL;
	size_t size = 0;

	assert_non_null(file);
	while (getline(&line, &size, file) >= 0) {
		number++;
		faults += check_words(path, number, line) + check_links(path, number, line);
	}
	free(line);
	fclose(file);
	return faults;
}

static void what_the_documents_name_is_there(void **state)
{
	static const char *const documents[] = {"*.md", "docs/*.md", "docs/*/*.md"};
	glob_t found = {};
	int faults = 0;

	for (size_t i = 0; i < sizeof(documents) / sizeof(*documents); i++)
		assert_int_equal(glob(documents[i], i ? GLOB_APPEND : 0, NULL, &found), 0);
	assert_true(found.gl_pathc > 10);
	named = 0;
	for (size_t i = 0; i < found.gl_pathc; i++)
		faults += check_document(found.gl_pathv[i]);
	globfree(&found);
	assert_true(named > 100);
	assert_int_equal(faults, 0);
}

static void what_is_not_there_is_found(void **state)
{
	assert_non_null(fault_of_word("core/nothing.c", false));
	assert_non_null(fault_of_word("nothing.c", true));
	assert_non_null(fault_of_link("docs/scale.md", "performance.html"));
	assert_null(fault_of_word("core/health", false));
	assert_null(fault_of_word("build/whatever", false));
	assert_null(fault_of_word("meson.build", true));
	assert_null(fault_of_link("docs/scale.md", "performance.md#a-section"));
	assert_null(fault_of_link("docs/scale.md", "../examples/holdfast.yaml"));
	assert_non_null(fault_of_link("docs/scale.md", "../examples/nothing.yaml"));
	assert_null(fault_of_link("README.md", "https://example.com/x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_documents_name_is_there),
		cmocka_unit_test(what_is_not_there_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
