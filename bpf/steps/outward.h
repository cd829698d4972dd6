/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A reply that goes through a gateway, at tc egress: one IPv6 header in front, to the pin SID of the gateway
 * that the flow's packets came from, with our id in it, and out by the host's own route to that SID. What
 * leaves so passes this program once more, as a packet of no service.
 *
 * The client's MSS was clamped when its SYN came (agent_restore), so segments leave room for the header, also
 * those that a large one is cut into later. What leaves none is sent as it is: a connection from before the
 * service's `return` was changed, or a datagram that only a fragment's header could help.
 */
#pragma once

#include "bpf/steps/segment.h"
#include "bpf/steps/way_back.h"
#include "wire/hash.h"
#include "wire/verdicts.h"

extern const volatile struct agent_settings settings;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, REPLY_VERDICTS_END);
	__type(key, __u32);
	__type(value, struct counter);
} reply_counters SEC(".maps");

step void outward_count(__u32 verdict, __u64 bytes)
{
	struct counter *counter = bpf_map_lookup_elem(&reply_counters, &verdict);

	if (counter) {
		counter->packets++;
		counter->bytes += bytes;
	}
}

#define OUTWARD_HOP_LIMIT 64

/* The longest IP packet that will leave: of a large segment, one of those that it is cut into. */
step __u32 outward_length(const struct __sk_buff *skb, const struct segment *segment)
{
	if (!skb->gso_size)
		return skb->len - ETH_HLEN;
	if (segment->flow.protocol == IPPROTO_TCP)
		return segment->transport - ETH_HLEN + segment->tcp.doff * 4 + skb->gso_size;
	return segment->transport - ETH_HLEN + sizeof(struct udphdr) + skb->gso_size;
}

step __u32 outward_class(struct __sk_buff *skb, const struct segment *segment)
{
	__be32 word = 0;

	bpf_skb_load_bytes(skb, ETH_HLEN, &word, sizeof(word));
	return bpf_ntohl(word) >> (segment->family == FAMILY_V6 ? 20 : 16) & 0xff;
}

step void outward_write(struct __sk_buff *skb, const struct segment *segment,
			const union address *router, struct outer_header *ret)
{
	__u32 label = hash_flow_label(flow_hash(&segment->flow, &settings.key));

	ret->version_class_label =
		bpf_htonl(6 << 28 | outward_class(skb, segment) << 20 | label);
	ret->payload_length = bpf_htons(skb->len - ETH_HLEN);
	ret->next_header = segment->family == FAMILY_V6 ? NEXT_HEADER_IPV6 : NEXT_HEADER_IPV4;
	ret->hop_limit = OUTWARD_HOP_LIMIT;
	ret->source.halves[0] = settings.accept.halves[0];
	ret->source.halves[1] = settings.accept.halves[1];
	ret->destination = sid_make(router, SRV6_PIN);
	ret->destination.groups[SID_BACKEND_GROUP] = bpf_htons(settings.id);
}

/* Encapsulates; `verdict`, or why it goes directly. `flow`: whose way it takes. */
step int outward_send(struct __sk_buff *skb, const struct segment *segment, const struct flow *flow,
		      int verdict)
{
	const union address *router = bpf_map_lookup_elem(&ways, flow);
	struct outer_header outer;
	__be16 type = bpf_htons(ETH_P_IPV6);

	if (!router) /* a gateway's own probe is answered where it came from */
		return prefix_holds(&settings.infrastructure, &flow->client) ? REPLY_DIRECT : REPLY_NO_WAY;
	if (outward_length(skb, segment) + sizeof(outer) > settings.mtu)
		return REPLY_TOO_BIG;
	outward_write(skb, segment, router, &outer);
	if (bpf_skb_adjust_room(skb, sizeof(outer), BPF_ADJ_ROOM_MAC,
				BPF_F_ADJ_ROOM_ENCAP_L3_IPV6 | BPF_F_ADJ_ROOM_FIXED_GSO))
		return REPLY_NO_ROOM;
	if (bpf_skb_store_bytes(skb, ETH_HLEN, &outer, sizeof(outer), 0) ||
	    bpf_skb_store_bytes(skb, ETH_HLEN - sizeof(type), &type, sizeof(type), 0))
		return REPLY_SPOILT;
	return verdict;
}
