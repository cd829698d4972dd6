/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gateway/trace.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

#include "base/address.h"
#include "base/log.h"
#include "daemon/counters.h"

#define KEPT 4096		      /* events; a power of two */
#define LOOKED_FOR_US (5 * 1000000ULL) /* nobody fetched for so long: over */

struct trace {
	struct ring_buffer *ring;
	sd_event_source *readable;
	sd_event_source *unwatched;
	trace_load_fn load;
	void *userdata;
	struct trace_filter filter;
	uint64_t count; /* events so far; event i stands at i % KEPT */
	struct trace_event kept[KEPT];
};

static int on_event(void *userdata, void *data, size_t size)
{
	struct trace *trace = userdata;

	if (size >= sizeof(trace->kept[0]))
		trace->kept[trace->count++ % KEPT] = *(const struct trace_event *)data;
	return 0;
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct trace *trace = userdata;

	ring_buffer__consume(trace->ring);
	return 0;
}

static int on_unwatched(sd_event_source *source, uint64_t now_us, void *userdata)
{
	struct trace *trace = userdata;

	log_info("tracing ends: nobody looks any more");
	trace_set(trace, &(struct trace_filter){});
	return 0;
}

static int follow(struct trace *trace, sd_event *event)
{
	int r = sd_event_add_io(event, &trace->readable, ring_buffer__epoll_fd(trace->ring), EPOLLIN,
				on_readable, trace);

	if (r >= 0)
		r = sd_event_add_time_relative(event, &trace->unwatched, CLOCK_MONOTONIC, 0, 0,
					       on_unwatched, trace);
	if (r >= 0)
		r = sd_event_source_set_enabled(trace->unwatched, SD_EVENT_OFF);
	return r < 0 ? r : 0;
}

int trace_new(sd_event *event, int ring_fd, trace_load_fn load, void *userdata, struct trace **ret)
{
	struct trace *trace = calloc(1, sizeof(*trace));
	int r;

	if (!trace)
		return -ENOMEM;
	trace->load = load;
	trace->userdata = userdata;
	trace->ring = ring_buffer__new(ring_fd, on_event, trace, NULL);
	r = trace->ring ? follow(trace, event) : -errno;
	if (r < 0) {
		trace_free(trace);
		return r;
	}
	*ret = trace;
	return 0;
}

struct trace *trace_free(struct trace *trace)
{
	if (!trace)
		return NULL;
	sd_event_source_disable_unref(trace->readable);
	sd_event_source_disable_unref(trace->unwatched);
	ring_buffer__free(trace->ring);
	free(trace);
	return NULL;
}

static void watched(struct trace *trace)
{
	sd_event_source_set_time_relative(trace->unwatched, LOOKED_FOR_US);
	sd_event_source_set_enabled(trace->unwatched,
				    trace->filter.one_in ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

int trace_set(struct trace *trace, const struct trace_filter *filter)
{
	int r = trace->load(filter, trace->userdata);

	if (r < 0)
		return r;
	trace->filter = *filter;
	watched(trace);
	return 0;
}

const struct trace_filter *trace_filter(const struct trace *trace)
{
	return &trace->filter;
}

static json_t *event_json(const struct trace_event *event)
{
	struct endpoint client = {event->flow.client, event->flow.client_port};
	struct endpoint vip = {event->flow.vip, event->flow.vip_port};
	char client_text[ENDPOINT_TEXT_MAX], vip_text[ENDPOINT_TEXT_MAX];
	const char *verdict = event->verdict < n_gateway_verdict_rows
				      ? gateway_verdict_rows[event->verdict].name
				      : NULL;

	return json_pack("{s:f s:s? s:i s:s s:s s:i s:i}", "time", event->time_ns / 1e9, "verdict",
			 verdict, "protocol", event->flow.protocol, "client",
			 endpoint_format(&client, client_text), "vip",
			 endpoint_format(&vip, vip_text), "bytes", (int)event->bytes, "tcp_flags",
			 event->tcp_flags);
}

int trace_fetch(struct trace *trace, uint64_t from, json_t **ret)
{
	uint64_t oldest, first;
	json_t *events = json_array();

	ring_buffer__consume(trace->ring);
	watched(trace);
	oldest = trace->count > KEPT ? trace->count - KEPT : 0;
	first = from < oldest ? oldest : from;
	for (uint64_t i = first; i < trace->count; i++)
		json_array_append_new(events, event_json(&trace->kept[i % KEPT]));
	*ret = json_pack("{s:I s:I s:b s:o}", "next", (json_int_t)trace->count, "lost",
			 (json_int_t)(first - from), "on",
			 trace->filter.one_in != 0, "events", events);
	return *ret ? 0 : -ENOMEM;
}
