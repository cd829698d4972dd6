/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/doctor.h"

#include "cli/client.h"
#include "cli/command.h"
#include "doctor/doctor.h"

static int ask(const char *socket, const char *resource, json_t **ret)
{
	return client_get(socket, resource, NULL, ret);
}

int doctor_verb_run(const struct command *command)
{
	return doctor_run(&(struct doctor_options){
		.socket = command->socket,
		.config = command->config,
		.node = command->node,
		.json = command->json,
		.list = command->list,
		.ask = ask,
	});
}
