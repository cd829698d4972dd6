/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a printing function prints, and what a command line becomes. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

/* `text` is what `call` printed to `to`; the caller frees it. */
#define PRINTED(text, to, call)                                                                    \
	do {                                                                                       \
		size_t length_;                                                                    \
		FILE *to = open_memstream(&(text), &length_);                                      \
                                                                                                   \
		assert_non_null(to);                                                               \
		call;                                                                              \
		fclose(to);                                                                        \
	} while (0)

static inline json_t *json_of(const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

	assert_non_null(value);
	return value;
}

static inline size_t longest_line(const char *text)
{
	size_t longest = 0;

	for (; *text; text += strcspn(text, "\n"), text += *text != 0) {
		size_t length = strcspn(text, "\n");

		longest = length > longest ? length : longest;
	}
	return longest;
}

/* What is written to stderr between two calls: errors are part of the command line's behaviour. */
struct stderr_kept {
	int saved;
	FILE *file;
};

static inline void stderr_keep(struct stderr_kept *kept)
{
	fflush(stderr);
	kept->saved = dup(STDERR_FILENO);
	kept->file = tmpfile();
	assert_non_null(kept->file);
	dup2(fileno(kept->file), STDERR_FILENO);
}

static inline void stderr_back(struct stderr_kept *kept, char *text, size_t size)
{
	size_t n;

	fflush(stderr);
	dup2(kept->saved, STDERR_FILENO);
	close(kept->saved);
	rewind(kept->file);
	n = fread(text, 1, size - 1, kept->file);
	text[n] = '\0';
	fclose(kept->file);
}
