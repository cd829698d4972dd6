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

/* A password there would be in every list of processes and options. */
static const char *check_url(const void *value)
{
	const char *url = *(char *const *)value, *host = strstr(url, "://");

	if ((strncmp(url, "http://", 7) && strncmp(url, "https://", 8)) || url[strcspn(url, " \t\n\r\"")])
		return "is not such an address";
	if (memchr(host + 3, '@', strcspn(host + 3, "/")))
		return "has a password in it, which belongs into token-file";
	return NULL;
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
		.help = "Where each gateway answers HTTP: /metrics for Prometheus, and a page at / that draws them. To read only, and "
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
	{
		.path = "metrics.influx",
		.type = CONFIG_GROUP,
		.help = "An InfluxDB that every gateway and agent pushes them to. One that is down, "
			"slow or refuses costs a line in the log, and nothing else.",
		AT(config_metrics, influx),
	},
	{
		.path = "metrics.influx.url",
		.type = CONFIG_TEXT,
		.allowed = "an address of http or https, like http://influx.example:8086/write?db=holdfast",
		.check = check_url,
		.help = "Where the points are posted to, in line protocol with times in ns: "
			"/write?db=NAME of InfluxDB 1, /api/v2/write?org=NAME&bucket=NAME of "
			"InfluxDB 2. Without it nothing is pushed.",
		AT(config_influx, url),
	},
	{
		.path = "metrics.influx.interval",
		.type = CONFIG_NUMBER,
		.min = 1,
		.max = 3600,
		.unit = "s",
		.fallback = "10",
		.help = "From one push to the next; one that takes longer is given up.",
		AT(config_influx, interval_s),
	},
	{
		.path = "metrics.influx.token-file",
		.type = CONFIG_TEXT,
		.allowed = "the name of a file",
		.help = "Whose first line is the token of InfluxDB 2, or USER:PASSWORD of InfluxDB 1. "
			"Relative to the folder of the configuration.",
		AT(config_influx, token_file),
	},
};

const struct config_part config_rows_metrics = PART(rows);
