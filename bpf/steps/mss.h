/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The MSS that a SYN or SYN-ACK offers, made small enough for what will be put in front (RFC 9293, 3.7.1). */
#pragma once

#include "bpf/steps/segment.h"

struct mss_option {
	__u8 kind;
	__u8 size;
	__be16 mss;
};

#define MSS_OPTION_SIZE 4

/* Behind a header without options may stand data: TCP Fast Open (RFC 7413). */
step bool mss_has_room(const struct tcphdr *tcp)
{
	return tcp->doff * 4 >= sizeof(*tcp) + sizeof(struct mss_option);
}

/* Linux writes the MSS first in a SYN (net/ipv4/tcp_output.c), and so does every stack known. */
step void mss_clamp(struct __sk_buff *skb, const struct segment *segment, __u16 most)
{
	__u32 at = segment->transport + sizeof(struct tcphdr);
	struct mss_option option;
	__be16 clamped = bpf_htons(most);

	if (!mss_has_room(&segment->tcp) || bpf_skb_load_bytes(skb, at, &option, sizeof(option)))
		return;
	if (option.kind != TCP_OPTION_MSS || option.size != MSS_OPTION_SIZE ||
	    bpf_ntohs(option.mss) <= most)
		return;
	bpf_l4_csum_replace(skb, segment->transport + offsetof(struct tcphdr, check), option.mss,
			    clamped, sizeof(clamped));
	bpf_skb_store_bytes(skb, at + offsetof(struct mss_option, mss), &clamped, sizeof(clamped), 0);
}
