/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Options of sites, gateways and backends. */
#include "core/config_part.h"

#include <net/if.h>
#include <string.h>

#include "core/config.h"
#include "wire/maps.h"

/* What the kernel takes as a name (dev_valid_name). */
static const char *check_interface(const void *value)
{
	const char *name = *(char *const *)value;

	if (strlen(name) >= IFNAMSIZ || strpbrk(name, "/: \t") || !strcmp(name, ".") ||
	    !strcmp(name, ".."))
		return "is not an interface's name";
	return NULL;
}

#define LOCATOR_HELP "The /64 of this node's SIDs (RFC 8986, 3.1), inside infrastructure."

static const struct config_row rows[] = {
	{
		.path = "sites",
		.type = CONFIG_ITEMS,
		.required = true,
		.min = 1,
		.max = SITES_MAX - 1,
		.help = "Points of presence: gateways and backends near each other.",
		MANY_AT(config, sites),
	},
	{
		.path = "sites.*.locator",
		.type = CONFIG_LOCATOR,
		.required = true,
		.help = "The /64 of the site's anycast SIDs, which all its gateways share, inside "
			"infrastructure.",
		AT(config_site, locator),
	},
	{
		.path = "sites.*.enabled",
		.type = CONFIG_BOOLEAN,
		.fallback = "true",
		.help = "false: drained. Its gateways take leave (drain) and forward what still comes, "
			"its backends keep their connections, and new ones go to other sites.",
		AT(config_site, enabled),
	},
	{
		.path = "sites.*.near",
		.type = CONFIG_REFERENCE,
		.list = true,
		.refers_to = "sites",
		.allowed = "names of other sites, the nearest first",
		.help = "Which sites stand in for it first, by their order. Those that are not in the "
			"list come behind them, in the order of the file.",
		MANY_AT(config_site, near),
	},
	{
		.path = "gateways",
		.type = CONFIG_ITEMS,
		.max = ROUTERS_MAX,
		.help = "Machines in front, which announce the VIPs and forward.",
		MANY_AT(config, gateways),
	},
	{
		.path = "gateways.*.site",
		.type = CONFIG_REFERENCE,
		.refers_to = "sites",
		.help = "Where it stands. Needed where there is more than one site.",
		AT(config_gateway, site),
	},
	{
		.path = "gateways.*.locator",
		.type = CONFIG_LOCATOR,
		.required = true,
		.help = LOCATOR_HELP,
		AT(config_gateway, locator),
	},
	{
		.path = "gateways.*.enabled",
		.type = CONFIG_BOOLEAN,
		.fallback = "true",
		.help = "false: drained. It takes leave of its clients' traffic (drain), forwards what "
			"still comes, and routes flows for the others until it is stopped.",
		AT(config_gateway, enabled),
	},
	{
		.path = "gateways.*.interfaces",
		.type = CONFIG_TEXT,
		.list = true,
		.required = true,
		.allowed = "names of interfaces, like [eth0]",
		.check = check_interface,
		.help = "Those that clients' and backends' packets arrive on.",
		MANY_AT(config_gateway, interfaces),
	},
	{
		.path = "backends",
		.type = CONFIG_ITEMS,
		.max = BACKENDS_MAX - 1,
		.help = "Servers that hold connections.",
		MANY_AT(config, backends),
	},
	{
		.path = "backends.*.site",
		.type = CONFIG_REFERENCE,
		.refers_to = "sites",
		.help = "Where it stands. Needed where there is more than one site.",
		AT(config_backend, site),
	},
	{
		.path = "backends.*.id",
		.type = CONFIG_NUMBER,
		.required = true,
		.min = 1,
		.max = BACKENDS_MAX - 1,
		.help = "What connections carry to find their backend. Unique in the fleet. One of a "
			"removed backend rests before another backend may have it (rest).",
		AT(config_backend, id),
	},
	{
		.path = "backends.*.locator",
		.type = CONFIG_LOCATOR,
		.required = true,
		.help = LOCATOR_HELP,
		AT(config_backend, locator),
	},
	{
		.path = "backends.*.agent",
		.type = CONFIG_BOOLEAN,
		.fallback = "true",
		.help = "Whether holdfast-agent runs there. Without it the kernel's seg6local "
			"decapsulates and the gateways keep the state.",
		AT(config_backend, agent),
	},
	{
		.path = "backends.*.interfaces",
		.type = CONFIG_TEXT,
		.list = true,
		.allowed = "names of interfaces, like [eth0]",
		.check = check_interface,
		.help = "Those that encapsulated packets arrive on. Needed with an agent, and only "
			"then.",
		MANY_AT(config_backend, interfaces),
	},
};

const struct config_part config_rows_nodes = PART(rows);
