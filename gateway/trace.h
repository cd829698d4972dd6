/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tracing, as long as somebody looks: events from the program's ring go into a bounded list, which
 * `holdfast trace` fetches. When nobody has fetched for some seconds, tracing ends by itself.
 */
#pragma once

#include <jansson.h>
#include <systemd/sd-event.h>

#include "wire/trace.h"

struct trace;

/* Tracing begins or ends: the program is to be loaded with this filter (one_in 0: without). */
typedef int (*trace_load_fn)(const struct trace_filter *filter, void *userdata);

/* `ring_fd` is the map of events. 0 or a negative errno. */
int trace_new(sd_event *event, int ring_fd, trace_load_fn load, void *userdata,
	      struct trace **ret);
struct trace *trace_free(struct trace *trace);

/* Begins anew with this filter, or ends (one_in 0). 0 or a negative errno of `load`. */
int trace_set(struct trace *trace, const struct trace_filter *filter);

/* The filter in force. */
const struct trace_filter *trace_filter(const struct trace *trace);

/*
 * {"next": N, "lost": N, "events": [...]}: the events from number `from` on that are still there. The
 * next call asks from "next"; "lost" came in between and were overwritten.
 */
int trace_fetch(struct trace *trace, uint64_t from, json_t **ret);
