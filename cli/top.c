/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/top.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/counters.h"
#include "cli/lists.h"
#include "cli/watch.h"

struct top {
	const struct command *command;
	json_t *counters; /* of the last time */
	struct timespec time;
};

static double seconds_since(const struct timespec *then, const struct timespec *now)
{
	return now->tv_sec - then->tv_sec + (now->tv_nsec - then->tv_nsec) / 1e9;
}

static double sum(const json_t *rates, const char *name)
{
	const char *verdict;
	json_t *row;
	double all = 0;

	json_object_foreach(json_object_get(rates, "counters"), verdict, row)
		all += json_number_value(json_object_get(row, name));
	return all;
}

static void print_head(const json_t *rates, const json_t *status)
{
	printf("%s %s, site %s    %.0f packets/s  %.1f Mbit/s    Ctrl-C ends\n\n",
	       json_string_value(json_object_get(status, "role")),
	       json_string_value(json_object_get(status, "node")),
	       json_string_value(json_object_get(status, "site")), sum(rates, "packets"),
	       sum(rates, "bytes") * 8 / 1e6);
}

/* An agent has services, but neither gateways nor rows of backends. */
static void print_screen(const json_t *rates, const json_t *status)
{
	const json_t *gateways = json_object_get(status, "gateways");

	printf("%s", isatty(STDOUT_FILENO) ? TERMINAL_CLEAR : "");
	print_head(rates, status);
	counters_print_rates(rates, false, stdout);
	printf("\n");
	if (gateways) {
		print_gateways(gateways, stdout);
		printf("\n");
	}
	print_services(json_object_get(status, "services"), stdout);
	printf("%s", isatty(STDOUT_FILENO) ? "" : "\n");
	fflush(stdout);
}

/* An object a line. */
static void print_json(json_t *rates, json_t *status)
{
	json_t *both = json_pack("{s:O s:O}", "rates", rates, "status", status);

	json_dumpf(both, stdout, JSON_COMPACT);
	printf("\n");
	fflush(stdout);
	json_decref(both);
}

static int on_pause_over(void *userdata)
{
	struct top *top = userdata;
	json_t *counters = NULL, *status = NULL, *rates;
	struct timespec now;
	int r = client_get(top->command->socket, "/counters", NULL, &counters);

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (r == 0)
		r = client_get(top->command->socket, "/status", NULL, &status);
	if (r < 0) {
		json_decref(counters);
		return r;
	}
	rates = counters_rates(top->counters, counters, seconds_since(&top->time, &now));
	if (top->command->json)
		print_json(rates, status);
	else
		print_screen(rates, status);
	json_decref(rates);
	json_decref(status);
	json_decref(top->counters);
	top->counters = counters;
	top->time = now;
	return 0;
}

int top_run(const struct command *command)
{
	struct top top = {.command = command};
	int r = client_get(command->socket, "/counters", NULL, &top.counters);

	clock_gettime(CLOCK_MONOTONIC, &top.time);
	if (r == 0)
		r = watch_steps(1000, command->count, on_pause_over, &top);
	json_decref(top.counters);
	return r;
}
