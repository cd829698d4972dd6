/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is wrong, a line each: "what, where: how to mend". How to mend is the check's own text, in
 * which words in braces stand for what the judge names: "ip link set {INTERFACE} up".
 */
#pragma once

#include <stddef.h>

#include <jansson.h>

#include "base/cleanup.h"

struct check;

#define FINDING_VALUES_MAX 3

struct finding {
	const struct check *check;
	char *what;
	char *where;
	char *mend;
};

struct findings {
	struct finding *list;
	size_t n;
	size_t lost; /* there was no memory to describe them */
};

/* What the words in braces stand for, in their order; NULL: the word itself. */
struct mend_values {
	const char *list[FINDING_VALUES_MAX];
};

#define mend_with(...) (&(struct mend_values){{__VA_ARGS__}})

/* `values` may be NULL where the check's text has no words in braces. */
void findings_add(struct findings *findings, const struct check *check, const char *where,
		  const struct mend_values *values, const char *what, ...)
	__attribute__((format(printf, 5, 6)));

/* The text with its words in braces replaced. The caller frees it; NULL: no memory. */
char *mend_text(const char *text, const struct mend_values *values);

/* [{"check", "what", "where", "mend"}, ...]; NULL: no memory. */
json_t *findings_json(const struct findings *findings);

void findings_print(const struct findings *findings);

/* Leaves an empty list. For _cleanup_ on a struct on the stack. */
void findings_clear(struct findings *findings);

#define _cleanup_findings_ _cleanup_(findings_clear)
