/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Dependencies between folders point one way (ARCHITECTURE.md), and every source says its licence.
 * Reads the sources themselves; runs in the root of the project.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LICENSE "SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause"

struct folder {
	const char *name;
	const char *may_include; /* folders, each with a slash, between spaces */
};

static const struct folder folders[] = {
	{"wire", " wire/ "},
	{"bpf", " bpf/ wire/ "},
	{"bpf/steps", " bpf/ wire/ "},
	{"base", " base/ wire/ "},
	{"core", " core/ base/ wire/ "},
	{"io", " io/ base/ wire/ "},
	{"daemon", " daemon/ core/ io/ base/ wire/ "},
	{"gateway", " gateway/ daemon/ bpf/ core/ io/ base/ wire/ "},
	{"agent", " agent/ daemon/ bpf/ core/ io/ base/ wire/ "},
	{"doctor", " doctor/ daemon/ core/ io/ base/ wire/ "},
	{"cli", " cli/ doctor/ daemon/ core/ io/ base/ wire/ "},
	{"lab/load", " lab/ base/ wire/ "},
	{"bench", " bench/ bpf/ core/ io/ base/ wire/ "},
};

/* Our folders are named in quotes with a slash; generated headers have none. */
static bool include_allowed(const struct folder *folder, const char *line)
{
	char first[64];

	if (sscanf(line, "#include \"%60[^/\"]/", first) != 1 || !strchr(line, '/'))
		return true;
	strcat(first, "/");
	return strstr(folder->may_include, first) != NULL;
}

static bool is_source(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (strcmp(dot, ".c") == 0 || strcmp(dot, ".h") == 0);
}

static void check_file(const struct folder *folder, const char *name)
{
	char path[512], line[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder->name, name);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	if (!strstr(line, LICENSE))
		fail_msg("%s: its first line does not say the licence", path);
	while (fgets(line, sizeof(line), file))
		if (!include_allowed(folder, line))
			fail_msg("%s: %s: allowed:%s", path, line, folder->may_include);
	fclose(file);
}

static void a_folder_includes_only_what_it_may(void **state)
{
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		DIR *directory = opendir(folders[i].name);
		struct dirent *entry;
		int files = 0;

		assert_non_null(directory);
		while ((entry = readdir(directory)))
			if (is_source(entry->d_name)) {
				check_file(&folders[i], entry->d_name);
				files++;
			}
		closedir(directory);
		assert_true(files > 0);
	}
}

static void an_include_of_a_wrong_folder_is_found(void **state)
{
	assert_false(include_allowed(&folders[0], "#include \"core/plan.h\"\n"));
	assert_true(include_allowed(&folders[0], "#include \"wire/hash.h\"\n"));
	assert_true(include_allowed(&folders[0], "#include <linux/types.h>\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_folder_includes_only_what_it_may),
		cmocka_unit_test(an_include_of_a_wrong_folder_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
