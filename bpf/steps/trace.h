/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tells the daemon about a sample of the packets that match a filter (wire/trace.h).
 *
 * Before the program looks at a packet, tracing reads it for itself, and notes the flow in a place of the
 * CPU's own. If the flow were kept in variables up to the verdict instead, every early end of the program
 * would have to set them, traced or not: that took 12 ns of 63.
 */
#pragma once

#include "bpf/steps/packet.h"
#include "wire/trace.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, TRACE_BYTES);
} trace_events SEC(".maps");

/* What is read stands here, too: the stacks of the program and of what it calls are one, and small. */
struct trace_note {
	struct trace_event event;
	struct packet packet;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct trace_note);
} trace_notes SEC(".maps");

step struct trace_note *trace_place(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&trace_notes, &zero);
}

/* As far as it could be read; the rest is zero. */
step void trace_take(struct trace_note *note)
{
	note->event = (struct trace_event){.flow = note->packet.flow,
					   .tcp_flags = note->packet.tcp_flags};
}

step bool trace_wants(const volatile struct trace_filter *filter, int verdict,
		      const struct flow *flow)
{
	if (filter->verdict && filter->verdict != (__u32)verdict)
		return false;
	if (!prefix_holds(&filter->client, &flow->client) || !prefix_holds(&filter->vip, &flow->vip))
		return false;
	return bpf_get_prandom_u32() % filter->one_in == 0;
}

/* A full ring loses events, never packets. */
step void trace_end(const volatile struct trace_filter *filter, int verdict, __u32 bytes)
{
	struct trace_note *note = trace_place();

	if (!note || !trace_wants(filter, verdict, &note->event.flow))
		return;
	note->event.time_ns = bpf_ktime_get_ns();
	note->event.bytes = bytes;
	note->event.verdict = verdict;
	bpf_ringbuf_output(&trace_events, &note->event, sizeof(note->event), 0);
}
