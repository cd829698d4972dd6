/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lab/load/crowd.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"

#define SETTING(name) offsetof(struct crowd_settings, name)

const struct option_row crowd_options[] = {
	{"--to", "ADDRESS:PORT", "the server", OPTION_TEXT, SETTING(to)},
	{"--from", "ADDRESS", "our address", OPTION_TEXT, SETTING(from)},
	{"--ports", "FIRST-LAST", "our ports, in turn", OPTION_PORTS, SETTING(ports)},
	{"--connections", "N", "at once", OPTION_NUMBER, SETTING(connections)},
	{"--rate", "N", "new ones in a second", OPTION_NUMBER, SETTING(rate)},
	{"--interval", "MS", "from an answer to the next request", OPTION_NUMBER,
	 SETTING(interval_ms)},
	{"--bytes", "N", "in each request", OPTION_NUMBER, SETTING(bytes)},
	{"--wanted", "N", "in each answer", OPTION_NUMBER, SETTING(wanted)},
	{"--stall", "MS", "what is due for so long is a fault", OPTION_NUMBER, SETTING(stall_ms)},
	{"--exchanges", "N", "then it closes and another opens; 0: it lasts", OPTION_NUMBER,
	 SETTING(exchanges)},
	{"--server-closes", NULL, "the server closes first", OPTION_FLAG, SETTING(server_closes)},
	{"--greeting", "MS", "the server speaks first, so long after the handshake", OPTION_NUMBER,
	 SETTING(greeting_ms)},
	{"--mptcp", NULL, "multipath TCP", OPTION_FLAG, SETTING(mptcp)},
	{"--control", "PATH", "a Unix socket for the verbs below", OPTION_TEXT, SETTING(control)},
	{},
};

/*
 * Requests and answers are of different lengths, because the kernels of a lab are one and share the
 * key of their SYN cookies: where both directions are equally far, each ACK acknowledges a valid
 * cookie, also to a backend that never saw the connection.
 */
static const struct crowd_settings defaults = {
	.connections = 1,
	.rate = 200,
	.interval_ms = 1000,
	.bytes = 200,
	.wanted = 300,
	.stall_ms = 3000,
};

/* One that finds its port in use waits for its next turn. */
static void open_one(struct crowd *crowd, struct connection *connection, uint64_t now)
{
	crowd->attempts++;
	if (connection_open(connection, crowd, now) < 0)
		crowd->no_port++;
	else
		crowd->begun++;
}

/* As many as the rate allows by now. What it allowed while all places were taken is not made up
 * for. */
static void open_some(struct crowd *crowd, uint64_t now)
{
	uint64_t budget = (now - crowd->begun_ms) * crowd->settings.rate / 1000;

	for (uint32_t i = 0; i < crowd->settings.connections; i++) {
		if (crowd->attempts >= budget)
			return;
		if (crowd->connections[i].state == CONNECTION_FREE)
			open_one(crowd, &crowd->connections[i], now);
	}
	crowd->attempts = budget;
}

static void crowd_tick(void *data, uint64_t now)
{
	struct crowd *crowd = data;

	if (!crowd->finishing)
		open_some(crowd, now);
	for (uint32_t i = 0; i < crowd->settings.connections; i++)
		connection_tick(&crowd->connections[i], now);
}

/* 0 or -EINVAL, said to stderr. */
static int take_addresses(struct crowd *crowd)
{
	const struct crowd_settings *settings = &crowd->settings;

	if (!settings->to || endpoint_parse(settings->to, &crowd->to) < 0) {
		log_error("--to: '%s' is no address and port", settings->to ? settings->to : "");
		return -EINVAL;
	}
	if (settings->from && address_parse(settings->from, &crowd->from.address) < 0) {
		log_error("--from: '%s' is no address", settings->from);
		return -EINVAL;
	}
	return 0;
}

static int crowd_open(struct crowd *crowd)
{
	int r = loop_init(&crowd->loop);

	crowd->connections = calloc(crowd->settings.connections, sizeof(*crowd->connections));
	if (!crowd->connections)
		return -ENOMEM;
	if (r == 0 && crowd->settings.control)
		r = control_open(&crowd->control, &crowd->loop, crowd->settings.control,
				 crowd_verbs, crowd);
	crowd->begun_ms = now_ms();
	return r;
}

int talk(int argc, char **argv)
{
	struct crowd crowd = {.settings = defaults, .mark_ms = 1};
	int r = options_parse(crowd_options, argc, argv, &crowd.settings);

	if (r == 0)
		r = take_addresses(&crowd);
	if (r < 0)
		return 2;
	r = crowd_open(&crowd);
	if (r == 0)
		r = loop_run(&crowd.loop, crowd_tick, &crowd);
	if (r < 0)
		log_error("cannot talk: %s", strerror(-r));
	free(crowd.connections);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
