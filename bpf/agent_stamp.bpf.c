/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The agent's way out, at tc egress: clamps the MSS in SYN-ACKs of the host's services to what the
 * longest segment list leaves of the path (RFC 9293, 3.7.1). The reply itself travels without an
 * outer header; the client's segments, which the MSS bounds, do not. And it stamps: the timestamps of
 * a service that takes cookies carry this backend's id and the connection's own clock (wire/cookie.h).
 */
#include <linux/pkt_cls.h>

#include "bpf/steps/connection.h"
#include "bpf/steps/segment.h"

const volatile struct agent_settings settings;

struct mss_option {
	__u8 kind;
	__u8 size;
	__be16 mss;
};

#define MSS_OPTION_SIZE 4

/* Linux writes the MSS first in a SYN-ACK (net/ipv4/tcp_output.c), and so does every stack known. */
step void clamp_mss(struct __sk_buff *skb, const struct segment *segment)
{
	__u32 at = segment->transport + sizeof(struct tcphdr);
	__u16 most = segment->family == FAMILY_V6 ? settings.mss_v6 : settings.mss_v4;
	struct mss_option option;
	__be16 clamped = bpf_htons(most);

	if (bpf_skb_load_bytes(skb, at, &option, sizeof(option)))
		return;
	if (option.kind != TCP_OPTION_MSS || option.size != MSS_OPTION_SIZE ||
	    bpf_ntohs(option.mss) <= most)
		return;
	bpf_l4_csum_replace(skb, segment->transport + offsetof(struct tcphdr, check), option.mss,
			    clamped, sizeof(clamped));
	bpf_skb_store_bytes(skb, at + offsetof(struct mss_option, mss), &clamped, sizeof(clamped), 0);
}

/* Behind a header without options may stand data: TCP Fast Open (RFC 7413). */
step bool has_mss_room(const struct tcphdr *tcp)
{
	return tcp->doff * 4 >= sizeof(*tcp) + sizeof(struct mss_option);
}

/* A SYN-ACK comes from a request, which has no storage, or from a SYN cookie, which has no socket. */
step bool stamp_stateless(const struct segment *segment, __u32 mark, __u32 *ret)
{
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

step void stamp(struct __sk_buff *skb, struct segment *segment)
{
	__u32 value = 0;

	if (segment_timestamps(skb, segment) && stamp_value(skb, segment, &value))
		segment_write(skb, segment, segment->timestamps, value);
}

SEC("tc")
int agent_stamp(struct __sk_buff *skb)
{
	struct segment segment = {};
	int flags;

	if (!segment_parse(skb, &segment, true))
		return TC_ACT_UNSPEC;
	flags = flow_service_flags(&segment.flow, settings.vip_prefixes);
	if (flags < 0 || (segment.tcp.syn && !segment.tcp.ack))
		return TC_ACT_UNSPEC;
	if (segment.tcp.syn && has_mss_room(&segment.tcp))
		clamp_mss(skb, &segment);
	/* What its SYN-ACK was is for life: cookies that are switched off are so for new ones. */
	if (!segment.tcp.syn || flags & SERVICE_COOKIE)
		stamp(skb, &segment);
	return TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "Dual BSD/GPL";
