/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * holdfast-load: many TCP connections that last, whose bytes are checked in both directions, to see
 * whether they survive what happens to the network between their ends. A tool of the lab.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/log.h"
#include "lab/load/crowd.h"
#include "lab/load/serve.h"

static int help(int argc, char **argv)
{
	printf("usage: holdfast-load serve OPTIONS | talk OPTIONS | ask SOCKET VERB ...\n"
	       "\n"
	       "Connections whose bytes are checked at both ends. What breaks one is told at\n"
	       "once, a line of JSON on stdout each.\n"
	       "\n"
	       "serve:\n");
	options_help(serve_options, stdout);
	printf("\ntalk:\n");
	options_help(crowd_options, stdout);
	printf("\nverbs of a client's control socket, for ask:\n");
	for (const struct control_verb *verb = crowd_verbs; verb->usage; verb++)
		printf("  %-24s %s\n", verb->usage, verb->help);
	return EXIT_SUCCESS;
}

static int ask(int argc, char **argv)
{
	if (argc < 2) {
		log_error("ask: needs a socket and a verb: see holdfast-load help");
		return 2;
	}
	return control_ask(argv[0], argc - 1, argv + 1);
}

static const struct face {
	const char *name;
	int (*run)(int argc, char **argv);
} faces[] = {
	{"serve", serve}, {"talk", talk}, {"ask", ask}, {"help", help}, {"--help", help},
};

/* A connection is a file. */
static void allow_many_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv)
{
	allow_many_files();
	for (size_t i = 0; argc > 1 && i < sizeof(faces) / sizeof(*faces); i++)
		if (strcmp(faces[i].name, argv[1]) == 0)
			return faces[i].run(argc - 2, argv + 2);
	log_error("no such face: see holdfast-load help");
	return 2;
}
