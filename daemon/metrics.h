/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The numbers that go out, to Prometheus and to InfluxDB: one table of rows. A row says what a metric is
 * called, what it means, and where in a node's state it stands; both exports, `holdfast metrics` and the
 * manual page are made from it. Nothing is counted or computed for an export: the state is what
 * `holdfast status` and `holdfast counters` show, in one object (metrics_state).
 *
 * Names and units are by Prometheus's conventions (prometheus.io/docs/practices/naming): base units,
 * `_total` for what only rises. A new number is a field of the status and a row here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "io/control.h"

enum metric_kind {
	METRIC_GAUGE,
	METRIC_COUNTER,
	METRIC_HISTOGRAM, /* {"le": [[bound, count below], ...], "sum": seconds, "count": n} */
};

/* What a metric is about: the whole node, or one of many that its state lists. */
enum metric_place {
	METRIC_BUILD,
	METRIC_NODE,
	METRIC_EVENT,
	METRIC_VERDICT,
	METRIC_VIP,
	METRIC_PEER,
	METRIC_SERVICE,
	METRIC_BACKEND,
	METRIC_CHECK,
	METRIC_PLACES,
};

#define METRIC_LABELS_MAX 4

struct metric_label {
	const char *name;
	const char *field; /* of the thing itself; NULL: the key that it stands under */
	bool outer;	   /* of what the thing is listed in */
};

struct metric_place_row {
	const char *measurement; /* InfluxDB's */
	const char *prefix;	 /* of the names, which InfluxDB's fields are without */
	const char *outer, *inner; /* the list in the state, and the list in each of that one; NULL: none */
	struct metric_label labels[METRIC_LABELS_MAX + 1];
};

struct metric_row {
	const char *name;
	enum metric_kind kind;
	enum metric_place place;
	const char *path; /* in the thing: "health.up", "cookie-epochs.0"; NULL: always 1 */
	double scale;	  /* times what stands there; 0: as it is */
	const char *help;
};

extern const struct metric_place_row metric_places[METRIC_PLACES];
extern const struct metric_row metric_rows[];
extern const size_t n_metric_rows;

/*
 * What the rows' paths lead through: the answers to /status and /counters in one. Takes both references.
 * NULL: no memory.
 */
json_t *metrics_state(json_t *status, json_t *counters);

/* The same in the daemon: from its answers, with what is known of the process. 0 or a negative errno. */
int metrics_gather(control_answer_fn status, control_answer_fn counters, void *userdata, json_t **ret);

/*
 * One row in Prometheus's text format (version 0.0.4): HELP, TYPE, a line for each thing. Nothing where
 * this kind of node has no such number.
 */
void metrics_print(const struct metric_row *row, const json_t *state, FILE *to);

/* Everything in InfluxDB's line protocol: a line for each thing, with node, site and role as tags. */
void metrics_print_influx(const json_t *state, uint64_t time_ns, FILE *to);

/* "counter", "gauge"; the labels as "service, backend", or "". Writes into the buffer and returns it. */
#define METRIC_LABELS_TEXT_MAX 80
const char *metric_kind_name(enum metric_kind kind);
const char *metric_labels_text(enum metric_place place, char text[static METRIC_LABELS_TEXT_MAX]);
