/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/counters.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/print.h"
#include "cli/table.h"
#include "cli/watch.h"
#include "daemon/counters.h"

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

static double number(const json_t *row, const char *name)
{
	return json_number_value(json_object_get(row, name));
}

static const char *text(const json_t *row, const char *name)
{
	const char *value = json_string_value(json_object_get(row, name));

	return value ? value : "-";
}

/* --- tables ---------------------------------------------------------------------------------- */

/* Packets and bytes are whole numbers, as counts and as rates. */
static void print_rows(const json_t *answer, const struct table_column *columns, size_t n, bool all,
		       FILE *to)
{
	_cleanup_table_ struct table *table = table_new(columns, n);
	const char *name;
	json_t *row;

	if (!table)
		return;
	json_object_foreach(json_object_get(answer, "counters"), name, row)
	{
		if (!all && number(row, "packets") == 0)
			continue;
		table_cell(table, COLOUR_NONE, "%s", name);
		table_cell(table, COLOUR_NONE, "%.0f", number(row, "packets"));
		table_cell(table, COLOUR_NONE, "%.0f", number(row, "bytes"));
		table_cell(table, COLOUR_NONE, "%s", text(row, "action"));
		table_cell(table, COLOUR_NONE, "%s", text(row, "help"));
	}
	table_print(table, to);
}

void counters_print(const json_t *answer, bool all, FILE *to)
{
	static const struct table_column columns[] = {
		{"verdict", TABLE_LEFT}, {"packets", TABLE_RIGHT}, {"bytes", TABLE_RIGHT},
		{"then", TABLE_LEFT},	 {"meaning", TABLE_LEFT},
	};

	print_rows(answer, columns, LENGTH(columns), all, to);
}

void counters_print_rates(const json_t *rates, bool all, FILE *to)
{
	static const struct table_column columns[] = {
		{"verdict", TABLE_LEFT}, {"packets/s", TABLE_RIGHT}, {"bytes/s", TABLE_RIGHT},
		{"then", TABLE_LEFT},	 {"meaning", TABLE_LEFT},
	};

	print_rows(rates, columns, LENGTH(columns), all, to);
}

/* --- rates ----------------------------------------------------------------------------------- */

static json_t *rate(const json_t *before, const json_t *after, const char *name, double seconds)
{
	double from = number(before, name), to = number(after, name);

	return json_real((to < from ? to : to - from) / seconds);
}

json_t *counters_rates(const json_t *before, const json_t *after, double seconds)
{
	json_t *rates = json_deep_copy(after), *row;
	const json_t *former = json_object_get(before, "counters");
	const char *name;

	if (!rates || seconds <= 0)
		return rates;
	json_object_set_new(rates, "seconds", json_real(seconds));
	json_object_foreach(json_object_get(rates, "counters"), name, row)
	{
		const json_t *was = json_object_get(former, name);

		json_object_set_new(row, "packets", rate(was, row, "packets", seconds));
		json_object_set_new(row, "bytes", rate(was, row, "bytes", seconds));
	}
	return rates;
}

/* --- watching -------------------------------------------------------------------------------- */

struct sample {
	json_t *answer;
	struct timespec time;
};

struct watched {
	const struct command *command;
	struct sample last;
};

static int sample_take(const struct command *command, struct sample *ret)
{
	int r = client_get(command->socket, "/counters", NULL, &ret->answer);

	clock_gettime(CLOCK_MONOTONIC, &ret->time);
	return r;
}

static double seconds_between(const struct timespec *from, const struct timespec *to)
{
	return to->tv_sec - from->tv_sec + (to->tv_nsec - from->tv_nsec) / 1e9;
}

static int print_between(const struct command *command, const struct sample *before,
			 const struct sample *after)
{
	json_t *rates = counters_rates(before->answer, after->answer,
				       seconds_between(&before->time, &after->time));

	if (!rates)
		return -ENOMEM;
	if (command->json) {
		json_dumpf(rates, stdout, JSON_COMPACT);
		printf("\n");
	} else {
		printf("%s", isatty(STDOUT_FILENO) ? TERMINAL_CLEAR : "");
		counters_print_rates(rates, command->all, stdout);
		printf("%s", isatty(STDOUT_FILENO) ? "" : "\n");
	}
	json_decref(rates);
	return fflush(stdout) == 0 ? 0 : -EIO;
}

static int on_pause_over(void *userdata)
{
	struct watched *watched = userdata;
	struct sample now = {};
	int r = sample_take(watched->command, &now);

	if (r == 0)
		r = print_between(watched->command, &watched->last, &now);
	if (r < 0) {
		json_decref(now.answer);
		return r;
	}
	json_decref(watched->last.answer);
	watched->last = now;
	return 0;
}

static int watch(const struct command *command)
{
	struct watched watched = {.command = command};
	int r = sample_take(command, &watched.last);

	if (r == 0)
		r = watch_steps(command->watch_s * 1000, command->count, on_pause_over, &watched);
	json_decref(watched.last.answer);
	return r;
}

/* --- what there is --------------------------------------------------------------------------- */

const struct counters_set counters_sets[COUNTERS_SETS] = {
	{"gateway", "OF A GATEWAY",
	 "Packets that arrive on a gateway's interfaces. PASS: left to the host. SEND: out of an interface, "
	 "past the host. DROP: no further.",
	 gateway_verdict_rows, &n_gateway_verdict_rows},
	{"agent", "OF AN AGENT",
	 "Packets that arrive on a backend. PASS: to the host and its sockets. SEND: to the next segment, or "
	 "back. DROP: no further.",
	 agent_verdict_rows, &n_agent_verdict_rows},
	{"reply", "OF REPLIES",
	 "What a backend's services answer, as its agent sees it go. PASS: directly to the client. SEND: to "
	 "a gateway, in an outer header. DROP: no further.",
	 reply_verdict_rows, &n_reply_verdict_rows},
};

void counters_print_list(FILE *to)
{
	static const struct table_column columns[] = {
		{"of", TABLE_LEFT}, {"verdict", TABLE_LEFT}, {"then", TABLE_LEFT}, {"meaning", TABLE_LEFT},
	};
	_cleanup_table_ struct table *table = table_new(columns, LENGTH(columns));

	for (size_t i = 0; table && i < COUNTERS_SETS; i++)
		for (size_t j = 1; j < *counters_sets[i].n; j++) {
			const struct verdict_row *row = &counters_sets[i].rows[j];

			table_cell(table, COLOUR_NONE, "%s", counters_sets[i].name);
			table_cell(table, COLOUR_NONE, "%s", row->name);
			table_cell(table, COLOUR_NONE, "%s", row->action);
			table_cell(table, COLOUR_NONE, "%s", row->help);
		}
	if (table)
		table_print(table, to);
}

json_t *counters_list_json(void)
{
	json_t *list = json_array();

	for (size_t i = 0; i < COUNTERS_SETS; i++)
		for (size_t j = 1; j < *counters_sets[i].n; j++) {
			const struct verdict_row *row = &counters_sets[i].rows[j];

			json_array_append_new(list, json_pack("{s:s s:s s:s s:s}", "of",
							      counters_sets[i].name, "name", row->name,
							      "action", row->action, "help", row->help));
		}
	return list;
}

/* --- the verb -------------------------------------------------------------------------------- */

static int list(const struct command *command)
{
	if (command->watch_s) {
		log_error("--list: does not go with --watch");
		return -EINVAL;
	}
	if (command->json) {
		json_t *rows = counters_list_json();

		print_json(rows);
		json_decref(rows);
		return 0;
	}
	counters_print_list(stdout);
	return 0;
}

int counters_run(const struct command *command)
{
	json_t *answer;
	int r;

	if (command->count && !command->watch_s) {
		log_error("--count: goes with --watch only");
		return -EINVAL;
	}
	if (command->list)
		return list(command);
	if (command->watch_s)
		return watch(command);
	r = client_get(command->socket, "/counters", NULL, &answer);
	if (r < 0)
		return r;
	if (command->json)
		print_json(answer);
	else
		counters_print(answer, command->all, stdout);
	json_decref(answer);
	return 0;
}
