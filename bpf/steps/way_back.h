/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The way back: which gateway a flow's packets come from, for replies that have to go through it. A
 * connection that will carry no cookie is pinned by its first reply, so its way is kept from the SYN to the
 * SYN-ACK; of a service whose replies all go through a gateway it is kept fresh by every packet, so that a
 * gateway that died is left with the client's next one.
 *
 * Bounded: the least recently used gives way, and a reply without a way goes directly.
 */
#pragma once

#include "bpf/steps/packet.h"
#include "wire/maps.h"
#include "wire/srv6.h"

/* To the router SID that was the outer source. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, WAYS_MAX);
	__type(key, struct flow);
	__type(value, union address);
} ways SEC(".maps");

/* What has no ports, a fragment or an ICMP error, goes where the last datagram of the client came from. */
step struct flow way_of_address(const struct flow *flow)
{
	return (struct flow){.client = flow->client, .vip = flow->vip};
}

step void way_put(const struct flow *flow, const union address *router)
{
	const union address *known = bpf_map_lookup_elem(&ways, flow);

	if (!known || !address_equal(known, router))
		bpf_map_update_elem(&ways, flow, router, BPF_ANY);
}

/* Does the connection that this packet begins carry no cookie, and does its router want to know? */
step bool way_is_of_pin(const struct packet *packet, __u32 service_flags)
{
	return (packet->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN &&
	       !(service_flags & SERVICE_ONE_WAY) &&
	       !(service_flags & SERVICE_COOKIE && packet->timestamps);
}

/* A client's packet has come from `source`. Health probes, say, come from what is no gateway's SID. */
step void way_remember(const struct packet *packet, __u32 service_flags, const union address *source)
{
	struct flow address;

	if (!(service_flags & SERVICE_RETURN) && !way_is_of_pin(packet, service_flags))
		return;
	if (source->groups[SID_FUNCTION_GROUP] != bpf_htons(SRV6_ROUTE) ||
	    packet->kind == PACKET_ICMP_ERROR)
		return;
	way_put(&packet->flow, source);
	if (packet->flow.protocol == IPPROTO_UDP) {
		address = way_of_address(&packet->flow);
		way_put(&address, source);
	}
}
