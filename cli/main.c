/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* holdfast: the command line of a gateway or an agent. */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "cli/command.h"
#include "cli/help.h"
#include "cli/print.h"
#include "cli/verbs.h"
#include "daemon/options.h"

/* Asks, takes the part that the verb is about, prints it. */
static int ask(const struct command *command)
{
	const struct verb *verb = command->verb;
	struct client_argument arguments[VERB_ARGUMENTS_MAX + 1] = {};
	json_t *answer, *part;
	int r;

	for (int i = 0; i < command->n_values; i++)
		arguments[i] = (struct client_argument){verb->names[i], command->values[i]};
	r = (verb->changes ? client_post : client_get)(command->socket, verb->resource, arguments,
						       &answer);
	if (r < 0)
		return r;
	part = json_incref(answer);
	if (verb->select) {
		json_decref(part);
		r = verb->select(answer, &part);
	}
	json_decref(answer);
	if (r < 0)
		return r;
	if (command->json) {
		print_json(part);
	} else {
		verb->print(part, stdout);
	}
	json_decref(part);
	return 0;
}

static int run(const struct command *command)
{
	if (command->version) {
		version_print("holdfast", stdout);
		return 0;
	}
	if (command->help) {
		if (command->verb)
			help_print_verb(command->verb, stdout);
		else
			help_print(stdout);
		return 0;
	}
	if (!command->verb) {
		help_print(stderr);
		return -EINVAL;
	}
	if (verb_is_group(command->verb)) {
		help_print_verb(command->verb, stderr);
		return -EINVAL;
	}
	return command->verb->run ? command->verb->run(command) : ask(command);
}

int main(int argc, char **argv)
{
	struct command command;
	int r = command_parse(argc, argv, &command);

	if (r == 0)
		r = run(&command);
	if (fflush(stdout) != 0 && r == 0) {
		log_error("cannot write the answer");
		r = -EIO;
	}
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
