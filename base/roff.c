/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/roff.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* Escaped; in a literal also what typography would make prettier than a shell understands. */
static void put(FILE *to, const char *text, bool literal)
{
	static const struct {
		char letter;
		bool literal; /* only there */
		const char *escaped;
	} rows[] = {
		{'\\', false, "\\e"},  {'-', true, "\\-"},   {'\'', true, "\\(aq"},
		{'`', true, "\\(ga"},  {'^', true, "\\(ha"}, {'~', true, "\\(ti"},
		{'"', false, "\\(dq"},
	};

	for (; *text; text++) {
		char letter[2] = {*text};
		const char *out = letter;

		for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
			if (rows[i].letter == *text && (literal || !rows[i].literal))
				out = rows[i].escaped;
		fputs(out, to);
	}
}

#define LINE_WIDTH 72

/* \& keeps a dot or quote at the beginning of a line from being a request. */
static void put_guard(FILE *to, const char *text)
{
	fputs(*text == '.' || *text == '\'' ? "\\&" : "", to);
}

/* Whole lines, broken between words. */
static void put_lines(FILE *to, const char *text)
{
	int column = 0;

	for (text += strspn(text, " \n"); *text; text += strspn(text, " \n")) {
		int length = strcspn(text, " \n");
		char word[256];

		if (column && column + length > LINE_WIDTH) {
			fputc('\n', to);
			column = 0;
		}
		if (column)
			fputc(' ', to);
		else
			put_guard(to, text);
		length = length < (int)sizeof(word) ? length : (int)sizeof(word) - 1;
		snprintf(word, sizeof(word), "%.*s", length, text);
		put(to, word, false);
		column += 1 + length;
		text += length;
	}
	fputc('\n', to);
}

void roff_begin(FILE *to, const char *name, int section, const char *version, const char *summary)
{
	fputs(".\\\" SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause\n"
	      ".\\\" Made from the program's own tables.\n.TH ",
	      to);
	for (const char *letter = name; *letter; letter++)
		fputc(toupper((unsigned char)*letter), to);
	fprintf(to, " %d \"\" \"Holdfast %s\" Holdfast\n.SH NAME\n", section, version);
	put(to, name, true);
	fputs(" \\- ", to);
	put_lines(to, summary);
}

void roff_section(FILE *to, const char *heading)
{
	fputs(".SH ", to);
	put_lines(to, heading);
}

void roff_text(FILE *to, const char *text)
{
	put_lines(to, text);
}

void roff_paragraph(FILE *to, const char *text)
{
	fputs(".PP\n", to);
	put_lines(to, text);
}

void roff_synopsis(FILE *to, const char *command, const char *arguments)
{
	fputs("\\fB", to);
	put(to, command, true);
	fputs("\\fR", to);
	if (arguments) {
		fputc(' ', to);
		put(to, arguments, true);
	}
	fputc('\n', to);
}

static void put_term(FILE *to, const char *term, const char *argument)
{
	fputs("\\fB", to);
	put(to, term, true);
	fputs("\\fR", to);
	if (!argument)
		return;
	fputs(" \\fI", to);
	put(to, argument, true);
	fputs("\\fR", to);
}

void roff_item(FILE *to, const char *term, const char *argument, const char *text)
{
	fputs(".TP\n", to);
	put_term(to, term, argument);
	fputc('\n', to);
	put_lines(to, text);
}

void roff_option(FILE *to, char letter, const char *name, const char *argument, const char *text)
{
	fputs(".TP\n", to);
	if (letter)
		fprintf(to, "\\fB\\-%c\\fR, ", letter);
	fputs("\\fB\\-\\-\\fR", to);
	put_term(to, name, argument);
	fputc('\n', to);
	put_lines(to, text);
}

void roff_see_also(FILE *to, const char *const *pages)
{
	roff_section(to, "SEE ALSO");
	for (size_t i = 0; pages[i]; i++) {
		size_t name = strcspn(pages[i], "(");

		fprintf(to, ".BR %.*s %s%s\n", (int)name, pages[i], pages[i] + name,
			pages[i + 1] ? "," : "");
	}
}
