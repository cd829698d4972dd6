/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A folder of a test's own, with files in it, gone when the test is over. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct scratch {
	char folder[64];
	char path[128]; /* of the last file that was asked for */
};

static inline int scratch_setup(void **state)
{
	struct scratch *scratch = calloc(1, sizeof(*scratch));

	strcpy(scratch->folder, "/tmp/holdfast-test-XXXXXX");
	assert_non_null(mkdtemp(scratch->folder));
	*state = scratch;
	return 0;
}

static inline int scratch_remove(const char *path, const struct stat *status, int type,
				 struct FTW *walk)
{
	return remove(path);
}

static inline int scratch_teardown(void **state)
{
	struct scratch *scratch = *state;

	nftw(scratch->folder, scratch_remove, 8, FTW_DEPTH | FTW_PHYS);
	free(scratch);
	return 0;
}

/* The path of a file in the folder; valid until the next call. */
static inline const char *scratch_path(struct scratch *scratch, const char *name)
{
	snprintf(scratch->path, sizeof(scratch->path), "%s/%s", scratch->folder, name);
	return scratch->path;
}

static inline const char *scratch_write(struct scratch *scratch, const char *name, mode_t mode,
					const void *bytes, size_t length)
{
	const char *path = scratch_path(scratch, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	return path;
}

static inline void scratch_text(struct scratch *scratch, const char *name, const char *text)
{
	scratch_write(scratch, name, 0644, text, strlen(text));
}

/* 32 bytes, all of them `fill`. */
static inline void scratch_secret(struct scratch *scratch, const char *name, char fill)
{
	char bytes[32];

	memset(bytes, fill, sizeof(bytes));
	scratch_write(scratch, name, 0600, bytes, sizeof(bytes));
}

#define SCRATCH_TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
