/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The agent's way in: a packet for our accept SID is claimed and handed to the host's stack without
 * its outer header, or passed to the next segment, or sent back to the gateway. Most replies need nothing
 * of this: the VIP is on lo, and the host answers the client directly. Of the others the way is noted.
 */
#include "bpf/steps/claim.h"
#include "bpf/steps/classify.h"
#include "bpf/steps/count.h"
#include "bpf/steps/inner.h"
#include "bpf/steps/link.h"
#include "bpf/steps/outer.h"
#include "bpf/steps/packet.h"
#include "bpf/steps/probe.h"
#include "bpf/steps/way_back.h"
#include "bpf/steps/whohas.h"

const volatile struct agent_settings settings;

struct visit {
	__u64 bytes;
	__u32 link_size;
	struct outer outer;
	struct packet packet;
	__u32 service_flags; /* enum service_flag */
};

step int answer_probe(struct xdp_md *ctx, const struct cursor *cursor, __u32 link_size)
{
	switch (probe_answer(ctx, *cursor, link_size, &settings.infrastructure,
			     settings.fingerprint)) {
	case PROBE_ANSWERED:
		return AGENT_PROBED;
	case PROBE_OUTSIDE:
		return AGENT_OUTSIDE_SID;
	default:
		return AGENT_MALFORMED;
	}
}

step int asked_verdict(enum whohas_answer answer)
{
	switch (answer) {
	case WHOHAS_MINE:
		return AGENT_ASKED_MINE;
	case WHOHAS_CLOSED:
		return AGENT_ASKED_CLOSED;
	default:
		return AGENT_ASKED_NOT_MINE;
	}
}

step int asked_fault(enum whohas_end end)
{
	switch (end) {
	case WHOHAS_OUTSIDE:
		return AGENT_OUTSIDE_SID;
	case WHOHAS_FORGED:
		return AGENT_ASKED_FORGED;
	default:
		return AGENT_MALFORMED;
	}
}

/*
 * A router asks whether a connection is ours. For a service that we do not have we could not take its
 * packets, and our configuration may lag: no answer, so that nobody is reset for it.
 */
step int answer_whohas(struct xdp_md *ctx, const struct cursor *cursor, __u32 link_size)
{
	enum whohas_answer answer;
	enum whohas_end end;
	struct whohas question;
	union address asker;
	__u64 vip;

	end = whohas_read(*cursor, &settings.infrastructure, &settings.who_has, &question,
			  &asker);
	if (end != WHOHAS_FINE)
		return asked_fault(end);
	if (question.flow.protocol != IPPROTO_TCP)
		return AGENT_NO_SERVICE;
	vip = vip_find(&question.flow.vip, &settings.vip_prefixes);
	if (!vip || service_find(vip, IPPROTO_TCP, question.flow.vip_port) < 0)
		return AGENT_NO_SERVICE;
	answer = claim_ask(ctx, &question.flow);
	return whohas_reply(ctx, *cursor, link_size, answer, settings.id, &settings.who_has)
		       ? asked_verdict(answer)
		       : AGENT_MALFORMED;
}

/* Leaves the cursor at the client's packet. What asks us is answered here, and goes no further. */
step int admit(struct xdp_md *ctx, struct cursor *cursor, struct visit *visit)
{
	struct cursor ahead;
	const struct outer_header *ipv6;
	__be16 type = link_parse(cursor);

	visit->link_size = cursor_offset(cursor);
	if (type != bpf_htons(ETH_P_IPV6))
		return AGENT_NOT_OURS;
	ahead = *cursor;
	ipv6 = cursor_take(&ahead, sizeof(*ipv6));
	if (!ipv6 || ipv6->destination.halves[0] != settings.accept.halves[0])
		return AGENT_NOT_OURS;
	if (ipv6->destination.groups[SID_FUNCTION_GROUP] == bpf_htons(SRV6_PROBE))
		return answer_probe(ctx, cursor, visit->link_size);
	if (ipv6->destination.groups[SID_FUNCTION_GROUP] == bpf_htons(SRV6_WHO_HAS))
		return answer_whohas(ctx, cursor, visit->link_size);
	if (ipv6->destination.groups[SID_FUNCTION_GROUP] != bpf_htons(SRV6_ACCEPT))
		return AGENT_NOT_OURS;
	if (!prefix_holds(&settings.infrastructure, &ipv6->source))
		return AGENT_OUTSIDE_SID;
	if (!outer_parse(cursor, &visit->outer))
		return AGENT_MALFORMED;
	visit->packet.family = visit->outer.family;
	return AGENT_GO_ON;
}

/* Which flow, and is it one of this host's services? */
step int classify(struct cursor *cursor, struct visit *visit)
{
	struct packet *packet = &visit->packet;
	const struct interval *interval;
	__u64 vip;

	if (!packet_parse_addresses(*cursor, packet))
		return AGENT_MALFORMED;
	vip = vip_find(&packet->flow.vip, &settings.vip_prefixes);
	if (!vip)
		return AGENT_NO_SERVICE;
	switch (packet_parse(*cursor, packet)) {
	case PACKET_MALFORMED:
		return AGENT_MALFORMED;
	case PACKET_EXTENSIONS:
		return AGENT_EXTENSIONS;
	case PACKET_NO_FRAGMENT:
		return AGENT_NO_FRAGMENT;
	case PACKET_NO_PORTS:
		return AGENT_NO_SERVICE;
	}
	interval = interval_find(vip, packet->flow.protocol, packet->flow.vip_port);
	if (!interval)
		return AGENT_NO_SERVICE;
	visit->service_flags = interval->flags;
	return AGENT_GO_ON;
}

/*
 * Does the packet's timestamp name another backend? Kernels do not tell their SYN cookies apart where
 * one is the host of several backends, or was copied with its secrets.
 */
step bool names_another(const struct visit *visit)
{
	const struct packet *packet = &visit->packet;

	if (!(visit->service_flags & SERVICE_COOKIE) || !packet->timestamps)
		return false;
	return cookie_decode(packet->cookie, flow_hash(&packet->flow, &settings.key),
			     &settings.cookie) != settings.id;
}

/* Did the gateway name this host, and no other? What the row names in place of a pin is a guess. */
step bool is_sole(const struct outer *outer)
{
	return !outer->routed && !(outer->sid.bytes[SID_FLAGS_BYTE] & SRV6_BY_ROW);
}

/* The verdict of a claim, or AGENT_GO_ON. */
step int claim_own(struct xdp_md *ctx, const struct visit *visit)
{
	int verdict = claim(ctx, &visit->packet, is_sole(&visit->outer));

	if (verdict == AGENT_CLAIM_SYN_COOKIE && names_another(visit))
		verdict = AGENT_GO_ON;
	if (!verdict && visit->outer.sid.bytes[SID_FLAGS_BYTE] & SRV6_MUST)
		verdict = AGENT_CLAIM_MUST;
	return verdict;
}

/* Strips the outer header, so that the stack sees the client's packet behind the same link header. */
step int deliver(struct xdp_md *ctx, struct visit *visit)
{
	struct packet *packet = &visit->packet;
	struct link_header link;
	int ecn = ecn_combine(visit->outer.traffic_class, packet->traffic_class);

	if (ecn < 0)
		return AGENT_CONGESTION;
	if (ecn != (packet->traffic_class & ECN_MASK) && !ecn_write(ctx, packet, ecn))
		return AGENT_MALFORMED;
	if (!link_save(ctx, visit->link_size, &link) ||
	    bpf_xdp_adjust_head(ctx, (int)packet->at - (int)visit->link_size) ||
	    !link_restore(ctx, &link, packet->family == FAMILY_V6 ? bpf_htons(ETH_P_IPV6)
								   : bpf_htons(ETH_P_IP)))
		return AGENT_NO_ROOM;
	return AGENT_GO_ON;
}

/* RFC 8754, 4.3.1.1: the next segment becomes the destination. */
step bool next_segment(struct xdp_md *ctx, const struct visit *visit, struct outer_header *ipv6)
{
	struct cursor cursor = cursor_at(ctx, visit->outer.at + sizeof(*ipv6));
	struct segment_routing_header *srh = cursor_take(&cursor, sizeof(*srh));
	const union address *segment;
	__u32 left = visit->outer.segments_left - 1;

	if (!srh)
		return false;
	cursor_skip(&cursor, left * sizeof(*segment));
	segment = cursor_take(&cursor, sizeof(*segment));
	if (!segment)
		return false;
	srh->segments_left = left;
	ipv6->destination = *segment;
	return true;
}

/* Back to the router SID that is the outer source, which learns what has been tried. */
step void return_unclaimed(struct outer_header *ipv6)
{
	__u8 tried = ipv6->destination.bytes[SID_FLAGS_BYTE] & ~SRV6_MUST;
	__u8 hops = ipv6->destination.bytes[SID_HOPS_BYTE];

	ipv6->destination = ipv6->source;
	ipv6->destination.bytes[SID_FLAGS_BYTE] |= tried | SRV6_UNCLAIMED;
	ipv6->destination.bytes[SID_HOPS_BYTE] = hops;
	ipv6->source.halves[0] = settings.accept.halves[0];
	ipv6->source.halves[1] = settings.accept.halves[1];
}

/*
 * Not ours: on to the next segment, or, from the last one, back to the gateway, marked unclaimed.
 * Either way to the neighbour that the frame came from: it can route.
 */
step int pass_on(struct xdp_md *ctx, const struct visit *visit)
{
	struct cursor cursor = cursor_at(ctx, visit->outer.at);
	struct outer_header *ipv6 = cursor_take(&cursor, sizeof(*ipv6));
	struct link_header link;
	int verdict = AGENT_UNCLAIMED;

	if (!ipv6)
		return AGENT_MALFORMED;
	if (ipv6->hop_limit <= 1)
		return AGENT_HOP_LIMIT;
	ipv6->hop_limit--;
	if (visit->outer.segments_left) {
		if (!next_segment(ctx, visit, ipv6))
			return AGENT_MALFORMED;
		verdict = AGENT_PASSED_ON;
	} else {
		return_unclaimed(ipv6);
	}
	if (!link_save(ctx, visit->link_size, &link))
		return AGENT_MALFORMED;
	link_swap(&link);
	return link_restore(ctx, &link, bpf_htons(ETH_P_IPV6)) ? verdict : AGENT_MALFORMED;
}

step int take(struct xdp_md *ctx, struct visit *visit)
{
	struct cursor cursor = cursor_new(ctx);
	int verdict, stop;

	stop = admit(ctx, &cursor, visit);
	if (stop)
		return stop;
	stop = classify(&cursor, visit);
	if (stop)
		return stop;
	verdict = claim_own(ctx, visit);
	if (!verdict)
		return pass_on(ctx, visit);
	way_remember(&visit->packet, visit->service_flags, &visit->outer.source);
	stop = deliver(ctx, visit);
	return stop ? stop : verdict;
}

/* The actions of wire/verdicts.h: what is sent goes back where it came from. */
#define act_PASS XDP_PASS
#define act_DROP XDP_DROP
#define act_SEND XDP_TX

step int act(int verdict)
{
	switch (verdict) {
#define ROW(symbol, name, action, help)                                                            \
	case AGENT_##symbol:                                                                       \
		return act_##action;
		AGENT_VERDICTS(ROW)
#undef ROW
	}
	return XDP_ABORTED;
}

SEC("xdp")
int agent_accept(struct xdp_md *ctx)
{
	struct visit visit = {.bytes = frame_size(ctx)};
	int verdict = take(ctx, &visit);

	count(verdict, visit.bytes);
	return act(verdict);
}

char _license[] SEC("license") = "Dual BSD/GPL";
