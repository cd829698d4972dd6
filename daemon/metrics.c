/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/metrics.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "config_build.h"
#include "daemon/events.h"

/* The state */

json_t *metrics_state(json_t *status, json_t *counters)
{
	json_t *state = json_copy(status);
	int r = state ? json_object_set_new(state, "version", json_string(HOLDFAST_VERSION)) : -1;

	if (r == 0)
		r = json_object_set(state, "counters", json_object_get(counters, "counters"));
	json_decref(status);
	json_decref(counters);
	if (r == 0)
		return state;
	json_decref(state);
	return NULL;
}

/* proc(5), stat, field 22: since boot. */
static double started_s(void)
{
	unsigned long long ticks = 0;
	struct timespec now, boot;
	FILE *file = fopen("/proc/self/stat", "re");

	if (!file || fscanf(file,
			    "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d "
			    "%*d %*d %*d %*d %*d %llu",
			    &ticks) != 1)
		ticks = 0;
	if (file)
		fclose(file);
	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	return now.tv_sec - boot.tv_sec + (now.tv_nsec - boot.tv_nsec) / 1e9 +
	       ticks / (double)sysconf(_SC_CLK_TCK);
}

/* proc(5), statm: in pages, the second is what is resident. */
static json_int_t resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	long pages = 0;

	if (file && fscanf(file, "%*d %ld", &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	return (json_int_t)pages * sysconf(_SC_PAGESIZE);
}

static json_t *process_json(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return json_pack("{s:f s:f s:I}", "start_s", started_s(), "cpu_s",
			 used.ru_utime.tv_sec + used.ru_stime.tv_sec +
				 (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6,
			 "resident", resident_bytes());
}

int metrics_gather(control_answer_fn status, control_answer_fn counters, void *userdata, json_t **ret)
{
	json_t *both[2] = {};
	int r = status(NULL, userdata, &both[0]);

	if (r == 0)
		r = counters(NULL, userdata, &both[1]);
	if (r < 0) {
		json_decref(both[0]);
		json_decref(both[1]);
		return r;
	}
	*ret = metrics_state(both[0], both[1]);
	if (!*ret || json_object_set_new(*ret, "process", process_json()) < 0 ||
	    json_object_set_new(*ret, "events", events_counts_json()) < 0 ||
	    json_object_set_new(*ret, "config-refused", json_boolean(events_config_refused())) < 0)
		return -ENOMEM;
	return 0;
}

/* Things, and what they say */

/* One thing of a place. */
struct thing {
	const json_t *outer, *item;
	const char *key; /* that it stands under; NULL: in an array */
};

typedef void visit_fn(const struct thing *thing, void *userdata);

/* An array, or an object whose keys are names. */
static void visit_list(const json_t *list, const json_t *outer, visit_fn *visit, void *userdata)
{
	const char *key;
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		visit(&(struct thing){outer, item, NULL}, userdata);
	json_object_foreach((json_t *)list, key, item)
		visit(&(struct thing){outer, item, key}, userdata);
}

static void visit_things(enum metric_place place, const json_t *state, visit_fn *visit, void *userdata)
{
	const struct metric_place_row *row = &metric_places[place];
	const json_t *list, *outer;
	size_t i;

	if (!row->outer) {
		visit(&(struct thing){NULL, state, NULL}, userdata);
		return;
	}
	list = json_object_get(state, row->outer);
	if (!row->inner) {
		visit_list(list, state, visit, userdata);
		return;
	}
	json_array_foreach(list, i, outer)
		visit_list(json_object_get(outer, row->inner), outer, visit, userdata);
}

/* Steps down "health.up"; a number is a place in an array. NULL: there is none. */
static const json_t *value_at(const json_t *item, const char *path)
{
	char name[32];

	for (const char *at = path; item && *at;) {
		size_t length = strcspn(at, ".");

		snprintf(name, sizeof(name), "%.*s", (int)length, at);
		item = json_is_array(item) ? json_array_get(item, strtoul(name, NULL, 10))
					   : json_object_get(item, name);
		at += length + (at[length] == '.');
	}
	return item;
}

/* NAN: it does not say. What can be null or a name is 0 or 1. */
static double number_of(const struct metric_row *row, const json_t *item)
{
	const json_t *value = row->path ? value_at(item, row->path) : NULL;

	if (!row->path || json_is_true(value) || json_is_string(value))
		return 1;
	if (json_is_number(value))
		return json_number_value(value) * (row->scale ? row->scale : 1);
	return json_is_false(value) ? 0 : NAN;
}

static const char *label_value(const struct metric_label *label, const struct thing *thing)
{
	if (!label->field)
		return thing->key ? thing->key : "";
	return json_string_value(json_object_get(label->outer ? thing->outer : thing->item,
						 label->field)) ?: "";
}

/* Whole numbers whole: %g would round a counter. */
static void print_number(double number, FILE *to)
{
	if (number == floor(number) && fabs(number) < 1e15)
		fprintf(to, "%.0f", number);
	else
		fprintf(to, "%.9g", number);
}

/* `special` are escaped by a backslash; a newline becomes \n. */
static void print_escaped(const char *text, const char *special, FILE *to)
{
	for (; *text; text++) {
		if (*text == '\n') {
			fputs("\\n", to);
			continue;
		}
		if (strchr(special, *text))
			fputc('\\', to);
		fputc(*text, to);
	}
}

/* Prometheus (prometheus.io/docs/instrumenting/exposition_formats) */

struct printing {
	const struct metric_row *row;
	FILE *to;
	bool begun; /* HELP and TYPE are there */
};

/* {service="web",backend="b1"}, with `le` behind them for a histogram's bound. */
static void print_labels(const struct printing *printing, const struct thing *thing, const char *le)
{
	const struct metric_label *labels = metric_places[printing->row->place].labels;
	char next = '{';

	for (size_t i = 0; labels[i].name; i++, next = ',') {
		fprintf(printing->to, "%c%s=\"", next, labels[i].name);
		print_escaped(label_value(&labels[i], thing), "\\\"", printing->to);
		fputc('"', printing->to);
	}
	if (le)
		fprintf(printing->to, "%cle=\"%s\"", next, le);
	if (le || next == ',')
		fputc('}', printing->to);
}

static void print_sample(const struct printing *printing, const struct thing *thing,
			 const char *suffix, const char *le, double value)
{
	fprintf(printing->to, "%s%s", printing->row->name, suffix);
	print_labels(printing, thing, le);
	fputc(' ', printing->to);
	print_number(value, printing->to);
	fputc('\n', printing->to);
}

static void print_head(struct printing *printing)
{
	if (printing->begun)
		return;
	printing->begun = true;
	fprintf(printing->to, "# HELP %s ", printing->row->name);
	print_escaped(printing->row->help, "\\", printing->to);
	fprintf(printing->to, "\n# TYPE %s %s\n", printing->row->name,
		metric_kind_name(printing->row->kind));
}

static void print_histogram(struct printing *printing, const struct thing *thing)
{
	const json_t *value = value_at(thing->item, printing->row->path), *bound;
	double count = json_number_value(json_object_get(value, "count"));
	char le[32];
	size_t i;

	if (!json_is_object(value))
		return;
	print_head(printing);
	json_array_foreach(json_object_get(value, "le"), i, bound)
	{
		snprintf(le, sizeof(le), "%g", json_number_value(json_array_get(bound, 0)));
		print_sample(printing, thing, "_bucket", le,
			     json_number_value(json_array_get(bound, 1)));
	}
	print_sample(printing, thing, "_bucket", "+Inf", count);
	print_sample(printing, thing, "_sum", NULL, json_number_value(json_object_get(value, "sum")));
	print_sample(printing, thing, "_count", NULL, count);
}

static void print_thing(const struct thing *thing, void *userdata)
{
	struct printing *printing = userdata;
	double value;

	if (printing->row->kind == METRIC_HISTOGRAM) {
		print_histogram(printing, thing);
		return;
	}
	value = number_of(printing->row, thing->item);
	if (isnan(value))
		return;
	print_head(printing);
	print_sample(printing, thing, "", NULL, value);
}

void metrics_print(const struct metric_row *row, const json_t *state, FILE *to)
{
	visit_things(row->place, state, print_thing, &(struct printing){.row = row, .to = to});
}

/* InfluxDB (docs.influxdata.com, "line protocol") */

struct influx {
	const json_t *state;
	enum metric_place place;
	uint64_t time_ns;
	FILE *to;
	bool begun; /* this line's first field is there */
};

#define INFLUX_SPECIAL ", ="

static void influx_tag(const char *name, const char *value, FILE *to)
{
	if (!*value)
		return; /* an empty one is none */
	fprintf(to, ",%s=", name);
	print_escaped(value, INFLUX_SPECIAL, to);
}

static void influx_field(struct influx *influx, const char *name, const char *suffix, double value)
{
	const char *prefix = metric_places[influx->place].prefix;
	size_t cut = strncmp(name, prefix, strlen(prefix)) == 0 ? strlen(prefix) : 0;

	if (isnan(value))
		return;
	fprintf(influx->to, "%c%s%s=", influx->begun ? ',' : ' ', name + cut, suffix);
	print_number(value, influx->to);
	influx->begun = true;
}

static void influx_fields(struct influx *influx, const struct thing *thing)
{
	for (size_t i = 0; i < n_metric_rows; i++) {
		const struct metric_row *row = &metric_rows[i];
		const json_t *value;

		if (row->place != influx->place)
			continue;
		if (row->kind != METRIC_HISTOGRAM) {
			influx_field(influx, row->name, "", number_of(row, thing->item));
			continue;
		}
		value = value_at(thing->item, row->path);
		if (!json_is_object(value))
			continue;
		influx_field(influx, row->name, "_sum",
			     json_number_value(json_object_get(value, "sum")));
		influx_field(influx, row->name, "_count",
			     json_number_value(json_object_get(value, "count")));
	}
}

static bool has_field(enum metric_place place, const json_t *item)
{
	for (size_t i = 0; i < n_metric_rows; i++)
		if (metric_rows[i].place == place && !isnan(number_of(&metric_rows[i], item)))
			return true;
	return false;
}

static void influx_thing(const struct thing *thing, void *userdata)
{
	static const char *const everywhere[] = {"node", "site", "role"};
	struct influx *influx = userdata;
	const struct metric_place_row *place = &metric_places[influx->place];

	if (!has_field(influx->place, thing->item))
		return;
	fputs(place->measurement, influx->to);
	for (size_t i = 0; i < sizeof(everywhere) / sizeof(*everywhere); i++)
		influx_tag(everywhere[i],
			   json_string_value(json_object_get(influx->state, everywhere[i])) ?: "",
			   influx->to);
	for (size_t i = 0; place->labels[i].name; i++)
		if (influx->place != METRIC_BUILD || i == 0) /* its others are everywhere's */
			influx_tag(place->labels[i].name, label_value(&place->labels[i], thing),
				   influx->to);
	influx->begun = false;
	influx_fields(influx, thing);
	fprintf(influx->to, " %llu\n", (unsigned long long)influx->time_ns);
}

void metrics_print_influx(const json_t *state, uint64_t time_ns, FILE *to)
{
	for (int place = 0; place < METRIC_PLACES; place++)
		visit_things(place, state, influx_thing,
			     &(struct influx){.state = state,
					      .place = place,
					      .time_ns = time_ns,
					      .to = to});
}

/* Words */

const char *metric_kind_name(enum metric_kind kind)
{
	static const char *const names[] = {
		[METRIC_GAUGE] = "gauge",
		[METRIC_COUNTER] = "counter",
		[METRIC_HISTOGRAM] = "histogram",
	};

	return names[kind];
}

const char *metric_labels_text(enum metric_place place, char text[static METRIC_LABELS_TEXT_MAX])
{
	const struct metric_label *labels = metric_places[place].labels;
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; labels[i].name; i++)
		used += snprintf(text + used, METRIC_LABELS_TEXT_MAX - used, "%s%s", i ? ", " : "",
				 labels[i].name);
	return text;
}
