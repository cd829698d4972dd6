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
#include <sys/stat.h>
#include <unistd.h>

#include "io/directory.h"

static char root[32];

static const char *below(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

static int set_up(void **state)
{
	strcpy(root, "/tmp/holdfast-dir.XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int tear_down(void **state)
{
	unlink(below("file"));
	rmdir(below("a/b"));
	rmdir(below("a"));
	return rmdir(root);
}

static void missing_folders_are_made_all_the_way(void **state)
{
	struct stat found;

	assert_int_equal(directory_make(below("a/b"), 0700), 0);
	assert_int_equal(stat(below("a/b"), &found), 0);
	assert_int_equal(found.st_mode & 0777, 0700);
}

static void a_folder_that_is_there_is_left_as_it_is(void **state)
{
	struct stat found;

	assert_int_equal(directory_make(below("a"), 0700), 0);
	assert_int_equal(directory_make(below("a"), 0755), 0);
	assert_int_equal(stat(below("a"), &found), 0);
	assert_int_equal(found.st_mode & 0777, 0700);
}

static void the_folder_of_a_file_is_made_and_the_file_is_not(void **state)
{
	assert_int_equal(directory_make_for(below("a/d.sock"), 0700), 0);
	assert_int_equal(access(below("a"), F_OK), 0);
	assert_int_equal(access(below("a/d.sock"), F_OK), -1);
	assert_int_equal(directory_make_for("d.sock", 0700), 0);
}

static void a_file_in_the_way_is_an_error(void **state)
{
	FILE *file = fopen(below("file"), "w");

	assert_non_null(file);
	fclose(file);
	assert_int_equal(directory_make(below("file/b"), 0700), -ENOTDIR);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(missing_folders_are_made_all_the_way),
		TEST(a_folder_that_is_there_is_left_as_it_is),
		TEST(the_folder_of_a_file_is_made_and_the_file_is_not),
		TEST(a_file_in_the_way_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
