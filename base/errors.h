/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is wrong with an input, a row for each fault, collected so that the operator sees all of
 * them at once and not one for each try. Library code adds rows and never prints; the program
 * prints.
 *
 * A row is one line: "file:line: path: what is wrong, what is allowed". File, line and path are
 * left out where there are none. Control characters of the input never reach the terminal.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "base/cleanup.h"

struct error {
	char *text; /* the whole line, without newline; the others are parts of it */
	unsigned int line;
	int file_length; /* it is what the text begins with; 0: none */
	int path_at, path_length;
	const char *what;
};

struct errors {
	struct error *list;
	size_t n;
	size_t lost; /* faults that there was no memory to describe */
};

/*
 * `file` and `path` may be NULL and `line` 0. Returns -EINVAL, for `return errors_add(...)`.
 */
int errors_add(struct errors *errors, const char *file, unsigned int line, const char *path,
	       const char *format, ...) __attribute__((format(printf, 5, 6)));

size_t errors_count(const struct errors *errors);

/* The text of error `i`, NULL beyond the last. Valid until the next call that changes `errors`. */
const char *errors_text(const struct errors *errors, size_t i);

/* Its parts, for who wants to tell them apart. NULL as above. */
const struct error *errors_at(const struct errors *errors, size_t i);

/* By line; those of one line stay in the order in which they were found. */
void errors_sort(struct errors *errors);

void errors_print(const struct errors *errors, FILE *to);

/* Leaves an empty list that can be used again. For _cleanup_ on a struct on the stack. */
void errors_clear(struct errors *errors);

#define _cleanup_errors_ _cleanup_(errors_clear)
