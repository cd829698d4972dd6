/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/config_rows.h"

#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "core/config.h"
#include "wire/maps.h"

/* Between clients and servers: what can be routed to a host. */
static const char *check_vip(const void *value)
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

#define INFRASTRUCTURE_MIN 8
#define INFRASTRUCTURE_MAX 64

static const char *check_infrastructure(const void *value)
{
	const struct network *network = value;

	if (address_is_v4(&network->address))
		return "is not IPv6";
	if (network->length < INFRASTRUCTURE_MIN || network->length > INFRASTRUCTURE_MAX)
		return "has the wrong length";
	return check_vip(value);
}

/* What the kernel takes as a name (dev_valid_name). */
static const char *check_interface(const void *value)
{
	const char *name = *(char *const *)value;

	if (strlen(name) >= IFNAMSIZ || strpbrk(name, "/: \t") || !strcmp(name, ".") ||
	    !strcmp(name, ".."))
		return "is not an interface's name";
	return NULL;
}

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

#define AT(object, field)                                                                          \
	.offset = offsetof(struct object, field), .size = sizeof(((struct object *)0)->field)
#define MANY_AT(object, field)                                                                     \
	.offset = offsetof(struct object, field), .size = sizeof(*((struct object *)0)->field),    \
	.count = offsetof(struct object, n_##field)

/* As long as a pin's 16 bits of time can tell. */
#define PIN_SECONDS .type = CONFIG_NUMBER, .min = 1, .max = 36000, .unit = "s"

#define LOCATOR_HELP "The /64 of this node's SIDs (RFC 8986, 3.1), inside infrastructure."

static const struct config_row rows[] = {
	{
		.path = "infrastructure",
		.type = CONFIG_NETWORK,
		.required = true,
		.allowed = "an IPv6 network of 8 to 64 bits, like fd48:6f6c::/32",
		.check = check_infrastructure,
		.help = "Every SID and every outer source lies in this network and nothing else "
			"does. Encapsulated packets from elsewhere are dropped.",
		AT(config, infrastructure),
	},
	{
		.path = "secret",
		.type = CONFIG_TEXT,
		.required = true,
		.allowed = "the name of a file",
		.help = "File of 32 random bytes, the same on all nodes, readable by its owner "
			"only. Relative to the folder of the configuration.",
		AT(config, secret_file),
	},
	{
		.path = "mtu",
		.type = CONFIG_NUMBER,
		.min = 1280,
		.max = 9216,
		.unit = "bytes",
		.fallback = "1500",
		.help = "Of the links between gateways and backends. What does not fit once it is "
			"encapsulated is answered with ICMP packet too big.",
		AT(config, mtu),
	},
	{
		.path = "pins",
		.type = CONFIG_NUMBER,
		.min = 1,
		.max = PIN_WAYS << PIN_BUCKET_BITS_MAX,
		.unit = "pins",
		.fallback = "1000000",
		.help = "How many flows each gateway can pin to their backends: those of connections "
			"that carry no cookie, of services without agents, and of sticky ones. 34 "
			"bytes each, and their number is rounded up to 31 times a power of two. In a "
			"full table the oldest give way.",
		AT(config, pins.number),
	},
	{
		.path = "pin-new",
		PIN_SECONDS,
		.fallback = "60",
		.help = "How long a pin is honoured after its flow's first packet, without another.",
		AT(config, pins.new_s),
	},
	{
		.path = "pin-idle",
		PIN_SECONDS,
		.fallback = "8000",
		.help = "The same for a TCP connection. Longer than Linux' keepalive waits, which is "
			"7875 seconds.",
		AT(config, pins.established_s),
	},
	{
		.path = "pin-datagrams",
		PIN_SECONDS,
		.fallback = "120",
		.help = "The same for UDP.",
		AT(config, pins.datagrams_s),
	},
	{
		.path = "pin-closing",
		PIN_SECONDS,
		.fallback = "120",
		.help = "The same for a connection whose client has sent a FIN.",
		AT(config, pins.closing_s),
	},
	{
		.path = "pin-reset",
		PIN_SECONDS,
		.fallback = "10",
		.help = "The same for one whose client has sent a RST.",
		AT(config, pins.reset_s),
	},
	{
		.path = "cookie-epoch",
		.type = CONFIG_NUMBER,
		.min = 0,
		.max = 65535,
		.fallback = "0",
		.help = "Numbers the keys of the cookies. Raised by one, on gateways before backends, "
			"it gives new connections new keys; those of the epoch before keep theirs. "
			"Older ones are found without their cookies.",
		AT(config, cookie_epoch),
	},
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
		.help = "false: drained. Its gateways announce nothing and forward what still comes, "
			"its backends keep their connections, and new ones go to other sites.",
		AT(config_site, enabled),
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
		.help = "What connections carry to find their backend. Unique in the fleet; never "
			"changed, and not used again while connections of a removed one live.",
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
	{
		.path = "services",
		.type = CONFIG_ITEMS,
		.max = SERVICES_MAX,
		.help = "What is offered to clients: VIPs, a protocol and ports, and who serves "
			"them.",
		MANY_AT(config, services),
	},
	{
		.path = "services.*.vips",
		.type = CONFIG_NETWORK,
		.list = true,
		.required = true,
		.max = VIPS_MAX,
		.allowed = "addresses or networks, like [198.51.100.80, \"2001:db8:100::/64\"]",
		.check = check_vip,
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
			"for a name (dns). auto: tcp for a service on one TCP port, else off.",
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
			"pass them for longer each time.",
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

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

const struct config_row *config_rows(size_t *ret_n)
{
	*ret_n = N_ROWS;
	return rows;
}

const char *config_row_key(const struct config_row *row)
{
	const char *dot = strrchr(row->path, '.');

	return dot ? dot + 1 : row->path;
}

const struct config_row *config_row_next(const char *parent, const struct config_row *after)
{
	size_t length = strlen(parent);

	for (const struct config_row *row = after ? after + 1 : rows; row < rows + N_ROWS; row++) {
		size_t above = config_row_key(row) - row->path; /* with its dot */

		if (above == (length ? length + 1 : 0) && !strncmp(row->path, parent, length))
			return row;
	}
	return NULL;
}

const struct config_row *config_row_find(const char *path)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (!strcmp(rows[i].path, path))
			return &rows[i];
	return NULL;
}

static void print_choices(const struct config_row *row, char text[static CONFIG_ALLOWED_MAX])
{
	int used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < CONFIG_CHOICES_MAX && row->choices[i].name; i++)
		used += snprintf(text + used, CONFIG_ALLOWED_MAX - used, "%s%s", i ? " or " : "",
				 row->choices[i].name);
}

const char *config_row_allowed(const struct config_row *row, char text[static CONFIG_ALLOWED_MAX])
{
	const char *words = row->allowed;

	switch (row->type) {
	case CONFIG_NUMBER:
		snprintf(text, CONFIG_ALLOWED_MAX, "%lld to %lld%s%s", (long long)row->min,
			 (long long)row->max, row->unit ? " " : "", row->unit ? row->unit : "");
		return text;
	case CONFIG_CHOICE:
		print_choices(row, text);
		return text;
	case CONFIG_TEXT:
		words = words ? words : "text";
		break;
	case CONFIG_BOOLEAN:
		words = "true or false";
		break;
	case CONFIG_NETWORK:
		words = words ? words : "an address or a network";
		break;
	case CONFIG_LOCATOR:
		words = "an IPv6 network of 64 bits, like \"fd48:6f6c:0:1::/64\"";
		break;
	case CONFIG_PORTS:
		words = "a port from 1 to 65535, a range (8000-8099) or any";
		break;
	case CONFIG_REFERENCE:
		words = "a name";
		break;
	case CONFIG_GROUP:
		words = "a mapping of options, like {key: value}";
		break;
	case CONFIG_ITEMS:
		words = "a mapping of names, like {name: ...}";
		break;
	}
	snprintf(text, CONFIG_ALLOWED_MAX, "%s", words);
	return text;
}

const char *config_row_type(const struct config_row *row)
{
	static const char *const one[] = {
		[CONFIG_TEXT] = "text",		[CONFIG_NUMBER] = "number",
		[CONFIG_BOOLEAN] = "boolean",	[CONFIG_CHOICE] = "word",
		[CONFIG_NETWORK] = "network",	[CONFIG_LOCATOR] = "locator",
		[CONFIG_PORTS] = "ports",	[CONFIG_REFERENCE] = "name",
		[CONFIG_GROUP] = "mapping of options", [CONFIG_ITEMS] = "mapping of names",
	};
	static const char *const list[] = {
		[CONFIG_TEXT] = "list of texts",       [CONFIG_NUMBER] = "list of numbers",
		[CONFIG_BOOLEAN] = "list of booleans", [CONFIG_CHOICE] = "list of words",
		[CONFIG_NETWORK] = "list of networks", [CONFIG_LOCATOR] = "list of locators",
		[CONFIG_PORTS] = "list of ports",      [CONFIG_REFERENCE] = "list of names",
	};

	return row->list ? list[row->type] : one[row->type];
}
