/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/number.h"

/* By COLUMNS, as some shells and people set it, or by the terminal. */
static int width_of(FILE *to)
{
	const char *set = getenv("COLUMNS");
	struct winsize size;
	uint64_t width = 0;

	if ((!set || number_parse(set, UINT16_MAX, &width) < 0) && fileno(to) >= 0 &&
	    ioctl(fileno(to), TIOCGWINSZ, &size) == 0)
		width = size.ws_col;
	return width == 0 || width > TEXT_WIDTH ? TEXT_WIDTH : width < TEXT_WIDTH_MIN ? TEXT_WIDTH_MIN : width;
}

void text_wrap(FILE *to, int at, const char *text)
{
	int column = at, width = width_of(to);

	for (text += strspn(text, " \n"); *text; text += strspn(text, " \n")) {
		int length = strcspn(text, " \n");

		if (column > at && column + 1 + length > width) {
			fprintf(to, "\n%*s", at, "");
			column = at;
		}
		column += fprintf(to, "%s%.*s", column > at ? " " : "", length, text);
		text += length;
	}
	fputc('\n', to);
}

static bool coloured(FILE *to)
{
	const char *no = getenv("NO_COLOR"), *terminal = getenv("TERM");

	if ((no && *no) || !terminal || strcmp(terminal, "dumb") == 0)
		return false;
	return fileno(to) >= 0 && isatty(fileno(to));
}

const char *colour_on(FILE *to, enum colour colour)
{
	static const char *const escapes[] = {
		[COLOUR_NONE] = "",	    [COLOUR_BOLD] = "\033[1m", [COLOUR_GOOD] = "\033[32m",
		[COLOUR_CARE] = "\033[33m", [COLOUR_BAD] = "\033[31m",
	};

	return coloured(to) ? escapes[colour] : "";
}

const char *colour_off(FILE *to, enum colour colour)
{
	return colour != COLOUR_NONE && coloured(to) ? "\033[0m" : "";
}
