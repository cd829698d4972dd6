/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Options of services, but for their health. */
#include "core/config_part.h"

#include <netinet/in.h>

#include "core/config.h"
#include "wire/maps.h"

const char *config_check_vip(const void *value)
{
	static const char *const others[] = {
		"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3",
		"::/128",    "::1/128",	    "fe80::/10",      "ff00::/8",
	};
	struct network other;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (network_parse(others[i], &other) == 0 && network_overlaps(value, &other))
			return "is not a unicast address that routers carry";
	return NULL;
}

static const char *check_file(const void *value)
{
	return **(char *const *)value != '/' ? "is not an absolute name" : NULL;
}

static const struct config_row rows[] = {
	{
		.path = "services",
		.type = CONFIG_ITEMS,
		.required = true,
		.max = SERVICES_MAX,
		.allowed = "a mapping of names, like {name: ...}, or {} for none",
		.help = "What is offered to clients: VIPs, a protocol and ports, and who serves "
			"them. {}: nothing yet; it must be said, so that half of a file is none.",
		MANY_AT(config, services),
	},
	{
		.path = "services.*.vips",
		.type = CONFIG_NETWORK,
		.list = true,
		.required = true,
		.max = VIPS_MAX,
		.allowed = "addresses or networks, like [198.51.100.80, \"2001:db8:100::/64\"]",
		.check = config_check_vip,
		.help = "The anycast addresses of the service; of networks the longest match wins.",
		MANY_AT(config_service, vips),
	},
	{
		.path = "services.*.protocol",
		.type = CONFIG_CHOICE,
		.required = true,
		.choices = {{"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}},
		.help = "Of the packets that the service takes.",
		AT(config_service, protocol),
	},
	{
		.path = "services.*.ports",
		.type = CONFIG_PORTS,
		.required = true,
		.help = "On one VIP an exact port goes before a range and a range before any.",
		AT(config_service, port_first),
	},
	{
		.path = "services.*.max-backends",
		.type = CONFIG_NUMBER,
		.min = 1,
		.max = 1000,
		.unit = "backends",
		.fallback = "64",
		.help = "Fixes the size of the service's rows. To change it reshuffles them, so it "
			"should leave room to grow.",
		AT(config_service, max_backends),
	},
	{
		.path = "services.*.cookie",
		.type = CONFIG_CHOICE,
		.choices = {{"off", CONFIG_OFF}, {"on", CONFIG_ON}},
		.fallback = "on",
		.help = "Whether TCP timestamps carry the connection's backend, so that any gateway "
			"finds it without state. off where something on clients' way rewrites "
			"timestamps. Of no effect on UDP and without agents.",
		AT(config_service, cookie),
	},
	{
		.path = "services.*.sticky",
		.type = CONFIG_BOOLEAN,
		.fallback = "false",
		.help = "Whether a client's datagrams from one port keep their backend: the first one "
			"pins it. Of no effect on TCP, whose connections keep theirs.",
		AT(config_service, sticky),
	},
	{
		.path = "services.*.who-has",
		.type = CONFIG_NUMBER,
		.min = 0,
		.max = 100000,
		.unit = "connections a second",
		.fallback = "1000",
		.help = "How many connections that no candidate holds each gateway may ask the "
			"service's backends about. Half of it is kept for clients' networks where "
			"one was found lately, and one network has a quarter at most. 0: it never "
			"asks, and never has a connection reset. Of no effect on UDP and without "
			"agents.",
		AT(config_service, who_has),
	},
	{
		.path = "services.*.return",
		.type = CONFIG_CHOICE,
		.choices = {{"direct", CONFIG_DIRECT}, {"gateway", CONFIG_GATEWAY}},
		.fallback = "direct",
		.help = "How replies get to the client: directly from the backend, or, where the network "
			"forbids that, through the gateway that the client's packets come from, for "
			"which all of its backends need agents.",
		AT(config_service, return_way),
	},
	{
		.path = "services.*.policy",
		.type = CONFIG_REFERENCE,
		.refers_to = "policies",
		.help = "When new connections go to other sites. Without one they do when no backend of "
			"the site is open, and come home at once.",
		AT(config_service, policy),
	},
	{
		.path = "services.*.requests",
		.type = CONFIG_TEXT,
		.allowed = "the absolute name of a file",
		.check = check_file,
		.help = "File on the backends in which the application says how many requests it has "
			"answered, as a decimal number that only rises. Their agents report it, and gateways "
			"make requests a second of it.",
		AT(config_service, requests),
	},
	{
		.path = "services.*.backends",
		.type = CONFIG_ITEMS,
		.required = true,
		.refers_to = "backends",
		.help = "Who serves it: all of them have agents, or none has.",
		MANY_AT(config_service, members),
	},
	{
		.path = "services.*.backends.*.weight",
		.type = CONFIG_NUMBER,
		.min = 0,
		.max = 1000,
		.fallback = "1",
		.help = "Its share of new connections, compared to the others'. 0: none.",
		AT(config_member, weight),
	},
	{
		.path = "services.*.backends.*.enabled",
		.type = CONFIG_BOOLEAN,
		.fallback = "true",
		.help = "false: closed, it keeps its connections and takes no new ones.",
		AT(config_member, enabled),
	},
};

const struct config_part config_rows_services = PART(rows);
