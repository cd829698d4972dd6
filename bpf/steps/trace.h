/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tells the daemon about a sample of the packets that match a filter (wire/trace.h). */
#pragma once

#include "bpf/steps/packet.h"
#include "wire/trace.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, TRACE_BYTES);
} trace_events SEC(".maps");

step bool trace_wants(const volatile struct trace_filter *filter, int verdict,
		      const struct flow *flow)
{
	if (filter->verdict && filter->verdict != (__u32)verdict)
		return false;
	if (!prefix_holds(&filter->client, &flow->client) || !prefix_holds(&filter->vip, &flow->vip))
		return false;
	return bpf_get_prandom_u32() % filter->one_in == 0;
}

/* Call with a filter that is on. A full ring loses events, never packets. */
step void trace(const volatile struct trace_filter *filter, int verdict, __u32 bytes,
		const struct packet *packet)
{
	struct trace_event *event;

	if (!trace_wants(filter, verdict, &packet->flow))
		return;
	event = bpf_ringbuf_reserve(&trace_events, sizeof(*event), 0);
	if (!event)
		return;
	event->time_ns = bpf_ktime_get_ns();
	event->flow = packet->flow;
	event->bytes = bytes;
	event->verdict = verdict;
	event->tcp_flags = packet->tcp_flags;
	event->zero[0] = event->zero[1] = 0;
	bpf_ringbuf_submit(event, 0);
}
