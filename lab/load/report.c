/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a running client tells of itself, and what it can be told. */
#include "lab/load/crowd.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/mptcp.h>
#include <linux/tcp.h>

#include "base/number.h"

#ifndef SOL_MPTCP
#define SOL_MPTCP 284
#endif

#define SPREAD_MS 1000 /* of the first requests after a pause */

/* What the kernel knows of the living connections, together. */
struct kernel_view {
	uint64_t timestamps, multipath, retransmitted;
};

static void look_at(int fd, struct kernel_view *view)
{
	struct tcp_info tcp;
	struct mptcp_info multipath;
	socklen_t size = sizeof(tcp);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &tcp, &size) == 0) {
		view->timestamps += (tcp.tcpi_options & TCPI_OPT_TIMESTAMPS) != 0;
		view->retransmitted += tcp.tcpi_total_retrans;
	}
	size = sizeof(multipath);
	if (getsockopt(fd, SOL_MPTCP, MPTCP_INFO, &multipath, &size) == 0)
		view->multipath += !(multipath.mptcpi_flags & MPTCP_INFO_FLAG_FALLBACK);
}

static json_t *view_json(const struct kernel_view *view)
{
	return json_pack("{s:I s:I s:I}", "timestamps", (json_int_t)view->timestamps, "multipath",
			 (json_int_t)view->multipath, "retransmitted",
			 (json_int_t)view->retransmitted);
}

static void count_up(json_t *json, const char *name)
{
	json_object_set_new(json, name,
			    json_integer(json_integer_value(json_object_get(json, name)) + 1));
}

/* What is due now counts as well as what came late. */
static uint64_t longest_wait(const struct crowd *crowd, uint64_t now)
{
	uint64_t longest = crowd->longest_ms;

	for (uint32_t i = 0; i < crowd->settings.connections; i++) {
		const struct connection *connection = &crowd->connections[i];
		bool waits =
			connection->state != CONNECTION_RESTING &&
			(connection_is_live(connection) || connection->state == CONNECTION_OPENING);

		if (waits && now > connection->due_ms && now - connection->due_ms > longest)
			longest = now - connection->due_ms;
	}
	return longest;
}

struct census {
	uint64_t live, waiting, sent, received;
	struct kernel_view view;
	json_t *servers;
};

static struct census take_census(const struct crowd *crowd)
{
	struct census census = {
		.sent = crowd->sent, .received = crowd->received, .servers = json_object()};

	for (uint32_t i = 0; i < crowd->settings.connections; i++) {
		const struct connection *connection = &crowd->connections[i];

		if (!connection_is_live(connection))
			continue;
		census.live++;
		census.waiting += connection->state == CONNECTION_WAITING;
		census.sent += connection->channel.out.bytes;
		census.received += connection->channel.in.bytes;
		look_at(connection->watch.fd, &census.view);
		if (connection->name[0] != '\0')
			count_up(census.servers, connection->name);
	}
	return census;
}

static json_t *crowd_report(void *data, const char *word, const char *number)
{
	const struct crowd *crowd = data;
	struct census census = take_census(crowd);

	return json_pack(
		"{s:I s:I s:I s:I s:I s:I s:o s:I s:I s:I s:I s:I s:{s:I s:I} s:o s:o s:I}",
		"wanted", (json_int_t)crowd->settings.connections, "opened",
		(json_int_t)crowd->opened, "live", (json_int_t)census.live, "waiting",
		(json_int_t)census.waiting, "finished", (json_int_t)crowd->finished, "broken",
		(json_int_t)crowd->broken, "faults", tally_json(&crowd->tally), "no_port",
		(json_int_t)crowd->no_port, "exchanges", (json_int_t)crowd->exchanges, "answered",
		(json_int_t)crowd->answered, "longest_ms",
		(json_int_t)longest_wait(crowd, now_ms()), "begun", (json_int_t)crowd->begun,
		"bytes", "sent", (json_int_t)census.sent, "received", (json_int_t)census.received,
		"kernel", view_json(&census.view), "servers", census.servers, "late_ms",
		(json_int_t)crowd->loop.late_ms);
}

static json_t *crowd_flows(void *data, const char *word, const char *number)
{
	const struct crowd *crowd = data;
	json_t *flows = json_array();

	for (uint32_t i = 0; i < crowd->settings.connections; i++) {
		const struct connection *connection = &crowd->connections[i];

		if (connection->state == CONNECTION_FREE)
			continue;
		json_array_append_new(flows, json_pack("{s:i s:s s:b s:b s:I}", "port",
						       ntohs(connection->here.port), "server",
						       connection->name, "live",
						       connection_is_live(connection), "broken",
						       connection->faulty, "exchanges",
						       (json_int_t)connection->exchanges));
	}
	return flows;
}

/* From here on `answered` and `longest_ms` count anew, for what is asked from here on. */
static json_t *crowd_mark(void *data, const char *word, const char *number)
{
	struct crowd *crowd = data;

	crowd->mark_ms = now_ms() + 1;
	crowd->longest_ms = crowd->answered = 0;
	return json_true();
}

static json_t *crowd_pause(void *data, const char *word, const char *number)
{
	struct crowd *crowd = data;
	uint64_t ms = 0;

	if (word && number_parse(word, UINT32_MAX, &ms) < 0)
		return NULL;
	crowd->paused = true;
	crowd->delay_ms = ms;
	for (uint32_t i = 0; i < crowd->settings.connections; i++)
		crowd->connections[i].hushed = false;
	return json_true();
}

static json_t *crowd_resume(void *data, const char *word, const char *number)
{
	struct crowd *crowd = data;
	uint64_t now = now_ms();

	crowd->paused = false;
	crowd->delay_ms = 0;
	for (uint32_t i = 0; i < crowd->settings.connections; i++)
		crowd->connections[i].turn_ms =
			now + (uint64_t)i * SPREAD_MS / crowd->settings.connections;
	return json_true();
}

static json_t *crowd_stall(void *data, const char *word, const char *number)
{
	struct crowd *crowd = data;
	uint64_t ms;

	if (!word || number_parse(word, UINT32_MAX, &ms) < 0)
		return NULL;
	crowd->settings.stall_ms = ms;
	return json_true();
}

static const struct plant {
	const char *name;
	enum message_asks asks;
} plants[] = {
	{"reset", ASK_RESET},		{"silence", ASK_SILENCE},
	{"wrong-byte", ASK_WRONG_BYTE}, {"wrong-name", ASK_WRONG_NAME},
	{"early-end", ASK_EARLY_END},	{"wrong-request", ASK_NOTHING},
};

static json_t *crowd_plant(void *data, const char *word, const char *number)
{
	struct crowd *crowd = data;
	uint64_t n = 1;

	if (!word || (number && number_parse(number, UINT32_MAX, &n) < 0))
		return NULL;
	for (size_t i = 0; i < sizeof(plants) / sizeof(*plants); i++)
		if (strcmp(plants[i].name, word) == 0) {
			crowd->plant = plants[i].asks;
			crowd->plants = n;
			return json_true();
		}
	return NULL;
}

static json_t *crowd_leave(void *data, const char *word, const char *number)
{
	struct crowd *crowd = data;
	uint64_t n = 0;

	if (!word)
		return NULL;
	for (uint32_t i = 0; i < crowd->settings.connections; i++) {
		struct connection *connection = &crowd->connections[i];

		if (!connection_is_live(connection) || strcmp(connection->name, word) != 0)
			continue;
		connection->leaving = true;
		n++;
	}
	return json_integer(n);
}

static json_t *crowd_finish(void *data, const char *word, const char *number)
{
	struct crowd *crowd = data;

	crowd->finishing = true;
	return json_true();
}

static json_t *crowd_stop(void *data, const char *word, const char *number)
{
	struct crowd *crowd = data;

	crowd->loop.over = true;
	return crowd_report(data, NULL, NULL);
}

const struct control_verb crowd_verbs[] = {
	{"report", "counters", crowd_report},
	{"flows", "the connections, each with its port and its server", crowd_flows},
	{"mark", "\"answered\" and \"longest_ms\" begin anew", crowd_mark},
	{"pause [MS]", "be silent; with MS, after one more request each, to be answered so late",
	 crowd_pause},
	{"resume", "talk again", crowd_resume},
	{"stall MS", "as --stall, from now on", crowd_stall},
	{"plant FAULT [N]",
	 "in N requests: reset, silence, early-end, wrong-byte, wrong-name, wrong-request",
	 crowd_plant},
	{"leave SERVER", "close its connections, each after one more exchange", crowd_leave},
	{"finish", "open no more", crowd_finish},
	{"stop", "counters, and ends", crowd_stop},
	{},
};
