/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/history.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "wire/verdicts.h"

#define EVERY_US 1000000
#define ACCURACY_US 10000
#define KEPT 600
#define VERDICTS_MAX (GATEWAY_VERDICTS_END + AGENT_VERDICTS_END + REPLY_VERDICTS_END)

struct sample {
	double time_s;
	uint64_t bytes; /* of all packets */
	uint64_t packets[VERDICTS_MAX];
	struct history_line of_services[HISTORY_SERVICES_MAX], of_sites[HISTORY_SITES_MAX];
};

struct history {
	control_answer_fn counters;
	history_look_fn look;
	void *userdata;
	sd_event_source *due;
	json_t *verdicts, *actions; /* in the order of each sample's packets */
	json_t *services, *sites;   /* in the order of its lines */
	uint64_t lines_from;	    /* the first sample whose lines have these names */
	uint64_t count;		    /* so far; sample i stands at i % KEPT */
	struct sample samples[KEPT];
};

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* Other names than before. */
static bool renames(json_t **names, const char *const *now, size_t n)
{
	bool same = json_array_size(*names) == n;

	for (size_t i = 0; same && i < n; i++)
		same = strcmp(json_string_value(json_array_get(*names, i)), now[i]) == 0;
	if (same)
		return false;
	json_decref(*names);
	*names = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(*names, json_string(now[i]));
	return true;
}

static void take_lines(struct history *history)
{
	struct sample *sample = &history->samples[history->count % KEPT];
	struct history_lines lines = {};

	history->look(&lines, history->userdata);
	if (renames(&history->services, lines.services, lines.n_services) |
	    renames(&history->sites, lines.sites, lines.n_sites))
		history->lines_from = history->count;
	memcpy(sample->of_services, lines.of_services, sizeof(lines.of_services));
	memcpy(sample->of_sites, lines.of_sites, sizeof(lines.of_sites));
}

/* The rows of the verdicts are always the same, in the same order. */
static void take_sample(struct history *history, const json_t *counters)
{
	struct sample *sample = &history->samples[history->count % KEPT];
	bool first = json_array_size(history->verdicts) == 0;
	const char *name;
	json_t *row;
	size_t n = 0;

	*sample = (struct sample){.time_s = now_s()};
	take_lines(history);
	json_object_foreach((json_t *)counters, name, row)
	{
		if (n == VERDICTS_MAX)
			break;
		sample->packets[n++] = json_integer_value(json_object_get(row, "packets"));
		sample->bytes += json_integer_value(json_object_get(row, "bytes"));
		if (!first)
			continue;
		json_array_append_new(history->verdicts, json_string(name));
		json_array_append(history->actions, json_object_get(row, "action"));
	}
	history->count++;
}

static int on_due(sd_event_source *source, uint64_t due_us, void *userdata)
{
	struct history *history = userdata;
	json_t *answer = NULL;
	int r = history->counters(NULL, history->userdata, &answer);

	if (r == 0)
		take_sample(history, json_object_get(answer, "counters"));
	json_decref(answer);
	r = sd_event_source_set_time_relative(source, EVERY_US);
	return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static json_t *sample_json(const struct sample *sample, size_t n)
{
	json_t *json = json_pack("[f, I]", sample->time_s, (json_int_t)sample->bytes);

	for (size_t i = 0; i < n; i++)
		json_array_append_new(json, json_integer(sample->packets[i]));
	return json;
}

static void add_number(json_t *json, float number)
{
	json_array_append_new(json, isnan(number) ? json_null() : json_real((json_int_t)(number * 10 + 0.5f) / 10.0));
}

static void add_line(json_t *json, const struct history_line *line)
{
	add_number(json, line->connections);
	add_number(json, line->opened_per_s);
	add_number(json, line->open);
	add_number(json, line->stay);
}

static json_t *lines_json(const struct history *history, const struct sample *sample)
{
	json_t *json = json_pack("[f]", sample->time_s);

	for (size_t i = 0; i < json_array_size(history->services); i++)
		add_line(json, &sample->of_services[i]);
	for (size_t i = 0; i < json_array_size(history->sites); i++)
		add_line(json, &sample->of_sites[i]);
	return json;
}

json_t *history_json(const struct history *history, double after_s)
{
	uint64_t first = history->count > KEPT ? history->count - KEPT : 0;
	json_t *samples = json_array(), *lines = json_array();

	for (uint64_t i = first; i < history->count; i++)
		if (history->samples[i % KEPT].time_s > after_s)
			json_array_append_new(samples, sample_json(&history->samples[i % KEPT],
								   json_array_size(history->verdicts)));
	for (uint64_t i = first > history->lines_from ? first : history->lines_from; i < history->count; i++)
		if (history->samples[i % KEPT].time_s > after_s)
			json_array_append_new(lines, lines_json(history, &history->samples[i % KEPT]));
	return json_pack("{s:O s:O s:o s:O s:O s:o}", "verdicts", history->verdicts, "actions",
			 history->actions, "samples", samples, "services", history->services, "sites",
			 history->sites, "lines", lines);
}

void history_begin(struct history *history)
{
	int state = SD_EVENT_OFF;

	sd_event_source_get_enabled(history->due, &state);
	if (state != SD_EVENT_OFF)
		return;
	sd_event_source_set_time_relative(history->due, EVERY_US);
	sd_event_source_set_enabled(history->due, SD_EVENT_ONESHOT);
}

int history_new(sd_event *event, control_answer_fn counters, history_look_fn look, void *userdata,
		struct history **ret)
{
	struct history *history = calloc(1, sizeof(*history));
	int r;

	if (!history)
		return -ENOMEM;
	history->counters = counters;
	history->look = look;
	history->userdata = userdata;
	history->verdicts = json_array();
	history->actions = json_array();
	history->services = json_array();
	history->sites = json_array();
	r = history->verdicts && history->actions && history->services && history->sites ? 0 : -ENOMEM;
	if (r == 0)
		r = sd_event_add_time_relative(event, &history->due, CLOCK_MONOTONIC, EVERY_US,
					       ACCURACY_US, on_due, history);
	if (r >= 0)
		r = sd_event_source_set_enabled(history->due, SD_EVENT_OFF);
	if (r < 0) {
		history_free(history);
		return r;
	}
	*ret = history;
	return 0;
}

struct history *history_free(struct history *history)
{
	if (!history)
		return NULL;
	sd_event_source_disable_unref(history->due);
	json_decref(history->verdicts);
	json_decref(history->actions);
	json_decref(history->services);
	json_decref(history->sites);
	free(history);
	return NULL;
}
