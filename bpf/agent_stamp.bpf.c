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

step __u32 own_mark(const struct segment *segment)
{
	return cookie_mark(settings.id, flow_hash(&segment->flow, &settings.key), settings.cookie.current,
			   &settings.cookie);
}

/*
 * What TIME_WAIT sends, the last ACK of a server that closed first: only what was stamped before goes on so. And
 * the ACK of a half-open connection, for what is out of its window: as its SYN-ACK, after which the client
 * would take a plain timestamp for one of long ago, or what follows for that.
 */
step bool stamp_borrowed(struct __sk_buff *skb, const struct segment *segment, bool cookies, __u32 *ret)
{
	const struct connection_lag *lag = bpf_map_lookup_elem(&lags, &segment->flow);
	bool marked = lag && lag->marked;
	__u32 state;

	if (!marked && !cookies)
		return false;
	/* The segment itself may tell, and may not: on 6.1 what TIME_WAIT sends comes of a closed socket, or of none. */
	state = socket_state_of(skb, &segment->flow, segment->family);
	if (state == SOCKET_NEW_SYN_RECV && cookies)
		return stamp_stateless(segment, marked ? lag->mark : own_mark(segment), ret);
	if (state != SOCKET_TIME_WAIT || !marked)
		return false;
	*ret = (segment->tsval - lag->lag) << COOKIE_CLOCK_SHIFT | lag->mark;
	return true;
}

step __u32 stamp_clock(struct connection *connection, __u32 tsval)
{
	__u32 clock = 0;

	if (settings.plain_clock)
		return clock_stamp_plainly(&connection->clock, tsval);
	if (clock_stamp_freely(&connection->clock, tsval, &clock))
		return clock;
	bpf_spin_lock(&connection->lock);
	clock = clock_stamp(&connection->clock, tsval);
	bpf_spin_unlock(&connection->lock);
	return clock;
}

step __u32 stamp_of(struct connection *connection, __u32 tsval)
{
	return stamp_clock(connection, tsval) << COOKIE_CLOCK_SHIFT | connection->mark;
}

/* What TIME_WAIT, which has no storage, will need. */
step void keep_lag(const struct connection *connection, const struct flow *flow)
{
	struct connection_lag lag = {
		.lag = connection->clock.lag,
		.mark = connection->mark,
		.marked = true,
	};

	bpf_map_update_elem(&lags, flow, &lag, BPF_ANY);
}

/* A socket without storage began before the agent, or without cookies: its segments stay as they are. */
step bool stamp_established(struct bpf_sock *sock, const struct segment *segment, __u32 *ret)
{
	struct connection *connection = bpf_sk_storage_get(&connections, sock, 0, 0);

	if (!connection)
		return false;
	*ret = stamp_of(connection, segment->tsval);
	if (segment->tcp.fin)
		keep_lag(connection, &segment->flow);
	return true;
}

/* What comes of no connection's own socket borrows one that listens or is closed, or none: a reset is nobody's. */
step bool stamp_value(struct __sk_buff *skb, const struct segment *segment, bool cookies, __u32 *ret)
{
	struct bpf_sock *sock = skb->sk, *full;

	if (segment->tcp.syn)
		return stamp_stateless(segment, own_mark(segment), ret);
	full = sock ? bpf_sk_fullsock(sock) : NULL;
	if (full && full->state != SOCKET_LISTEN && full->state != SOCKET_CLOSE)
		return stamp_established(full, segment, ret);
	return !segment->tcp.rst && stamp_borrowed(skb, segment, cookies, ret);
}

/* True: the segment carries the cookie now. */
step bool stamp(struct __sk_buff *skb, struct segment *segment, bool cookies)
{
	__u32 value = 0;

	if (!segment_timestamps(skb, segment) || !stamp_value(skb, segment, cookies, &value))
		return false;
	segment_write(skb, segment, segment->timestamps, segment->tsval, value);
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
		stamped = stamp(skb, segment, flags & SERVICE_COOKIE);
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
step int reply_other(struct __sk_buff *skb, struct segment *segment, __u64 vip)
{
	struct flow *flow = &segment->flow, address = way_of_address(flow);
	struct udphdr udp;
	int flags;

	if (!settings.returns)
		return REPLY_NOT_OURS;
	if (flow->protocol != IPPROTO_UDP || segment->fragment)
		return outward_send(skb, segment, &address, REPLY_THROUGH_GATEWAY);
	if (bpf_skb_load_bytes(skb, segment->transport, &udp, sizeof(udp)))
		return REPLY_NOT_OURS;
	flow->vip_port = udp.source;
	flow->client_port = udp.dest;
	flags = vip_service_flags(vip, flow);
	if (flags < 0)
		return REPLY_NOT_OURS;
	return flags & SERVICE_RETURN ? outward_send(skb, segment, flow, REPLY_THROUGH_GATEWAY)
				      : REPLY_DIRECT;
}

step int reply(struct __sk_buff *skb)
{
	struct segment segment = {};
	__u64 vip;
	int flags;

	if (!segment_network(skb, &segment, true))
		return REPLY_NOT_OURS;
	vip = vip_find(&segment.flow.vip, &settings.vip_prefixes);
	if (!vip)
		return REPLY_NOT_OURS;
	if (!segment_is_tcp(&segment))
		return reply_other(skb, &segment, vip);
	if (!segment_ports(skb, &segment, true))
		return REPLY_NOT_OURS;
	flags = vip_service_flags(vip, &segment.flow);
	if (flags < 0 || (segment.tcp.syn && !segment.tcp.ack))
		return REPLY_NOT_OURS;
	return reply_segment(skb, &segment, flags);
}

/* From a plain IP header to the TCP header behind it. False: it is none, or there is something in between. */
step bool pass_plain_ip(struct __sk_buff *skb, struct cursor *cursor)
{
	const struct outer_header *ipv6;
	const struct iphdr *ipv4;

	if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		ipv6 = cursor_take(cursor, sizeof(*ipv6));
		return ipv6 && ipv6->next_header == IPPROTO_TCP;
	}
	if (skb->protocol != bpf_htons(ETH_P_IP))
		return false;
	ipv4 = cursor_take(cursor, sizeof(*ipv4));
	return ipv4 && *(const __u8 *)ipv4 == IPV4_PLAIN && ipv4->protocol == IPPROTO_TCP &&
	       !(ipv4->frag_off & bpf_htons(0x1fff));
}

/*
 * The way of nearly every reply: what has storage is a service's, and its mark says the rest, so nobody looks
 * for VIP and service again. Neither of a SYN nor of a FIN, of which more must be known. False: another way.
 */
step bool reply_living(struct __sk_buff *skb, struct connection *connection)
{
	struct cursor cursor = {
		.start = context_pointer(&skb->data),
		.at = context_pointer(&skb->data) + ETH_HLEN,
		.end = context_pointer(&skb->data_end),
	};
	const struct timestamps_usual *usual;
	const struct tcphdr *tcp;
	__u32 transport, before;

	if (!pass_plain_ip(skb, &cursor))
		return false;
	transport = cursor_offset(&cursor);
	tcp = cursor_take(&cursor, sizeof(*tcp));
	usual = cursor_take(&cursor, sizeof(*usual));
	if (!tcp || !usual || tcp->doff < 8 || tcp->syn || tcp->fin ||
	    usual->head != NOP_NOP_TIMESTAMPS)
		return false;
	before = bpf_ntohl(usual->tsval);
	segment_write_even(skb, transport,
			   sizeof(*tcp) + offsetof(struct timestamps_usual, tsval), before,
			   stamp_of(connection, before));
	return true;
}

/* Of the socket, if it lives: see stamp_value. */
step struct connection *connection_of(struct __sk_buff *skb)
{
	struct bpf_sock *sock = skb->sk;

	if (!sock || sock->state == SOCKET_LISTEN || sock->state == SOCKET_CLOSE)
		return NULL;
	return bpf_sk_storage_get(&connections, sock, 0, 0);
}

step int reply_any(struct __sk_buff *skb)
{
	struct connection *connection = settings.returns ? NULL : connection_of(skb);

	return connection && reply_living(skb, connection) ? REPLY_STAMPED : reply(skb);
}

/* The actions of wire/verdicts.h. */
#define act_PASS TC_ACT_UNSPEC
#define act_SEND bpf_redirect_neigh(skb->ifindex, NULL, 0, 0)
#define act_DROP TC_ACT_SHOT

SEC("tc")
int agent_stamp(struct __sk_buff *skb)
{
	__u32 bytes = skb->len;
	int verdict = reply_any(skb);

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
