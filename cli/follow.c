/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/follow.h"

#include <errno.h>

#include "cli/client.h"
#include "cli/command.h"

#define NUMBER_TEXT_MAX 24

int follow_fetch(const struct follow *follow, const char *resource, json_t **ret)
{
	char from[NUMBER_TEXT_MAX];
	const struct client_argument arguments[] = {{"from", from}, {}};

	snprintf(from, sizeof(from), "%lld", (long long)follow->next);
	return client_get(follow->command->socket, resource, arguments, ret);
}

int follow_show(struct follow *follow, const json_t *answer)
{
	const json_t *event;
	size_t i;

	follow->next = json_integer_value(json_object_get(answer, "next"));
	follow->lost += json_integer_value(json_object_get(answer, "lost"));
	json_array_foreach(json_object_get(answer, "events"), i, event)
	{
		if (follow->command->json) {
			json_dumpf(event, stdout, JSON_COMPACT);
			printf("\n");
		} else {
			follow->print(event, stdout);
		}
		if (follow->command->count && ++follow->shown >= follow->command->count)
			return 1;
	}
	return fflush(stdout) == 0 ? 0 : -EIO;
}
