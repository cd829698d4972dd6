/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/help.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "cli/command.h"
#include "cli/text.h"
#include "cli/verbs.h"

#define VERB_AT 18 /* column where the help of a verb begins */
#define OPTION_AT 26
#define WITH_FILE_AT 2

_Static_assert(VERB_AT + VERB_HELP_MAX <= TEXT_WIDTH, "a verb's line fits");

static void print_verb_line(const struct verb *verb, FILE *to)
{
	fprintf(to, "  %-*s", VERB_AT - 2, verb->name);
	text_wrap(to, VERB_AT, verb->help);
}

static void print_option(const struct option_row *row, FILE *to)
{
	char term[40];

	snprintf(term, sizeof(term), "%s%c%s--%s%s%s", row->letter ? "-" : " ",
		 row->letter ? row->letter : ' ', row->letter ? ", " : "  ", row->name,
		 row->argument ? " " : "", row->argument ? row->argument : "");
	fprintf(to, "  %-*s", OPTION_AT - 2, term);
	text_wrap(to, OPTION_AT, row->help);
}

/* Those of the bits, or those that go with every verb. */
static void print_options(unsigned int bits, bool general, FILE *to)
{
	for (int i = 0; i < n_option_rows; i++)
		if (option_rows[i].bit ? option_rows[i].bit & bits : general)
			print_option(&option_rows[i], to);
}

void help_print(FILE *to)
{
	fprintf(to, "Usage: holdfast [OPTION...] VERB [ARGUMENT...]\n");
	text_wrap(to, 0, "Asks the Holdfast gateway or agent on this machine; checks configurations.");
	fputc('\n', to);
	for (int i = 0; i < n_verbs; i++)
		if (!verbs[i].hidden && !verb_is_group(&verbs[i]))
			print_verb_line(&verbs[i], to);
	fputc('\n', to);
	text_wrap(to, 0, "Options, before or after the verb; holdfast help VERB tells those of a verb:");
	print_options(OPTION_JSON, true, to);
}

static void print_group(const struct verb *group, FILE *to)
{
	fprintf(to, "Usage: holdfast %s VERB [ARGUMENT...]\n\n", group->name);
	for (int i = 0; i < n_verbs; i++)
		if (verb_is_under(&verbs[i], group))
			print_verb_line(&verbs[i], to);
}

void help_print_verb(const struct verb *verb, FILE *to)
{
	if (verb_is_group(verb)) {
		print_group(verb, to);
		return;
	}
	fprintf(to, "Usage: holdfast %s%s%s [OPTION...]\n", verb->name, verb->usage ? " " : "",
		verb->usage ? verb->usage : "");
	text_wrap(to, 0, verb->help);
	if (verb->text) {
		fputc('\n', to);
		text_wrap(to, 0, verb->text);
	}
	if (verb->with_file) {
		fputc('\n', to);
		text_wrap(to, 0, "Needs store: etcd. Where the configuration is a file:");
		fprintf(to, "%*s", WITH_FILE_AT, "");
		text_wrap(to, WITH_FILE_AT, verb->with_file);
	}
	fprintf(to, "\nOptions:\n");
	print_options(verb->options, true, to);
}

int help_run(const struct command *command)
{
	char complaint[512];
	const struct verb *verb;
	int used;

	if (command->n_values == 0) {
		help_print(stdout);
		return 0;
	}
	verb = verb_find(command->n_values, command->values, &used, complaint);
	if (!verb) {
		log_error("%s", complaint);
		return -EINVAL;
	}
	if (used < command->n_values) {
		log_error("%s: not understood, usage: holdfast help [VERB]", command->values[used]);
		return -EINVAL;
	}
	help_print_verb(verb, stdout);
	return 0;
}
