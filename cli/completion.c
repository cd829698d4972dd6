/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The script looks at the words before the one under the cursor, takes the options out, and has one
 * case for each verb: the words that can follow, by how many arguments are there already.
 */
#include "cli/completion.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "cli/command.h"
#include "cli/verbs.h"
#include "core/config_rows.h"

static const char head[] =
	"# bash completion for holdfast; made from its own table of verbs.\n"
	"_holdfast_files()\n"
	"{\n"
	"\tcompopt -o filenames 2>/dev/null\n"
	"\tmapfile -t COMPREPLY < <(compgen -f -- \"$1\")\n"
	"}\n"
	"\n"
	"_holdfast()\n"
	"{\n"
	"\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
	"\tlocal -a words=()\n"
	"\tlocal i word skip= choices= options= place verb\n"
	"\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tword=${COMP_WORDS[i]}\n"
	"\t\tif [[ $skip ]]; then\n"
	"\t\t\tskip=\n";

static const char tail[] = "\tif [[ $current == -* ]]; then\n"
			   "\t\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$current\")\n"
			   "\telif [[ $choices == FILE ]]; then\n"
			   "\t\t_holdfast_files \"$current\"\n"
			   "\telse\n"
			   "\t\tmapfile -t COMPREPLY < <(compgen -W \"$choices\" -- \"$current\")\n"
			   "\tfi\n"
			   "}\n"
			   "complete -F _holdfast holdfast\n";

static bool takes_word(const struct option_row *row)
{
	return row->argument && row->kind != OPTION_MAYBE_NUMBER;
}

/* "-s|--socket|..." of the options of which the next word is the argument; files only, or all. */
static void print_patterns(bool files, FILE *to)
{
	bool any = false;

	for (int i = 0; i < n_option_rows; i++) {
		const struct option_row *row = &option_rows[i];
		bool file = row->argument && (strcmp(row->argument, "FILE") == 0 ||
					      strcmp(row->argument, "PATH") == 0);

		if (!takes_word(row) || (files && !file))
			continue;
		fprintf(to, "%s", any ? "|" : "");
		if (row->letter)
			fprintf(to, "-%c|", row->letter);
		fprintf(to, "--%s", row->name);
		any = true;
	}
}

static void print_options(unsigned int bits, FILE *to)
{
	for (int i = 0; i < n_option_rows; i++)
		if (!option_rows[i].bit || option_rows[i].bit & bits)
			fprintf(to, "--%s ", option_rows[i].name);
}

/* The first words of all verbs, or the second ones under a group. */
static void print_verbs(const struct verb *group, FILE *to)
{
	for (int i = 0; i < n_verbs; i++) {
		if (group && verb_is_under(&verbs[i], group))
			fprintf(to, "%s ", verbs[i].name + strlen(group->name) + 1);
		if (!group && !verbs[i].hidden && !strchr(verbs[i].name, ' '))
			fprintf(to, "%s ", verbs[i].name);
	}
}

static void print_choices(const char *completion, FILE *to)
{
	const struct config_row *row = NULL;

	if (strcmp(completion, "VERB") == 0)
		print_verbs(NULL, to);
	else if (strcmp(completion, "OPTION") == 0)
		while ((row = config_row_after(row)))
			fprintf(to, "%s ", row->path);
	else
		fprintf(to, "%s", completion);
}

/* The places of a verb's arguments: after its own words. */
static void print_verb(const struct verb *verb, FILE *to)
{
	int used = strchr(verb->name, ' ') ? 2 : 1;

	if (verb_is_group(verb)) {
		fprintf(to, "\t\"%s:1\") choices='", verb->name);
		print_verbs(verb, to);
		fprintf(to, "' ;;\n");
	}
	for (int i = 0; i < VERB_ARGUMENTS_MAX; i++) {
		if (!verb->completions[i] || !*verb->completions[i])
			continue;
		fprintf(to, "\t\"%s:%d\") choices='", verb->name, used + i);
		print_choices(verb->completions[i], to);
		fprintf(to, "' ;;\n");
	}
}

static void print_words(FILE *to)
{
	fputs(head, to);
	fprintf(to, "\t\telif [[ $word == @(");
	print_patterns(false, to);
	fprintf(to, ") ]]; then\n\t\t\tskip=yes\n"
		    "\t\telif [[ $word != -* ]]; then\n\t\t\twords+=(\"$word\")\n\t\tfi\n"
		    "\tdone\n\n");
	fprintf(to, "\tif [[ $previous == @(");
	print_patterns(true, to);
	fprintf(to, ") ]]; then\n\t\t_holdfast_files \"$current\"\n\t\treturn\n"
		    "\telif [[ $skip ]]; then\n\t\tCOMPREPLY=()\n\t\treturn\n\tfi\n\n");
}

void completion_print_bash(FILE *to)
{
	print_words(to);
	fprintf(to, "\tplace=${#words[@]} verb=${words[0]-}\n\tcase $verb in\n");
	for (int i = 0; i < n_verbs; i++)
		if (verb_is_group(&verbs[i]))
			fprintf(to, "\t%s) ((place < 2)) || verb+=\" ${words[1]}\" ;;\n",
				verbs[i].name);
	fprintf(to, "\tesac\n\n\tcase $verb in\n\t\"\") choices='");
	print_verbs(NULL, to);
	fprintf(to, "' options='");
	print_options(OPTION_JSON, to);
	fprintf(to, "' ;;\n");
	for (int i = 0; i < n_verbs; i++) {
		fprintf(to, "\t\"%s\") options='", verbs[i].name);
		print_options(verbs[i].options, to);
		fprintf(to, "' ;;\n");
	}
	fprintf(to, "\tesac\n\tcase $verb:$place in\n");
	for (int i = 0; i < n_verbs; i++)
		if (!verbs[i].hidden)
			print_verb(&verbs[i], to);
	fprintf(to, "\tesac\n\n");
	fputs(tail, to);
}

int completion_run(const struct command *command)
{
	if (strcmp(command->values[0], "bash") != 0) {
		log_error("%s: no completion for it, allowed: bash", command->values[0]);
		return -EINVAL;
	}
	completion_print_bash(stdout);
	return 0;
}
