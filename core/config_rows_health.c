/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Options of services' health. */
#include "core/config_part.h"

#include <string.h>

#include "core/config.h"

/* What could end a request's line or its header is no part of it. */
static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7f)
			return true;
	return false;
}

static const char *check_path(const void *value)
{
	const char *path = *(char *const *)value;

	return *path != '/' || has_control(path) ? "is not a path" : NULL;
}

static const char *check_host(const void *value)
{
	return has_control(*(char *const *)value) ? "is not a name" : NULL;
}

/* RFC 1035, 2.3.4: labels of up to 63 bytes, 255 in all. "." is the root. */
static const char *check_domain(const void *value)
{
	const char *name = *(char *const *)value;

	if (strlen(name) > 253 || has_control(name))
		return "is not a domain name";
	if (!strcmp(name, "."))
		return NULL;
	while (*name) {
		size_t length = strcspn(name, ".");

		if (!length || length > 63)
			return "is not a domain name";
		name += length + (name[length] == '.');
	}
	return NULL;
}

static const struct config_row rows[] = {
	{
		.path = "services.*.health",
		.type = CONFIG_GROUP,
		.help = "How each gateway finds out which backends may take new connections: it asks "
			"the VIP on each of them, through the way that clients' packets take.",
		AT(config_service, health),
	},
	{
		.path = "services.*.health.check",
		.type = CONFIG_CHOICE,
		.choices = {{"auto", CONFIG_CHECK_AUTO},
			    {"off", CONFIG_CHECK_OFF},
			    {"tcp", CONFIG_CHECK_TCP},
			    {"http", CONFIG_CHECK_HTTP},
			    {"https", CONFIG_CHECK_HTTPS},
			    {"dns", CONFIG_CHECK_DNS}},
		.fallback = "auto",
		.help = "What a probe does: open a connection (tcp), get a page (http, https), or ask "
			"for a name (dns). auto: tcp for a service on one TCP port, or with a port "
			"that is asked, else off: then nobody checks its backends, unless heartbeats "
			"are required.",
		AT(config_health, check),
	},
	{
		.path = "services.*.health.interval",
		.type = CONFIG_NUMBER,
		.min = 10,
		.max = 60000,
		.unit = "ms",
		.fallback = "80",
		.help = "From one probe of a backend to the next. A backend that dies in silence is "
			"closed after the interval and fall times the timeout, at the latest.",
		AT(config_health, interval_ms),
	},
	{
		.path = "services.*.health.timeout",
		.type = CONFIG_NUMBER,
		.min = 10,
		.max = 60000,
		.unit = "ms",
		.fallback = "50",
		.help = "A probe that takes longer has failed; the next one follows at once. At most "
			"the interval.",
		AT(config_health, timeout_ms),
	},
	{
		.path = "services.*.health.rise",
		.type = CONFIG_NUMBER,
		.min = 1,
		.max = 100,
		.unit = "probes",
		.fallback = "2",
		.help = "So many must pass in a row to open a backend. One that comes and goes has to "
			"pass them for longer each time, and meanwhile serves only where nobody is up. Of "
			"another site's backends one is enough: its own gateways see to the rest.",
		AT(config_health, rise),
	},
	{
		.path = "services.*.health.fall",
		.type = CONFIG_NUMBER,
		.min = 1,
		.max = 100,
		.unit = "probes",
		.fallback = "3",
		.help = "So many must fail in a row to close it.",
		AT(config_health, fall),
	},
	{
		.path = "services.*.health.jitter",
		.type = CONFIG_NUMBER,
		.min = 0,
		.max = 50,
		.unit = "percent of the interval",
		.fallback = "10",
		.help = "By which a probe may come early, so that they do not all come at once.",
		AT(config_health, jitter),
	},
	{
		.path = "services.*.health.port",
		.type = CONFIG_NUMBER,
		.min = 1,
		.max = 65535,
		.help = "Which of the service's ports is asked. Needed where it has more than one.",
		AT(config_health, port),
	},
	{
		.path = "services.*.health.path",
		.type = CONFIG_TEXT,
		.fallback = "/",
		.allowed = "a path, like /health",
		.check = check_path,
		.help = "Of the page that http and https get.",
		AT(config_health, path),
	},
	{
		.path = "services.*.health.host",
		.type = CONFIG_TEXT,
		.allowed = "a name, like www.example",
		.check = check_host,
		.help = "Of the server, as http and https ask for it. Without: the VIP. The certificate "
			"is not verified.",
		AT(config_health, host),
	},
	{
		.path = "services.*.health.status",
		.type = CONFIG_NUMBER,
		.min = 100,
		.max = 599,
		.fallback = "200",
		.help = "What http and https have to be answered with.",
		AT(config_health, status),
	},
	{
		.path = "services.*.health.body",
		.type = CONFIG_TEXT,
		.help = "What the page has to contain, within its first 64 KiB.",
		AT(config_health, body),
	},
	{
		.path = "services.*.health.name",
		.type = CONFIG_TEXT,
		.allowed = "a domain name, like www.example",
		.check = check_domain,
		.help = "What dns asks for (its SOA record): an answer without an error passes, a name "
			"that does not exist included.",
		AT(config_health, name),
	},
	{
		.path = "services.*.health.all-down",
		.type = CONFIG_CHOICE,
		.choices = {{"none", CONFIG_TRUST_NONE}, {"all", CONFIG_TRUST_ALL}},
		.fallback = "none",
		.help = "Whom to trust when all backends are down at once. none: new connections go to "
			"other sites, or the VIP is withdrawn. all: they go on as if all were up.",
		AT(config_health, all_down),
	},
	{
		.path = "services.*.health.heartbeat",
		.type = CONFIG_CHOICE,
		.choices = {{"off", CONFIG_HEARTBEAT_OFF},
			    {"on", CONFIG_HEARTBEAT_ON},
			    {"required", CONFIG_HEARTBEAT_REQUIRED}},
		.fallback = "on",
		.help = "What it says of a backend that its agent was heard and has fallen silent. on: it is "
			"in doubt, so it is asked at once, and one probe that fails closes it. required: it "
			"is closed, whether probes pass or not. off: nothing. An agent that stops in order is "
			"not missed. Of no effect without agents.",
		AT(config_health, heartbeat),
	},
};

const struct config_part config_rows_health = PART(rows);
