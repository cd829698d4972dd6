/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Options that concern every node. */
#include "core/config_part.h"

#include "core/config.h"
#include "wire/maps.h"

#define INFRASTRUCTURE_MIN 8
#define INFRASTRUCTURE_MAX 64

static const char *check_infrastructure(const void *value)
{
	const struct network *network = value;

	if (address_is_v4(&network->address))
		return "is not IPv6";
	if (network->length < INFRASTRUCTURE_MIN || network->length > INFRASTRUCTURE_MAX)
		return "has the wrong length";
	return config_check_vip(value);
}

/* As long as a pin's 16 bits of time can tell. */
#define PIN_SECONDS .type = CONFIG_NUMBER, .min = 1, .max = 36000, .unit = "s"

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
		.fallback = "983040",
		.help = "How many flows each gateway can pin to their backends: those of connections "
			"that carry no cookie, of services without agents, and of sticky ones. 34 "
			"bytes each. A table has 30 x 2^n places, and the next such number is taken: "
			"983040 (the default) are 34 MB, one more is twice that. In a full table the "
			"oldest give way.",
		AT(config, pins.number),
	},
	{
		.path = "pin-new",
		PIN_SECONDS,
		.fallback = "60",
		.help = "How long a pin is honoured after its flow's first packet, without another; a TCP "
			"connection's pins are kept up to 21 s longer than each of these says.",
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
			"The one before that is over, so no connection may carry it, or it must have "
			"rested (rest).",
		AT(config, cookie_epoch),
	},
	{
		.path = "heartbeat",
		.type = CONFIG_NUMBER,
		.min = 20,
		.max = 10000,
		.unit = "ms",
		.fallback = "100",
		.help = "How often a backend's agent tells the gateways of its site that it is there, and "
			"how loaded. Those of other sites hear of it every tenth time. After three that "
			"were not heard an agent is silent.",
		AT(config, heartbeat_ms),
	},
	{
		.path = "drain",
		.type = CONFIG_GROUP,
		.help = "How a gateway takes leave, if it or its site is drained: it announces its VIPs "
			"with the community of graceful shutdown (RFC 8326), waits until clients' "
			"traffic has left, and withdraws them.",
		AT(config, drain),
	},
	{
		.path = "drain.limit",
		.type = CONFIG_NUMBER,
		.min = 0,
		.max = 86400,
		.unit = "s",
		.fallback = "60",
		.help = "How long it waits at most. 0: the VIPs are withdrawn at once.",
		AT(config_drain, limit_s),
	},
	{
		.path = "drain.settle",
		.type = CONFIG_NUMBER,
		.min = 500,
		.max = 600000,
		.unit = "ms",
		.fallback = "2000",
		.help = "How long traffic has to stay away before it has left.",
		AT(config_drain, settle_ms),
	},
	{
		.path = "drain.below",
		.type = CONFIG_NUMBER,
		.min = 0,
		.max = 100,
		.unit = "percent",
		.fallback = "1",
		.help = "How much of the clients' packets from before the drain may still come, as "
			"strays. One a second always may.",
		AT(config_drain, below_percent),
	},
};

const struct config_part config_rows_fleet = PART(rows);
