/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/suggestion.h"

#include <stdio.h>
#include <string.h>

#define WORD_MAX 63
#define LISTED_MAX 12
#define FAR 1000

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* Insertions, deletions and exchanges of a letter that lead from `a` to `b`; one row of the table.
 */
static unsigned int distance(const char *a, const char *b)
{
	size_t length = strlen(b);
	unsigned int row[WORD_MAX + 1];

	if (strlen(a) > WORD_MAX || length > WORD_MAX)
		return FAR;
	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		unsigned int diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			unsigned int exchange = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = least(exchange, least(row[j], row[j - 1]) + 1);
		}
	}
	return row[length];
}

void suggestion_offer(struct suggestion *suggestion, const char *name)
{
	unsigned int far = distance(suggestion->wanted, name);
	size_t used = strlen(suggestion->list);

	if (!suggestion->nearest || far < suggestion->distance) {
		suggestion->nearest = name;
		suggestion->distance = far;
		suggestion->ambiguous = false;
	} else if (far == suggestion->distance) {
		suggestion->ambiguous = true;
	}

	/* The list shows whole names only, and says when it is not the whole list. */
	if (suggestion->offered <= LISTED_MAX) {
		const char *comma = suggestion->offered ? ", " : "";
		bool fits = suggestion->offered < LISTED_MAX &&
			    used + strlen(comma) + strlen(name) + sizeof(", ...") <=
				    sizeof(suggestion->list);

		snprintf(suggestion->list + used, sizeof(suggestion->list) - used, "%s%s", comma,
			 fits ? name : "...");
		suggestion->offered = fits ? suggestion->offered + 1 : LISTED_MAX + 1;
	}
}

const char *suggestion_text(struct suggestion *suggestion)
{
	size_t length = strlen(suggestion->wanted);
	unsigned int near = length < 3 ? 0 : length < 6 ? 1 : 2;

	if (!suggestion->nearest)
		return "there are none";
	if (!suggestion->ambiguous && suggestion->distance <= near)
		snprintf(suggestion->text, sizeof(suggestion->text), "did you mean %s?",
			 suggestion->nearest);
	else
		snprintf(suggestion->text, sizeof(suggestion->text), "allowed: %s",
			 suggestion->list);
	return suggestion->text;
}
