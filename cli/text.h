/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Text for a terminal of 80 columns or fewer, and its colours, which only a terminal gets. */
#pragma once

#include <stdio.h>

#define TEXT_WIDTH 80
#define TEXT_WIDTH_MIN 40 /* in a narrower one lines go on below */

/*
 * Prints words in lines as wide as the terminal, at most TEXT_WIDTH, and a newline. The first begins at column `at`,
 * where something may stand before it; the others are indented to there.
 */
void text_wrap(FILE *to, int at, const char *text);

enum colour {
	COLOUR_NONE,
	COLOUR_BOLD,
	COLOUR_GOOD,
	COLOUR_CARE,
	COLOUR_BAD,
};

/* The escape that begins the colour; "" where `to` is no terminal or $NO_COLOR is set
 * (no-color.org). */
const char *colour_on(FILE *to, enum colour colour);

/* The escape that ends it. */
const char *colour_off(FILE *to, enum colour colour);
