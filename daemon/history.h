/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The last ten minutes, a sample a second: the verdicts' counters, and a few lines of services and sites. So who
 * opens the page when something has happened sees how it came. 600 samples of less than a kilobyte, in one ring.
 */
#pragma once

#include <jansson.h>
#include <systemd/sd-event.h>

#include "io/control.h"

#define HISTORY_SERVICES_MAX 8 /* that are drawn: the first ones */
#define HISTORY_SITES_MAX 8

/* NAN: not known. */
struct history_line {
	float connections, opened_per_s;
	float open; /* backends */
	float stay; /* percent of the new connections that this site keeps */
};

/* Names live as long as the call. */
struct history_lines {
	const char *services[HISTORY_SERVICES_MAX], *sites[HISTORY_SITES_MAX];
	size_t n_services, n_sites;
	struct history_line of_services[HISTORY_SERVICES_MAX], of_sites[HISTORY_SITES_MAX];
};

/* Fills in what it has; all is zero before. Called once a second, so it must be cheap. */
typedef void (*history_look_fn)(struct history_lines *ret, void *userdata);

struct history;

/*
 * `counters` answers with the verdicts' counters, to no request. Neither is asked before history_begin. 0 or a
 * negative errno.
 */
int history_new(sd_event *event, control_answer_fn counters, history_look_fn look, void *userdata,
		struct history **ret);
struct history *history_free(struct history *history);

/* From now on takes samples, if it does not yet. */
void history_begin(struct history *history);

/*
 * {"verdicts": ["picked", ...], "actions": ["SEND", ...], "samples": [[time, bytes, packets of each
 * verdict...], ...], "services": ["web", ...], "sites": ["west", ...], "lines": [[time, connections, opened_per_s,
 * open and stay of each service..., of each site...], ...]}: the samples after that time, in seconds since 1970.
 * Counts are of all time. Lines that had other names are not among them.
 */
json_t *history_json(const struct history *history, double after_s);
