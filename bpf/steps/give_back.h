/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A backend's reply at the gateway that its client's packets came through: what it is (reply.h), whether it
 * pins its connection, and the way to the client (home.h).
 *
 * A SYN-ACK that pins is for the flow's router. If that is not this gateway any more, it goes on to it,
 * once: two gateways that disagree for a moment do not play ball with it.
 */
#pragma once

#include "bpf/steps/fault.h"
#include "bpf/steps/home.h"
#include "bpf/steps/pins.h"
#include "bpf/steps/reply.h"
#include "bpf/steps/too_big.h"

extern const volatile struct gateway_settings settings;

struct reply {
	__u32 link_size; /* Ethernet header and tags */
	struct outer outer;
	struct packet packet;
	__u64 hash;	/* of the flow, where somebody asked for it */
	__u32 service;	/* its number */
	__u16 backend;	/* that sent it */
	__u32 ifindex;	/* where SEND goes */
};

/* The gateway has admitted it: it is for our pin SID, from the infrastructure. */
step int reply_open(struct cursor *cursor, struct reply *reply)
{
	link_parse(cursor);
	reply->link_size = cursor_offset(cursor) ^ cursor_unknown(cursor);
	if (!outer_parse(cursor, &reply->outer))
		return GATEWAY_MALFORMED;
	reply->packet.family = reply->outer.family;
	return GATEWAY_GO_ON;
}

/* Which flow is it a reply of, and may this backend send it? */
step int reply_classify(struct cursor *cursor, struct reply *reply, const struct service **ret_service)
{
	struct packet *packet = &reply->packet;
	int number, stop;
	__u64 vip;
	__u32 key;

	if (!reply_parse_addresses(*cursor, packet))
		return GATEWAY_MALFORMED;
	vip = vip_find(&packet->flow.client, &settings.vip_prefixes);
	if (!vip)
		return GATEWAY_NO_SERVICE;
	stop = fault_verdict(packet_parse(*cursor, packet));
	if (stop)
		return stop;
	reply_turn(&packet->flow);
	number = service_find(vip, packet->flow.protocol, packet->flow.vip_port);
	if (number < 0)
		return GATEWAY_NO_SERVICE;
	key = reply->service = number;
	*ret_service = service_at(key);
	if (!*ret_service)
		return GATEWAY_NO_SERVICE;
	reply->backend = reply_backend(&reply->outer);
	return reply->backend && is_member(key, reply->backend) ? GATEWAY_GO_ON : GATEWAY_NOT_MEMBER;
}

step int reply_relay(struct xdp_md *ctx, struct reply *reply, const struct destination *router)
{
	struct way way = {.hash = reply->hash};
	const struct next_hop *hop;

	way_only(&way, router, router->next_hops);
	hop = next_hop_find(&way);
	if (!hop)
		return GATEWAY_NO_NEXT_HOP;
	reply->ifindex = hop->ifindex;
	return home_relay(ctx, reply->link_size, router, hop) ? GATEWAY_RELAYED : GATEWAY_NO_ROOM;
}

/* GATEWAY_PINNED, or GATEWAY_RETURNED without a pin: on to the client. */
step int reply_learn(struct xdp_md *ctx, struct reply *reply)
{
	const struct destination *router;
	__u32 isn;

	reply->hash = flow_hash(&reply->packet.flow, &settings.key);
	router = reply_router(reply->hash, reply->outer.sid.bytes[SID_FLAGS_BYTE]);
	if (router)
		return reply_relay(ctx, reply, router);
	if (!reply_isn(ctx, &reply->packet, &isn))
		return GATEWAY_MALFORMED;
	switch (pins_answer(&reply->packet.flow, reply->service, reply->hash, reply->backend,
			    isn)) {
	case PIN_STORED:
		return GATEWAY_PINNED;
	case PIN_KEPT:
		return GATEWAY_RETURN_REFUSED;
	default:
		return GATEWAY_RETURNED; /* the client need not wait for what may be learnt later */
	}
}

/* What it owes to having been forwarded, and carried here in an outer header. */
step int reply_settle(struct xdp_md *ctx, struct reply *reply)
{
	struct packet *packet = &reply->packet;
	int ecn = ecn_combine(reply->outer.traffic_class, packet->traffic_class);

	if (packet->hop_limit <= 1)
		return GATEWAY_HOP_LIMIT;
	if (ecn < 0)
		return GATEWAY_CONGESTION;
	if (ecn != (packet->traffic_class & ECN_MASK) && !ecn_write(ctx, packet, ecn))
		return GATEWAY_MALFORMED;
	return hop_limit_decrement(ctx, packet) ? GATEWAY_GO_ON : GATEWAY_MALFORMED;
}

/*
 * Larger than the rest of its path: the server must learn it (RFC 1191; RFC 8201), and it is to the backend
 * that sent it that the error goes, as if the client had sent it. Not inlined: for the stack's sake.
 */
static __noinline int reply_too_big(struct xdp_md *ctx, struct reply *reply, __u16 mtu)
{
	struct packet error = reply->packet, *packet = &error;
	struct way way = {.hash = reply->hash};
	const struct destination *node;
	const struct next_hop *hop;
	__u32 id = reply->backend;
	int stop;

	if (packet->kind != PACKET_WHOLE)
		return GATEWAY_TOO_BIG_SILENT;
	packet->family = packet->family == FAMILY_V6 ? FAMILY_V6 : FAMILY_V4; /* for the verifier */
	node = destination_at(id);
	way_only(&way, node, node ? node->next_hops : 0);
	hop = next_hop_find(&way);
	if (!hop)
		return GATEWAY_NO_NEXT_HOP;
	if (!too_big_answer(ctx, packet->at, packet->family, reply->link_size, mtu))
		return GATEWAY_NO_ROOM;
	packet->at = reply->link_size;
	packet->length = too_big_length(packet->family);
	packet->traffic_class = 0;
	reply->ifindex = hop->ifindex;
	stop = encap(ctx, packet, &way, hop, &settings.route);
	return stop ? stop : GATEWAY_RETURN_TOO_BIG;
}

step int reply_send(struct xdp_md *ctx, struct reply *reply)
{
	struct bpf_fib_lookup fib = {};
	int stop;

	switch (home_find(ctx, &reply->packet, &fib)) {
	case BPF_FIB_LKUP_RET_SUCCESS:
		break;
	case BPF_FIB_LKUP_RET_NO_NEIGH:
		return home_leave(ctx, &reply->packet, reply->link_size) ? GATEWAY_NO_NEIGHBOUR
									 : GATEWAY_NO_ROOM;
	case BPF_FIB_LKUP_RET_FRAG_NEEDED:
		return reply_too_big(ctx, reply, fib.mtu_result);
	default:
		return GATEWAY_NO_WAY_HOME;
	}
	if (!home_link(&fib))
		return GATEWAY_NO_WAY_HOME;
	stop = reply_settle(ctx, reply);
	if (stop)
		return stop;
	reply->ifindex = fib.ifindex;
	return home_strip(ctx, &reply->packet, &fib) ? GATEWAY_GO_ON : GATEWAY_NO_ROOM;
}

/* All of it; a verdict. */
step int give_back(struct xdp_md *ctx, struct reply *reply)
{
	struct cursor cursor = cursor_new(ctx);
	const struct service *service;
	int verdict = GATEWAY_RETURNED, stop;

	stop = reply_open(&cursor, reply);
	if (!stop)
		stop = reply_classify(&cursor, reply, &service);
	if (stop)
		return stop;
	if (reply_wants_pin(&reply->packet, service)) {
		verdict = reply_learn(ctx, reply);
		if (verdict != GATEWAY_PINNED && verdict != GATEWAY_RETURNED)
			return verdict;
	}
	stop = reply_send(ctx, reply);
	return stop ? stop : verdict;
}
