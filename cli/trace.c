/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/trace.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/log.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/watch.h"

#define POLL_MS 200
#define ONE_IN_DEFAULT "1"
#define NUMBER_TEXT_MAX 24

struct tracing {
	const struct command *command;
	json_int_t next; /* the number of the event that comes next */
	json_int_t lost;
	unsigned int shown;
};

/* As tcpdump writes them: S SYN, F FIN, R RST, P PSH, and a dot for ACK. */
static const char *tcp_flags(json_int_t flags, char text[static 8])
{
	static const struct {
		int bit;
		char letter;
	} letters[] = {{0x02, 'S'}, {0x01, 'F'}, {0x04, 'R'}, {0x08, 'P'}, {0x20, 'U'}, {0x10, '.'}};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(letters) / sizeof(*letters); i++)
		if (flags & letters[i].bit)
			text[n++] = letters[i].letter;
	text[n] = '\0';
	return text;
}

static const char *protocol_name(json_int_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	default:
		return "-";
	}
}

void trace_print(const json_t *event, FILE *to)
{
	char flags[8];

	fprintf(to, "%.6f  %-14s  %-3s  %s > %s  %lld bytes%s%s\n",
		json_number_value(json_object_get(event, "time")),
		json_string_value(json_object_get(event, "verdict")),
		protocol_name(json_integer_value(json_object_get(event, "protocol"))),
		json_string_value(json_object_get(event, "client")),
		json_string_value(json_object_get(event, "vip")),
		(long long)json_integer_value(json_object_get(event, "bytes")),
		json_integer_value(json_object_get(event, "tcp_flags")) ? "  " : "",
		tcp_flags(json_integer_value(json_object_get(event, "tcp_flags")), flags));
}

/* 1 when as many were shown as were asked for. */
static int show(struct tracing *tracing, const json_t *answer)
{
	const json_t *event;
	size_t i;

	tracing->next = json_integer_value(json_object_get(answer, "next"));
	tracing->lost += json_integer_value(json_object_get(answer, "lost"));
	json_array_foreach(json_object_get(answer, "events"), i, event)
	{
		if (tracing->command->json) {
			json_dumpf(event, stdout, JSON_COMPACT);
			printf("\n");
		} else {
			trace_print(event, stdout);
		}
		if (tracing->command->count && ++tracing->shown >= tracing->command->count)
			return 1;
	}
	return fflush(stdout) == 0 ? 0 : -EIO;
}

static int on_pause_over(void *userdata)
{
	struct tracing *tracing = userdata;
	char from[NUMBER_TEXT_MAX];
	const struct client_argument arguments[] = {{"from", from}, {}};
	json_t *answer;
	int r;

	snprintf(from, sizeof(from), "%lld", (long long)tracing->next);
	r = client_get(tracing->command->socket, "/trace", arguments, &answer);
	if (r < 0)
		return r;
	if (!json_is_true(json_object_get(answer, "on"))) {
		log_error("tracing has ended: the gateway was restarted, or somebody else ended it");
		r = -ECANCELED;
	} else {
		r = show(tracing, answer);
	}
	json_decref(answer);
	return r;
}

/* With one_in 0 the gateway stops tracing. */
static int start(const struct command *command, const char *one_in, json_t **ret)
{
	const struct {
		const char *name, *value;
	} given[] = {{"one_in", one_in},
		     {"client", command->client},
		     {"vip", command->vip},
		     {"verdict", command->verdict}};
	struct client_argument arguments[5] = {};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(given) / sizeof(*given); i++)
		if (given[i].value)
			arguments[n++] = (struct client_argument){given[i].name, given[i].value};
	return client_post(command->socket, "/trace/start", arguments, ret);
}

int trace_run(const struct command *command)
{
	struct tracing tracing = {.command = command};
	json_t *answer;
	int r = start(command, command->sample ? command->sample : ONE_IN_DEFAULT, &answer);

	if (r < 0)
		return r;
	tracing.next = json_integer_value(json_object_get(answer, "next"));
	json_decref(answer);
	r = watch_steps(POLL_MS, 0, on_pause_over, &tracing);
	if (start(command, "0", &answer) == 0)
		json_decref(answer);
	if (tracing.lost)
		log_warning("%lld events came faster than they were fetched, and are not shown",
			    (long long)tracing.lost);
	return r;
}
