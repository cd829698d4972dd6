/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ladder's last rung: no candidate has the connection. The packet is dropped (TCP sends it again),
 * and the daemon, told by a ring, asks who has it (wire/whohas.h); its answer is a pin, or a denial.
 *
 * Whoever sends packets of connections that are not there can make us ask, so a packet is worth no more
 * than a look at the budget. Nothing is asked for a reset: there is nothing left to find.
 */
#pragma once

#include "bpf/steps/ladder.h"
#include "wire/whohas.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, WHOHAS_EVENTS_BYTES);
} whohas_events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, WHOHAS_DENIALS_MAX);
	__type(key, struct flow);
	__type(value, struct whohas_denial);
} whohas_denials SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, WHOHAS_KNOWN_MAX);
	__type(key, struct whohas_network);
	__type(value, struct whohas_known);
} whohas_known SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WHOHAS_NETWORKS);
	__type(key, __u32);
	__type(value, __u64);
} whohas_networks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SERVICES_MAX);
	__type(key, __u32);
	__type(value, struct whohas_budget);
} whohas_budgets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WHOHAS_ASKED);
	__type(key, __u32);
	__type(value, struct whohas_seen);
} whohas_asked SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WHOHAS_PUT_OFF);
	__type(key, __u32);
	__type(value, struct whohas_seen);
} whohas_put_off SEC(".maps");

/* A segment that may be of a living connection, or an error about one. */
step bool unclaimed_worth_asking(const struct packet *packet, const struct service *service)
{
	return packet->flow.protocol == IPPROTO_TCP && packet->kind != PACKET_LATER_FRAGMENT &&
	       !(packet->tcp_flags & TCP_RST) && !(service->flags & SERVICE_AGENTLESS) &&
	       service->ask_interval_ns;
}

step bool unclaimed_is_denied(const struct packet *packet, __u32 sequence, __u64 now_ns)
{
	const struct whohas_denial *denial = bpf_map_lookup_elem(&whohas_denials, &packet->flow);

	return denial && whohas_denies(denial, sequence, now_ns);
}

step struct whohas_seen *unclaimed_asked(__u64 hash)
{
	__u32 at = hash % WHOHAS_ASKED;

	return bpf_map_lookup_elem(&whohas_asked, &at);
}

step struct whohas_seen *unclaimed_put_off(__u64 hash)
{
	__u32 at = hash % WHOHAS_PUT_OFF;

	return bpf_map_lookup_elem(&whohas_put_off, &at);
}

step void unclaimed_note(struct whohas_seen *seen, __u64 hash, __u64 now_ns)
{
	seen->hash = hash >> 32;
	seen->time_ms = now_ns / 1000000;
}

/* Was the flow asked about a moment ago? */
step bool unclaimed_is_asked(__u64 hash, __u64 now_ns)
{
	const struct whohas_seen *asked = unclaimed_asked(hash);

	return asked && whohas_seen_within(asked, hash >> 32, now_ns / 1000000, WHOHAS_ASKED_MS);
}

step void unclaimed_note_asked(__u64 hash, __u64 now_ns)
{
	struct whohas_seen *asked = unclaimed_asked(hash);

	if (asked)
		unclaimed_note(asked, hash, now_ns);
}

step bool unclaimed_is_back(__u64 hash, __u64 now_ns)
{
	const struct whohas_seen *put_off = unclaimed_put_off(hash);

	return put_off && whohas_is_back(put_off, hash >> 32, now_ns / 1000000);
}

step void unclaimed_note_put_off(__u64 hash, __u64 now_ns)
{
	struct whohas_seen *put_off = unclaimed_put_off(hash);

	if (put_off &&
	    !whohas_seen_within(put_off, hash >> 32, now_ns / 1000000, WHOHAS_PUT_OFF_MS))
		unclaimed_note(put_off, hash, now_ns);
}

step bool unclaimed_may_ask(const struct packet *packet, const struct service *service,
			    __u32 number, __u64 hash, __u64 now_ns)
{
	struct whohas_network network = whohas_network_of(&packet->flow.client, number);
	struct whohas_budget *budget = bpf_map_lookup_elem(&whohas_budgets, &number);
	struct whohas_known *known = bpf_map_lookup_elem(&whohas_known, &network);
	__u32 at = ((network.network ^ number) * 0x9e3779b97f4a7c15ULL) >> 48;
	__u64 *stranger = bpf_map_lookup_elem(&whohas_networks, &at);

	if (!budget || !stranger)
		return false;
	if (known && now_ns < known->until_ns)
		return whohas_may_ask(budget, &known->due_ns, WHOHAS_KNOWN, now_ns,
				      service->ask_interval_ns);
	return whohas_may_ask(budget, stranger,
			      unclaimed_is_back(hash, now_ns) ? WHOHAS_BACK_AGAIN : WHOHAS_STRANGER,
			      now_ns, service->ask_interval_ns);
}

_Static_assert(1ULL << (64 - 48) == WHOHAS_NETWORKS, "the hash gives a place");

/* A full ring loses questions, and packets are sent again. `asker` NULL: we ask ourselves. */
step bool whohas_tell(const struct flow *flow, __u32 service, __u32 sequence, bool may_be_reset,
		      const struct whohas *question, const union address *asker)
{
	struct whohas_event *event = bpf_ringbuf_reserve(&whohas_events, sizeof(*event), 0);

	if (!event)
		return false;
	__builtin_memset(event, 0, sizeof(*event));
	event->time_ns = bpf_ktime_get_ns();
	event->flow = *flow;
	event->service = service;
	event->sequence = sequence;
	event->may_be_reset = may_be_reset;
	if (asker) {
		event->asker = *asker;
		event->token = question->token;
	}
	bpf_ringbuf_submit(event, 0);
	return true;
}

/* Nobody has it: the row's backend must take it, and its host will say so. */
step int unclaimed_reset(const struct packet *packet, const struct service *service, struct way *way)
{
	int stop = ladder_candidates(packet, service, 1, way);

	way->last_flags = SRV6_MUST;
	return stop ? stop : GATEWAY_WHO_HAS_DENIED;
}

step int unclaimed_ask(struct xdp_md *ctx, const struct packet *packet, const struct service *service,
		       __u32 number, struct way *way)
{
	struct cursor cursor = cursor_at(ctx, packet->transport);
	const struct tcphdr *tcp = cursor_take(&cursor, sizeof(*tcp));
	bool segment = packet->kind != PACKET_ICMP_ERROR;
	__u64 now_ns = bpf_ktime_get_ns();
	__u32 sequence = segment && tcp ? bpf_ntohl(tcp->seq) : 0;

	if (!unclaimed_worth_asking(packet, service))
		return GATEWAY_UNCLAIMED;
	if (segment && unclaimed_is_denied(packet, sequence, now_ns))
		return unclaimed_reset(packet, service, way);
	if (unclaimed_is_asked(way->hash, now_ns))
		return GATEWAY_UNCLAIMED;
	if (!unclaimed_may_ask(packet, service, number, way->hash, now_ns) ||
	    !whohas_tell(&packet->flow, number, sequence, segment, NULL, NULL)) {
		unclaimed_note_put_off(way->hash, now_ns);
		return GATEWAY_WHO_HAS_LIMITED;
	}
	unclaimed_note_asked(way->hash, now_ns);
	return GATEWAY_WHO_HAS;
}
