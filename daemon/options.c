/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/options.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/roff.h"
#include "base/suggestion.h"
#include "config_build.h"
#include "wire/maps.h"

struct row {
	char letter;
	const char *name;
	const char *argument; /* NULL: a switch */
	const char *help;
	size_t offset; /* in struct daemon_options */
};

static const struct row rows[] = {
	{'c', "config", "FILE", "the fleet's configuration",
	 offsetof(struct daemon_options, config)},
	{'n', "node", "NAME", "this node's name in it (default: the host's name)",
	 offsetof(struct daemon_options, node)},
	{'b', "bpffs", "DIR", "where programs and maps are pinned",
	 offsetof(struct daemon_options, bpffs)},
	{'s', "socket", "PATH", "where the command line reaches this daemon",
	 offsetof(struct daemon_options, socket)},
	{'t', "state", "PATH", "where a store's last state and resting ids are kept",
	 offsetof(struct daemon_options, state)},
	{'d', "detach", NULL, "take down what a run left in the kernel; stop it first",
	 offsetof(struct daemon_options, detach)},
	{'S', "scheme", "NAME", "forward as others do, to compare (default: holdfast)",
	 offsetof(struct daemon_options, scheme_name)},
	{'V', "version", NULL, "print the version, and the layout of pinned maps", 0},
	{'h', "help", NULL, "print this", 0},
};

/* For the build alone, which makes the manual page with it: in no help. */
#define MANUAL_VALUE 256
#define MANUAL_NAME "manual-page"

#define N_ROWS (sizeof(rows) / sizeof(*rows))

static void print_help(const struct daemon_program *program)
{
	printf("Usage: %s [OPTION...]\n%s\n\n", program->name, program->summary);
	for (size_t i = 0; i < N_ROWS; i++)
		printf("  -%c, --%-8s %-5s %s\n", rows[i].letter, rows[i].name,
		       rows[i].argument ? rows[i].argument : "", rows[i].help);
	printf("\nDefaults here: --config %s\n               --bpffs %s\n               --socket %s\n"
	       "               --state %s\n",
	       CONFIG_DEFAULT, program->bpffs, program->socket, program->state);
	printf("SIGHUP reads the configuration again; SIGTERM ends the daemon and leaves\n"
	       "forwarding on. Manual: man %s, man holdfast.yaml\n",
	       program->name);
}

static void print_manual(const struct daemon_program *program)
{
	static const char *const see_also[] = {"holdfast(8)", "holdfast.yaml(5)", NULL};

	roff_begin(stdout, program->name, 8, HOLDFAST_VERSION, program->subject);
	roff_section(stdout, "SYNOPSIS");
	roff_synopsis(stdout, program->name, "[OPTION...]");
	roff_section(stdout, "DESCRIPTION");
	roff_text(stdout, program->summary);
	roff_paragraph(stdout, "The daemon loads and pins BPF programs and keeps their tables up to "
			       "date. Packets are forwarded with or without it.");
	roff_section(stdout, "OPTIONS");
	for (size_t i = 0; i < N_ROWS; i++)
		roff_option(stdout, rows[i].letter, rows[i].name, rows[i].argument, rows[i].help);
	roff_section(stdout, "SIGNALS");
	roff_item(stdout, "SIGHUP", NULL,
		  "Reads the configuration again; one with an error changes nothing.");
	roff_item(stdout, "SIGTERM, SIGINT", NULL, "Ends the daemon and leaves forwarding on.");
	roff_section(stdout, "FILES");
	roff_item(stdout, CONFIG_DEFAULT, NULL, "The fleet's configuration.");
	roff_item(stdout, program->bpffs, NULL, "Pinned programs and maps.");
	roff_item(stdout, program->socket, NULL, "The control socket.");
	roff_item(stdout, program->state, NULL,
		  "The last state of a store (store: etcd) that was taken; with .rests behind it, "
		  "which ids and epochs of keys rest.");
	roff_see_also(stdout, see_also);
}

void version_print(const char *program, FILE *to)
{
	fprintf(to, "%s %s, map layout %d\n", program, HOLDFAST_VERSION, LAYOUT_VERSION);
}

static void fill_getopt(struct option options[static N_ROWS + 2], char letters[static 2 * N_ROWS + 2])
{
	char *letter = letters;

	*letter++ = ':'; /* tells a missing argument from an unknown option, and prints neither */
	for (size_t i = 0; i < N_ROWS; i++) {
		options[i] = (struct option){
			.name = rows[i].name,
			.has_arg = rows[i].argument ? required_argument : no_argument,
			.val = rows[i].letter,
		};
		*letter++ = rows[i].letter;
		if (rows[i].argument)
			*letter++ = ':';
	}
	options[N_ROWS] = (struct option){.name = MANUAL_NAME, .val = MANUAL_VALUE};
	options[N_ROWS + 1] = (struct option){};
	*letter = 0;
}

/* Of a letter that getopt knows from here. */
static const struct row *row_of(int letter)
{
	const struct row *row = rows;

	while (row->letter != letter)
		row++;
	return row;
}

static int refuse(const char *word)
{
	struct suggestion suggestion = {.wanted = word};
	char names[N_ROWS][20];

	for (size_t i = 0; i < N_ROWS; i++) {
		snprintf(names[i], sizeof(names[i]), "--%s", rows[i].name);
		suggestion_offer(&suggestion, names[i]);
	}
	log_error("%s: no such option, %s", word, suggestion_text(&suggestion));
	return -EINVAL;
}

static void store(struct daemon_options *options, const struct row *row)
{
	if (row->argument)
		*(const char **)((char *)options + row->offset) = optarg;
	else
		*(bool *)((char *)options + row->offset) = true;
}

int daemon_options_parse(const struct daemon_program *program, int argc, char **argv,
			 struct daemon_options *ret)
{
	static char hostname[65];
	struct daemon_options options = {
		.config = CONFIG_DEFAULT,
		.node = hostname,
		.bpffs = program->bpffs,
		.socket = program->socket,
		.state = program->state,
		.scheme_name = "holdfast",
	};
	struct option long_options[N_ROWS + 2];
	char letters[2 * N_ROWS + 2], allowed[320];
	int letter;

	gethostname(hostname, sizeof(hostname) - 1);
	fill_getopt(long_options, letters);
	while ((letter = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
		switch (letter) {
		case 'h':
			print_help(program);
			return 1;
		case 'V':
			version_print(program->name, stdout);
			return 1;
		case MANUAL_VALUE:
			print_manual(program);
			return 1;
		case '?':
			return refuse(argv[optind - 1]);
		case ':':
			log_error("%s: nothing follows, allowed: %s", argv[optind - 1],
				  row_of(optopt)->argument);
			return -EINVAL;
		default:
			store(&options, row_of(letter));
		}
	}
	if (optind < argc) {
		log_error("%s: what is that? Options begin with --, see --help", argv[optind]);
		return -EINVAL;
	}
	if (strcmp(options.config, "-") == 0) {
		log_error("--config: - is none, allowed: a file, which is read again when it changes");
		return -EINVAL;
	}
	if (scheme_named(options.scheme_name, &options.scheme, allowed) < 0) {
		log_error("--scheme: %s is none, %s", options.scheme_name, allowed);
		return -EINVAL;
	}
	*ret = options;
	return 0;
}
