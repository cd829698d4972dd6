/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* holdfast: the command line of a gateway or an agent. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/suggestion.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "config_build.h"

static const char *const sockets[] = {"/run/holdfast/gateway.sock", "/run/holdfast/agent.sock"};

static void print_help(void)
{
	printf("Usage: holdfast [OPTION...] VERB [ARGUMENT...]\n"
	       "Asks a Holdfast gateway or agent on this machine.\n\n");
	for (int i = 0; i < n_verbs; i++) {
		printf("  %-10s %s\n", verbs[i].name, verbs[i].help);
		if (verbs[i].usage)
			printf("  %-10s %s\n", "", verbs[i].usage);
	}
	printf("\n"
	       "  -s, --socket PATH  the daemon's socket (default: the first that is there of\n"
	       "                     %s, %s)\n"
	       "  -j, --json         print the answer as JSON\n"
	       "  -c, --config FILE  doctor: the configuration (default: the daemon's)\n"
	       "  -n, --node NAME    doctor: this node's name in it (default: the daemon's)\n"
	       "  -l, --list         doctor: print the checks instead of making them\n"
	       "  -V, --version      print the version\n"
	       "  -h, --help         print this\n",
	       sockets[0], sockets[1]);
}

static const char *default_socket(void)
{
	for (size_t i = 0; i < sizeof(sockets) / sizeof(*sockets); i++)
		if (access(sockets[i], F_OK) == 0)
			return sockets[i];
	return sockets[0];
}

static const struct verb *verb_find(const char *name)
{
	struct suggestion suggestion = {.wanted = name};
	const char *near;

	for (int i = 0; i < n_verbs; i++) {
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
		suggestion_offer(&suggestion, verbs[i].name);
	}
	near = suggestion_text(&suggestion);
	log_error("%s: no such verb, %s", name, near);
	return NULL;
}

static int verb_run(const struct options *options, const struct verb *verb, int n, char **values)
{
	struct client_argument arguments[VERB_ARGUMENTS_MAX + 1] = {};
	json_t *answer = NULL;
	int r;

	if (n < verb->least || n > verb->most) {
		log_error("usage: holdfast %s %s", verb->name, verb->usage ? verb->usage : "");
		return -EINVAL;
	}
	if (verb->run)
		return verb->run(options);
	for (int i = 0; i < n; i++)
		arguments[i] = (struct client_argument){verb->names[i], values[i]};
	r = client_get(options->socket, verb->resource, arguments, &answer);
	if (r < 0)
		return r;
	if (options->json) {
		json_dumpf(answer, stdout, JSON_INDENT(2));
		printf("\n");
	} else {
		verb->print(answer);
	}
	json_decref(answer);
	return 0;
}

/* 0: go on with the verb at `optind`; 1: done; -EINVAL. */
static int parse_options(int argc, char **argv, struct options *options)
{
	static const struct option rows[] = {
		{"socket", required_argument, NULL, 's'}, {"json", no_argument, NULL, 'j'},
		{"config", required_argument, NULL, 'c'}, {"node", required_argument, NULL, 'n'},
		{"list", no_argument, NULL, 'l'},	  {"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},	  {},
	};
	int letter;

	while ((letter = getopt_long(argc, argv, "s:jc:n:lVh", rows, NULL)) != -1) {
		switch (letter) {
		case 's':
			options->socket = optarg;
			break;
		case 'j':
			options->json = true;
			break;
		case 'c':
			options->config = optarg;
			break;
		case 'n':
			options->node = optarg;
			break;
		case 'l':
			options->list = true;
			break;
		case 'V':
			printf("holdfast %s\n", HOLDFAST_VERSION);
			return 1;
		case 'h':
			print_help();
			return 1;
		default: /* getopt has said what was wrong */
			return -EINVAL;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct options options = {.socket = default_socket()};
	const struct verb *verb;
	int r = parse_options(argc, argv, &options);

	if (r != 0)
		return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	if (optind == argc) {
		print_help();
		return EXIT_FAILURE;
	}
	verb = verb_find(argv[optind]);
	if (!verb)
		return EXIT_FAILURE;
	r = verb_run(&options, verb, argc - optind - 1, argv + optind + 1);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
