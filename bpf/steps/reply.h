/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A backend's reply that came to our pin SID: the first one of a connection without a cookie, whose
 * router must learn where it went, or any one of a service whose replies all go through a gateway.
 *
 * It is read as the client's packets are and then turned round, so that the rest sees the flow as always,
 * from the client to the VIP. Who sent it is told by the SID's argument and proven by the outer source,
 * which must be that backend's locator, and it must be a backend of the service: a node can speak for
 * nobody else. Fragments and ICMP errors have the ports of the packet that they belong to.
 */
#pragma once

#include "bpf/steps/classify.h"
#include "bpf/steps/cookie.h"
#include "bpf/steps/ladder.h"
#include "bpf/steps/outer.h"
#include "bpf/steps/packet.h"
#include "wire/verdicts.h"

/* The backend that the outer header names and comes from; 0: none. */
step __u16 reply_backend(const struct outer *outer)
{
	__u32 id = bounded(bpf_ntohs(outer->sid.groups[SID_BACKEND_GROUP]), 0xffff);
	const struct destination *node = destination_at(id);

	return node && sid_in_locator(&outer->source, &node->sids[0]) ? id : 0;
}

/* From the VIP's point of view to the client's. */
step void reply_turn(struct flow *flow)
{
	union address vip = flow->client;
	__be16 vip_port = flow->client_port;

	flow->client = flow->vip;
	flow->vip = vip;
	flow->client_port = flow->vip_port;
	flow->vip_port = vip_port;
}

/* In IPv6 a mapped IPv4 address is for nobody, as in packet_parse_addresses. */
step bool reply_parse_addresses(struct cursor cursor, struct packet *packet)
{
	return packet_parse_addresses(cursor, packet) &&
	       (packet->family == FAMILY_V4 || !address_is_v4(&packet->flow.client));
}

step bool reply_is_syn_ack(const struct packet *packet)
{
	return (packet->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) == (TCP_SYN | TCP_ACK);
}

/*
 * Must the router learn where this connection is? Its packets do not say so themselves: the service has
 * no cookies, or the client offered no timestamps to carry one.
 */
step bool reply_wants_pin(const struct packet *packet, const struct service *service)
{
	return reply_is_syn_ack(packet) &&
	       !(service->flags & SERVICE_COOKIE && packet->timestamps);
}

/* The client's initial sequence number, which a SYN-ACK acknowledges (RFC 9293, 3.4). */
step bool reply_isn(struct xdp_md *ctx, const struct packet *packet, __u32 *ret)
{
	struct cursor cursor = cursor_at(ctx, packet->transport);
	const struct tcphdr *tcp = cursor_take(&cursor, sizeof(*tcp));

	if (!tcp)
		return false;
	*ret = bpf_ntohl(tcp->ack_seq) - 1;
	return true;
}

/* The gateway that pins the flow, if that is another one and it has not been asked. */
step const struct destination *reply_router(__u64 hash, __u8 sid_flags)
{
	const struct destination *router;

	if (sid_flags & SRV6_RELAYED)
		return NULL;
	router = ladder_router(hash);
	return router && !(router->flags & DESTINATION_SELF) ? router : NULL;
}
