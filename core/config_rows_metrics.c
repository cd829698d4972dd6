/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Options of the numbers that go out. */
#include "core/config_part.h"

#include <string.h>

#include "core/config.h"

static const char *check_listen(const void *value)
{
	const char *text = *(char *const *)value;
	struct endpoint endpoint;

	if (!strcmp(text, "off") || endpoint_parse(text, &endpoint) == 0)
		return NULL;
	return "is not an address with a port";
}

#define LISTEN_ALLOWED "an address with a port, like \"[::1]:9469\", or off"

static const struct config_row rows[] = {
	{
		.path = "metrics",
		.type = CONFIG_GROUP,
		.help = "Where the daemons' numbers can be had.",
		AT(config, metrics),
	},
	{
		.path = "metrics.listen",
		.type = CONFIG_TEXT,
		.fallback = "[::1]:9469",
		.allowed = LISTEN_ALLOWED,
		.check = check_listen,
		.help = "Where each gateway answers HTTP: /metrics for Prometheus. To read only, and "
			"without a password: \"[::]:9469\" lets everybody read who can reach the "
			"gateway's own addresses.",
		AT(config_metrics, listen),
	},
	{
		.path = "metrics.agent-listen",
		.type = CONFIG_TEXT,
		.fallback = "[::1]:9470",
		.allowed = LISTEN_ALLOWED,
		.check = check_listen,
		.help = "The same for each agent.",
		AT(config_metrics, agent_listen),
	},
};

const struct config_part config_rows_metrics = PART(rows);
