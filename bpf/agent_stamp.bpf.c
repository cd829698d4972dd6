/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The agent's way out, at tc egress: clamps the MSS in SYN-ACKs of the host's services to what the
 * longest segment list leaves of the path (RFC 9293, 3.7.1). The reply itself travels without an
 * outer header; the client's segments, which the MSS bounds, do not. And it stamps: the timestamps of
 * a service that takes cookies carry this backend's id and the connection's own clock (wire/cookie.h).
 * A SYN-ACK that carries no cookie goes to the router that the SYN came from, which pins the connection
 * and hands it on; of a service with `return: gateway` every reply goes so (outward.h).
 */
#include <linux/pkt_cls.h>

#include "bpf/steps/connection.h"
#include "bpf/steps/mss.h"
#include "bpf/steps/outward.h"
#include "bpf/steps/segment.h"

const volatile struct agent_settings settings;

#define CLOCK_AGE_MAX_MS 4096 /* of a SYN-ACK's timestamp: more than any host takes to send it */

/*
 * A SYN-ACK comes from a request, which has no storage, or from a SYN cookie, which has no socket. What
 * comes back can be restored only if its timestamp is of the clock that agent_restore knows: not with a
 * random offset (tcp_timestamps=1), not in microseconds (a route with tcp_usec_ts). Then the connection
 * has no cookie.
 */
step bool stamp_stateless(const struct segment *segment, __u32 mark, __u32 *ret)
{
	if (kernel_clock() - segment->tsval > CLOCK_AGE_MAX_MS)
		return false;
	*ret = (segment->tsval - lag_find(&segment->flow)) << COOKIE_CLOCK_SHIFT | mark;
	return true;
}

/* The last ACK of a server that closed first; only what was stamped before goes on so. */
step bool stamp_time_wait(const struct segment *segment, __u32 *ret)
{
	const struct connection_lag *lag = bpf_map_lookup_elem(&lags, &segment->flow);

	if (!lag || !lag->marked)
		return false;
	*ret = (segment->tsval - lag->lag) << COOKIE_CLOCK_SHIFT | lag->mark;
	return true;
}

/* A socket without storage began before the agent, or without cookies: its segments stay as they are. */
step bool stamp_established(struct bpf_sock *sock, const struct segment *segment, __u32 *ret)
{
	struct connection *connection = bpf_sk_storage_get(&connections, sock, 0, 0);
	struct connection_lag lag = {};

	if (!connection)
		return false;
	bpf_spin_lock(&connection->lock);
	*ret = (settings.plain_clock
			? clock_stamp_plainly(&connection->clock, segment->tsval)
			: clock_stamp(&connection->clock, segment->tsval))
		       << COOKIE_CLOCK_SHIFT |
	       connection->mark;
	lag.lag = connection->clock.lag;
	lag.mark = connection->mark;
	lag.marked = true;
	bpf_spin_unlock(&connection->lock);
	if (segment->tcp.fin)
		bpf_map_update_elem(&lags, &segment->flow, &lag, BPF_ANY);
	return true;
}

/* A reset borrows a socket that listens or is closed: it is nobody's. */
step bool stamp_value(struct __sk_buff *skb, const struct segment *segment, __u32 *ret)
{
	struct bpf_sock *sock = skb->sk, *full;

	if (segment->tcp.syn)
		return stamp_stateless(segment,
				       cookie_mark(settings.id, flow_hash(&segment->flow, &settings.key),
						   settings.cookie.current, &settings.cookie),
				       ret);
	if (!sock)
		return false;
	full = bpf_sk_fullsock(sock);
	if (!full)
		return sock->state == STATE_TIME_WAIT && stamp_time_wait(segment, ret);
	if (full->state == STATE_LISTEN || full->state == STATE_CLOSE)
		return false;
	return stamp_established(full, segment, ret);
}

/* True: the segment carries the cookie now. */
step bool stamp(struct __sk_buff *skb, struct segment *segment)
{
	__u32 value = 0;

	if (!segment_timestamps(skb, segment) || !stamp_value(skb, segment, &value))
		return false;
	segment_write(skb, segment, segment->timestamps, value);
	return true;
}

/* A segment of one of the host's services. */
step int reply_segment(struct __sk_buff *skb, struct segment *segment, __u32 flags)
{
	bool syn_ack = segment->tcp.syn;
	bool stamped = false;

	if (syn_ack)
		mss_clamp(skb, segment, segment->family == FAMILY_V6 ? settings.mss_v6 : settings.mss_v4);
	/* What its SYN-ACK was is for life: cookies that are switched off are so for new ones. */
	if (!syn_ack || flags & SERVICE_COOKIE)
		stamped = stamp(skb, segment);
	if (flags & SERVICE_RETURN)
		return outward_send(skb, segment, &segment->flow, REPLY_THROUGH_GATEWAY);
	if (syn_ack && !stamped)
		return outward_send(skb, segment, &segment->flow, REPLY_IN_BAND);
	return stamped ? REPLY_STAMPED : REPLY_DIRECT;
}

/*
 * What is no TCP: only services whose replies go through a gateway have anything done to it. What has no
 * ports of its own, or none that are worth reading, goes by its addresses.
 */
step int reply_other(struct __sk_buff *skb, struct segment *segment)
{
	struct flow *flow = &segment->flow, address = way_of_address(flow);
	struct udphdr udp;
	int flags;

	if (!settings.returns || !vip_find(&flow->vip, settings.vip_prefixes))
		return REPLY_NOT_OURS;
	if (flow->protocol != IPPROTO_UDP || segment->fragment)
		return outward_send(skb, segment, &address, REPLY_THROUGH_GATEWAY);
	if (bpf_skb_load_bytes(skb, segment->transport, &udp, sizeof(udp)))
		return REPLY_NOT_OURS;
	flow->vip_port = udp.source;
	flow->client_port = udp.dest;
	flags = flow_service_flags(flow, settings.vip_prefixes);
	if (flags < 0)
		return REPLY_NOT_OURS;
	return flags & SERVICE_RETURN ? outward_send(skb, segment, flow, REPLY_THROUGH_GATEWAY)
				      : REPLY_DIRECT;
}

step int reply(struct __sk_buff *skb)
{
	struct segment segment = {};
	int flags;

	if (!segment_network(skb, &segment, true))
		return REPLY_NOT_OURS;
	if (segment.flow.protocol != IPPROTO_TCP || segment.fragment)
		return reply_other(skb, &segment);
	if (!segment_ports(skb, &segment, true))
		return REPLY_NOT_OURS;
	flags = flow_service_flags(&segment.flow, settings.vip_prefixes);
	if (flags < 0 || (segment.tcp.syn && !segment.tcp.ack))
		return REPLY_NOT_OURS;
	return reply_segment(skb, &segment, flags);
}

/* The actions of wire/verdicts.h. */
#define act_PASS TC_ACT_UNSPEC
#define act_SEND bpf_redirect_neigh(skb->ifindex, NULL, 0, 0)
#define act_DROP TC_ACT_SHOT

SEC("tc")
int agent_stamp(struct __sk_buff *skb)
{
	__u32 bytes = skb->len;
	int verdict = reply(skb);

	if (verdict != REPLY_NOT_OURS)
		outward_count(verdict, bytes);
	switch (verdict) {
#define ROW(symbol, name, action, help)                                                            \
	case REPLY_##symbol:                                                                       \
		return act_##action;
		REPLY_VERDICTS(ROW)
#undef ROW
	}
	return TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "Dual BSD/GPL";
