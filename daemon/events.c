/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/events.h"

#include <errno.h>
#include <stdarg.h>
#include <time.h>

#include "base/number.h"

#define KEPT 2048	  /* events; a power of two */
#define TEXT_SIZE 512

static const struct {
	const char *name;
	enum log_level level;
} kinds[] = {
#define ROW(symbol, name, level, help) {name, LOG_LEVEL_##level},
	EVENT_KINDS(ROW)
#undef ROW
};

static struct {
	uint64_t count; /* so far; event i stands at i % KEPT */
	json_t *kept[KEPT];
	struct {
		uint64_t count;
		double last_s;
	} of[EVENT_KINDS_END];
} events;

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "error";
	case LOG_LEVEL_WARNING:
		return "warning";
	default:
		return "info";
	}
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static json_t *event_json(enum event_kind kind, const struct event_about *about, const char *text)
{
	const struct {
		const char *name, *value;
	} said[] = {{"service", about->service}, {"backend", about->backend},
		    {"gateway", about->gateway}, {"vip", about->vip},
		    {"site", about->site},	 {"reason", about->reason}};
	json_t *event = json_pack("{s:I s:f s:s s:s s:s}", "number", (json_int_t)events.count, "time",
				  events.of[kind].last_s, "event", kinds[kind].name, "level",
				  level_name(kinds[kind].level), "text", text);

	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++)
		if (said[i].value)
			json_object_set_new(event, said[i].name, json_string(said[i].value));
	return event;
}

void event_say(enum event_kind kind, const struct event_about *about, const char *format, ...)
{
	json_t **place = &events.kept[events.count % KEPT];
	char text[TEXT_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_line(kinds[kind].level, "%s", text);
	events.of[kind].count++;
	events.of[kind].last_s = now_s();
	json_decref(*place);
	*place = event_json(kind, about, text);
	events.count++;
}

json_t *events_json(uint64_t from)
{
	uint64_t oldest = events.count > KEPT ? events.count - KEPT : 0, first;
	json_t *list = json_array();

	if (from > events.count)
		from = 0;
	first = from < oldest ? oldest : from;
	for (uint64_t i = first; i < events.count; i++)
		json_array_append(list, events.kept[i % KEPT]);
	return json_pack("{s:I s:I s:o}", "next", (json_int_t)events.count, "lost",
			 (json_int_t)(first - from), "events", list);
}

json_t *events_counts_json(void)
{
	json_t *counts = json_object();

	for (size_t i = 0; i < EVENT_KINDS_END; i++)
		json_object_set_new(counts, kinds[i].name,
				    json_pack("{s:I s:f}", "count", (json_int_t)events.of[i].count,
					      "last_s", events.of[i].last_s));
	return counts;
}

bool events_config_refused(void)
{
	double refused_s = events.of[EVENT_CONFIG_REFUSED].last_s;

	return refused_s > events.of[EVENT_CONFIG_READ].last_s &&
	       refused_s > events.of[EVENT_STORE_TAKEN].last_s;
}

int answer_events(const struct control_request *request, void *userdata, json_t **ret)
{
	const char *text = control_argument(request, "from");
	uint64_t from = 0;

	if (text && number_parse(text, INT64_MAX, &from) < 0)
		return control_refuse(ret, -EINVAL, "%s: no number of an event", text);
	*ret = events_json(from);
	return *ret ? 0 : -ENOMEM;
}
