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

/* A server's segment: the flow's VIP is its source. Leaves the offset of the TCP header. */
struct segment {
	struct flow flow;
	__u32 transport;
	__u8 family;
};

step bool segment_parse(struct __sk_buff *skb, struct segment *segment)
{
	struct outer_header ipv6;
	struct iphdr ipv4;

	if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		if (bpf_skb_load_bytes(skb, ETH_HLEN, &ipv6, sizeof(ipv6)))
			return false;
		segment->flow.vip = ipv6.source;
		segment->flow.protocol = ipv6.next_header;
		segment->transport = ETH_HLEN + sizeof(ipv6);
		segment->family = FAMILY_V6;
	} else if (skb->protocol == bpf_htons(ETH_P_IP)) {
		if (bpf_skb_load_bytes(skb, ETH_HLEN, &ipv4, sizeof(ipv4)))
			return false;
		address_from_v4(&segment->flow.vip, ipv4.saddr);
		segment->flow.protocol = ipv4.protocol;
		segment->transport = ETH_HLEN + ipv4.ihl * 4;
		segment->family = FAMILY_V4;
	} else {
		return false;
	}
	return segment->flow.protocol == IPPROTO_TCP;
}

step bool is_own_service(const struct segment *segment, __be16 port)
{
	__u64 vip = vip_find(&segment->flow.vip, settings.vip_prefixes);

	return vip && service_find(vip, IPPROTO_TCP, port) >= 0;
}

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

SEC("tc")
int agent_stamp(struct __sk_buff *skb)
{
	struct segment segment = {};
	struct tcphdr tcp;

	if (!segment_parse(skb, &segment) ||
	    bpf_skb_load_bytes(skb, segment.transport, &tcp, sizeof(tcp)))
		return TC_ACT_UNSPEC;
	if (tcp.syn && tcp.ack && has_mss_room(&tcp) && is_own_service(&segment, tcp.source))
		clamp_mss(skb, &segment);
	return TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "Dual BSD/GPL";
