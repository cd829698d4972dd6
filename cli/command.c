/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/command.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/number.h"
#include "base/suggestion.h"
#include "cli/verbs.h"

#define AT(field) .offset = offsetof(struct command, field)

#define GATEWAY_SOCKET "/run/holdfast/gateway.sock"
#define AGENT_SOCKET "/run/holdfast/agent.sock"

const struct option_row option_rows[] = {
	{'s', "socket", "PATH",
	 "the daemon's socket (default: the first that is there of " GATEWAY_SOCKET
	 ", " AGENT_SOCKET ")",
	 OPTION_TEXT, 0, AT(socket)},
	{'j', "json", NULL, "print the answer as JSON", OPTION_SWITCH, OPTION_JSON, AT(json)},
	{'a', "all", NULL, "also what is zero", OPTION_SWITCH, OPTION_ALL, AT(all)},
	{'w', "watch", "[SECONDS]", "what changed per second, every so often (default: 1 second)",
	 OPTION_MAYBE_NUMBER, OPTION_WATCH, AT(watch_s)},
	{'n', "count", "N", "so many times or events, then end", OPTION_NUMBER, OPTION_COUNT,
	 AT(count)},
	{0, "client", "NETWORK", "packets of these clients only", OPTION_TEXT, OPTION_FILTER,
	 AT(client)},
	{0, "vip", "NETWORK", "packets for these VIPs only", OPTION_TEXT, OPTION_FILTER, AT(vip)},
	{0, "verdict", "NAME", "packets that ended in this verdict only", OPTION_TEXT,
	 OPTION_FILTER, AT(verdict)},
	{0, "sample", "N", "one packet of N, on average", OPTION_TEXT, OPTION_FILTER, AT(sample)},
	{'N', "node", "NAME", "the node that it is about (default: the daemon's)", OPTION_TEXT,
	 OPTION_NODE, AT(node)},
	{'A', "against", "FILE", "compare with this file (default: the daemon's)", OPTION_TEXT,
	 OPTION_AGAINST, AT(against)},
	{'c', "config", "FILE", "its configuration (default: the daemon's)", OPTION_TEXT,
	 OPTION_CONFIG, AT(config)},
	{'l', "list", NULL, "what there is, each explained, instead", OPTION_SWITCH,
	 OPTION_LIST, AT(list)},
	{'f', "follow", NULL, "and what comes, until Ctrl-C", OPTION_SWITCH, OPTION_FOLLOW, AT(follow)},
	{0, "revision", "N", "only if the configuration is still of this revision", OPTION_TEXT,
	 OPTION_REVISION, AT(revision)},
	{0, "force", NULL, "although it may end connections", OPTION_SWITCH,
	 OPTION_FORCE, AT(force)},
	{0, "explain", NULL, "the same as config explain", OPTION_SWITCH, OPTION_EXPLAIN,
	 AT(explain)},
	{'V', "version", NULL, "print the version, and the layout of pinned maps", OPTION_SWITCH, 0, AT(version)},
	{'h', "help", NULL, "print help, for all or for the verb", OPTION_SWITCH, 0, AT(help)},
};

#define N_ROWS (sizeof(option_rows) / sizeof(*option_rows))

const int n_option_rows = N_ROWS;

/* What getopt returns for row i; above every letter. */
#define VALUE(i) (256 + (int)(i))

struct parser {
	struct option options[N_ROWS + 1];
	char letters[2 * N_ROWS + 3];
	unsigned int seen; /* bits of the options that were given */
	/* The first that is none: a word, or a letter of a word; it is refused when the verb is known. */
	const char *unknown;
	char unknown_letter;
};

static void fill_getopt(struct parser *parser)
{
	char *letter = parser->letters;

	*letter++ = ':'; /* tells a missing argument from an unknown option, and prints neither */
	for (size_t i = 0; i < N_ROWS; i++) {
		const struct option_row *row = &option_rows[i];
		bool takes = row->argument && row->kind != OPTION_MAYBE_NUMBER;

		parser->options[i] = (struct option){
			.name = row->name,
			.has_arg = takes	   ? required_argument
				   : row->argument ? optional_argument
						   : no_argument,
			.val = VALUE(i),
		};
		if (!row->letter)
			continue;
		*letter++ = row->letter;
		if (takes)
			*letter++ = ':';
	}
	*letter = '\0';
}

static const struct option_row *row_of(int value)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (value == VALUE(i) || (option_rows[i].letter && value == option_rows[i].letter))
			return &option_rows[i];
	return NULL;
}

static int store_number(const struct option_row *row, const char *text, void *field)
{
	uint64_t number;

	if (number_parse(text, OPTION_NUMBER_MAX, &number) < 0 || number == 0) {
		log_error("--%s: %s is no such number, allowed: 1 to %d", row->name, text,
			  OPTION_NUMBER_MAX);
		return -EINVAL;
	}
	*(unsigned int *)field = number;
	return 0;
}

/* The number of "--watch 2" is a word of its own, which getopt leaves to us. */
static const char *maybe_number(int argc, char **argv)
{
	uint64_t number;

	if (optarg)
		return optarg;
	if (optind < argc && number_parse(argv[optind], OPTION_NUMBER_MAX, &number) == 0)
		return argv[optind++];
	return "1";
}

static int store(const struct option_row *row, int argc, char **argv, struct command *command)
{
	void *field = (char *)command + row->offset;

	switch (row->kind) {
	case OPTION_SWITCH:
		*(bool *)field = true;
		break;
	case OPTION_TEXT:
		*(const char **)field = optarg;
		break;
	case OPTION_NUMBER:
		return store_number(row, optarg, field);
	case OPTION_MAYBE_NUMBER:
		return store_number(row, maybe_number(argc, argv), field);
	}
	return 0;
}

/* What getopt does not know. */
static int take_unknown(struct parser *parser, const char *word)
{
	const struct option_row *row = row_of(optopt);

	if (optopt && row) { /* a known switch, with "=..." behind it */
		log_error("%s: --%s takes no value", word, row->name);
		return -EINVAL;
	}
	if (!parser->unknown) {
		parser->unknown = word;
		parser->unknown_letter = optopt;
	}
	return 0;
}

/* Leaves the words that are no options at the end of argv, from optind on. */
static int parse_options(struct parser *parser, int argc, char **argv, struct command *command)
{
	int value, r = 0;

	optind = 0; /* getopt begins anew */
	while (r == 0) {
		const struct option_row *row;

		value = getopt_long(argc, argv, parser->letters, parser->options, NULL);
		if (value == -1)
			break;
		row = row_of(value);
		if (value == ':') {
			row = row_of(optopt);
			log_error("--%s: nothing follows, allowed: %s", row->name, row->argument);
			return -EINVAL;
		}
		if (!row) {
			r = take_unknown(parser, argv[optind - 1]);
			continue;
		}
		parser->seen |= row->bit;
		r = store(row, argc, argv, command);
	}
	return r;
}

/* `word` is no option of the verb; NULL: none was named, and help tells those of `holdfast` alone. */
static int refuse_option(const struct verb *verb, const char *word)
{
	struct suggestion suggestion = {.wanted = word};
	unsigned int bits = verb ? verb->options : OPTION_JSON;
	char names[N_ROWS][20];

	for (size_t i = 0; i < N_ROWS; i++) {
		if (option_rows[i].bit && !(option_rows[i].bit & bits))
			continue;
		snprintf(names[i], sizeof(names[i]), "--%s", option_rows[i].name);
		suggestion_offer(&suggestion, names[i]);
	}
	log_error("%s: no option of holdfast%s%s, %s", word, verb ? " " : "", verb ? verb->name : "",
		  suggestion_text(&suggestion));
	return -EINVAL;
}

static int refuse_unknown(const struct parser *parser, const struct verb *verb)
{
	char letter[] = {'-', parser->unknown_letter, '\0'};

	return refuse_option(verb, parser->unknown_letter ? letter : parser->unknown);
}

/* A known option that goes with other verbs. */
static int refuse_others_option(const struct verb *verb, unsigned int bits)
{
	char word[20] = "";

	for (size_t i = 0; i < N_ROWS && !*word; i++)
		if (option_rows[i].bit & bits)
			snprintf(word, sizeof(word), "--%s", option_rows[i].name);
	return refuse_option(verb, word);
}

/* The usage has a word for each argument. */
static int refuse_too_few(const struct verb *verb, int n)
{
	const char *missing = verb->usage;

	for (; n > 0; n--)
		missing += strcspn(missing, " ") + 1;
	log_error("%s: %.*s is missing, usage: holdfast %s %s", verb->name,
		  (int)strcspn(missing, " "), missing, verb->name, verb->usage);
	return -EINVAL;
}

/* With --watch it may have been meant as its number. */
static int refuse_too_many(const struct verb *verb, const char *word, bool watched)
{
	char hint[80] = "";

	if (watched)
		snprintf(hint, sizeof(hint), "; --watch takes a number, 1 to %d", OPTION_NUMBER_MAX);
	if (verb->most == 0)
		log_error("%s: not understood, holdfast %s takes no arguments%s", word, verb->name, hint);
	else
		log_error("%s: one argument too many, usage: holdfast %s %s%s", word, verb->name,
			  verb->usage, hint);
	return -EINVAL;
}

/* The verb; its arguments are what follows. */
static int find_verb(int n, char **words, struct command *command)
{
	char *explain[] = {"config", "explain"};
	char complaint[512];
	int used;

	command->verb = verb_find(n, words, &used, complaint);
	/* "config --explain [PATH]": what follows is no second word of a verb. */
	if (command->explain && strcmp(words[0], "config") == 0 &&
	    !(n > 1 && strcmp(words[1], "explain") == 0)) {
		command->verb = verb_find(2, explain, &used, complaint);
		used = 1;
	}
	if (!command->verb) {
		log_error("%s", complaint);
		return -EINVAL;
	}
	command->n_values = n - used;
	command->values = words + used;
	return 0;
}

/* Whether what was given goes with the verb. Help needs no arguments. */
static int check_verb(const struct parser *parser, const struct command *command)
{
	const struct verb *verb = command->verb;

	if (parser->unknown)
		return refuse_unknown(parser, verb);
	if (parser->seen & ~verb->options)
		return refuse_others_option(verb, parser->seen & ~verb->options);
	if (command->help || verb_is_group(verb))
		return 0;
	if (command->n_values < verb->least)
		return refuse_too_few(verb, command->n_values);
	if (command->n_values > verb->most)
		return refuse_too_many(verb, command->values[verb->most], command->watch_s);
	return 0;
}

static const char *default_socket(void)
{
	bool agent_only = access(GATEWAY_SOCKET, F_OK) < 0 && access(AGENT_SOCKET, F_OK) == 0;

	return agent_only ? AGENT_SOCKET : GATEWAY_SOCKET;
}

int command_parse(int argc, char **argv, struct command *ret)
{
	struct command command = {.socket = default_socket()};
	struct parser parser = {};
	int r;

	fill_getopt(&parser);
	r = parse_options(&parser, argc, argv, &command);
	if (r == 0 && optind < argc) {
		r = find_verb(argc - optind, argv + optind, &command);
		r = r < 0 ? r : check_verb(&parser, &command);
	} else if (r == 0 && parser.unknown) {
		r = refuse_unknown(&parser, NULL);
	}
	if (r < 0)
		return r;
	*ret = command;
	return 0;
}
