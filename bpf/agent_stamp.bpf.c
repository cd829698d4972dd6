/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The agent's way out, at tc egress: clamps the MSS in SYN-ACKs of the host's services to what the
 * longest segment list leaves of the path (RFC 9293, 3.7.1). The reply itself travels without an
 * outer header; the client's segments, which the MSS bounds, do not.
 */
#include <linux/pkt_cls.h>

#include "bpf/steps/classify.h"
#include "bpf/steps/packet.h"

const volatile struct agent_settings settings;

struct mss_option {
	__u8 kind;
	__u8 size;
	__be16 mss;
};

#define MSS_OPTION_SIZE 4

/* A server's segment: the flow's VIP is its source. */
struct segment {
	struct flow flow;
	__u32 transport; /* offset of the TCP header */
	__u8 family;
};

/* The longest headers that are looked at: Ethernet, IPv4 with options, TCP and its first option. */
#define HEADERS_MAX (ETH_HLEN + 60 + sizeof(struct tcphdr) + MSS_OPTION_SIZE)

/*
 * A cursor over the part of the packet that lies in one piece. The stack puts all headers there; where
 * something in between did not, they are fetched.
 */
step struct cursor segment_cursor(struct __sk_buff *skb)
{
	__u32 wanted = skb->len < HEADERS_MAX ? skb->len : HEADERS_MAX;
	struct cursor cursor = {.start = (void *)(long)skb->data, .end = (void *)(long)skb->data_end};

	if (cursor.start + wanted > cursor.end) {
		bpf_skb_pull_data(skb, wanted);
		cursor.start = (void *)(long)skb->data;
		cursor.end = (void *)(long)skb->data_end;
	}
	cursor.at = cursor.start;
	return cursor;
}

/* Leaves the cursor at the TCP header. */
step bool segment_parse(struct cursor *cursor, __be16 protocol, struct segment *segment)
{
	cursor_take(cursor, ETH_HLEN);
	if (protocol == bpf_htons(ETH_P_IPV6)) {
		const struct outer_header *ipv6 = cursor_take(cursor, sizeof(*ipv6));

		if (!ipv6)
			return false;
		segment->flow.vip = ipv6->source;
		segment->flow.protocol = ipv6->next_header;
		segment->family = FAMILY_V6;
	} else if (protocol == bpf_htons(ETH_P_IP)) {
		const struct iphdr *ipv4 = cursor_take(cursor, sizeof(*ipv4));

		if (!ipv4)
			return false;
		address_from_v4(&segment->flow.vip, ipv4->saddr);
		segment->flow.protocol = ipv4->protocol;
		segment->family = FAMILY_V4;
		cursor_skip(cursor, ipv4->ihl * 4 - sizeof(*ipv4));
	} else {
		return false;
	}
	segment->transport = cursor_offset(cursor);
	return segment->flow.protocol == IPPROTO_TCP;
}

step bool is_own_service(const struct segment *segment, __be16 port)
{
	__u64 vip = vip_find(&segment->flow.vip, settings.vip_prefixes);

	return vip && service_find(vip, IPPROTO_TCP, port) >= 0;
}

/* Linux writes the MSS first in a SYN-ACK (net/ipv4/tcp_output.c), and so does every stack known. */
step void clamp_mss(struct __sk_buff *skb, const struct segment *segment,
		    const struct mss_option *option)
{
	__u32 at = segment->transport + sizeof(struct tcphdr);
	__u16 most = segment->family == FAMILY_V6 ? settings.mss_v6 : settings.mss_v4;
	__be16 clamped = bpf_htons(most);

	if (option->kind != TCP_OPTION_MSS || option->size != MSS_OPTION_SIZE ||
	    bpf_ntohs(option->mss) <= most)
		return;
	bpf_l4_csum_replace(skb, segment->transport + offsetof(struct tcphdr, check), option->mss,
			    clamped, sizeof(clamped));
	bpf_skb_store_bytes(skb, at + offsetof(struct mss_option, mss), &clamped, sizeof(clamped), 0);
}

/* Behind a header without options may stand data: TCP Fast Open (RFC 7413). */
step bool has_mss_room(const struct tcphdr *tcp)
{
	return tcp->doff * 4 >= sizeof(*tcp) + sizeof(struct mss_option);
}

/* Every segment that the host sends comes by here, so all but a SYN-ACK goes on after a few loads. */
SEC("tc")
int agent_stamp(struct __sk_buff *skb)
{
	struct cursor cursor = segment_cursor(skb);
	const struct mss_option *option;
	struct segment segment = {};
	const struct tcphdr *tcp;

	if (!segment_parse(&cursor, skb->protocol, &segment))
		return TC_ACT_UNSPEC;
	tcp = cursor_take(&cursor, sizeof(*tcp));
	option = cursor_take(&cursor, sizeof(*option));
	if (tcp && option && tcp->syn && tcp->ack && has_mss_room(tcp) &&
	    is_own_service(&segment, tcp->source))
		clamp_mss(skb, &segment, option);
	return TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "Dual BSD/GPL";
