/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What to say to someone who wrote a name that does not exist: the one they nearly wrote, or else
 * the names that there are.
 *
 * "Nearly" is an edit distance (Levenshtein) that is small for the length of the word, and only one
 * name has it: of b1 and b2 none is nearer to b3.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct suggestion {
	const char *wanted;
	const char *nearest;
	unsigned int distance;
	bool ambiguous;
	size_t offered;
	char list[256];
	char text[320];
};

/* Begin with {.wanted = name}; offer every name that exists (it must outlive the suggestion). */
void suggestion_offer(struct suggestion *suggestion, const char *name);

/* "did you mean weight?" or "allowed: weight, enabled" or "there are none". */
const char *suggestion_text(struct suggestion *suggestion);
