/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/trace.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/log.h"
#include "base/number.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/follow.h"
#include "cli/watch.h"

#define POLL_MS 200
#define ONE_IN_DEFAULT "1"

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

static int on_pause_over(void *userdata)
{
	struct follow *follow = userdata;
	json_t *answer;
	int r = follow_fetch(follow, "/trace", &answer);

	if (r < 0)
		return r;
	if (!json_is_true(json_object_get(answer, "on"))) {
		log_error("tracing has ended: the gateway was restarted, or somebody else ended it");
		r = -ECANCELED;
	} else {
		r = follow_show(follow, answer);
	}
	json_decref(answer);
	return r;
}

/* With one_in 0 the gateway stops follow. */
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
	struct follow follow = {.command = command, .print = trace_print};
	const char *one_in = command->sample ?: ONE_IN_DEFAULT;
	uint64_t number;
	json_t *answer;
	int r;

	if (number_parse(one_in, UINT32_MAX, &number) < 0 || number == 0) {
		log_error("--sample: %s is no such number, allowed: 1 to %u", one_in, UINT32_MAX);
		return -EINVAL;
	}
	r = start(command, one_in, &answer);
	if (r < 0)
		return r;
	follow.next = json_integer_value(json_object_get(answer, "next"));
	json_decref(answer);
	r = watch_steps(POLL_MS, 0, on_pause_over, &follow);
	if (start(command, "0", &answer) == 0)
		json_decref(answer);
	if (follow.lost)
		log_warning("%lld events came faster than they were fetched, and are not shown",
			    (long long)follow.lost);
	return r;
}
