/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/rests.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/config.h"
#include "daemon/ledger.h"

int rests_ask(const struct command *command, const json_t *status, struct rests *ret)
{
	json_t *answer = NULL;
	int r;

	*ret = (struct rests){};
	if (!json_object_get(status, "resting"))
		return 0;
	r = client_get(command->socket, "/rests", NULL, &answer);
	if (r < 0)
		return r;
	r = ledger_parse(answer, ret);
	json_decref(answer);
	if (r < 0)
		log_error("%s: what rests cannot be read: %s", command->socket, strerror(-r));
	return r;
}

int rests_ask_of(const struct command *command, const char *file, struct rests *ret)
{
	json_t *status = NULL;
	const char *path;
	int r;

	*ret = (struct rests){};
	if (access(command->socket, R_OK | W_OK) < 0)
		return 0;
	r = client_get(command->socket, "/status", NULL, &status);
	if (r < 0)
		return r;
	path = json_string_value(json_object_get(status, "config"));
	if (path && config_is_same_file(file, path))
		r = rests_ask(command, status, ret);
	json_decref(status);
	return r;
}

void rests_ask_carried(const struct command *command, enum rests_carried ret[static COOKIE_EPOCHS])
{
	_cleanup_rests_ struct rests rests = {};
	json_t *status = NULL;
	const char *role;

	if (access(command->socket, R_OK | W_OK) == 0 &&
	    client_get(command->socket, "/status", NULL, &status) == 0) {
		role = json_string_value(json_object_get(status, "role"));
		if (role && strcmp(role, "gateway") == 0)
			rests_ask(command, status, &rests);
	}
	json_decref(status);
	memcpy(ret, rests.carried, sizeof(rests.carried));
}
