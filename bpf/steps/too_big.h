/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Turns a packet that does not fit the path into the ICMP error that says so (RFC 792 and 1191;
 * RFC 4443, 3.2), from the VIP to its client, back to the neighbour that it came from.
 */
#pragma once

#include "bpf/steps/link.h"
#include "bpf/steps/packet.h"

#define ICMP_QUOTE_V4 28  /* the IP header and eight bytes */
#define ICMP_QUOTE_V6 128 /* far less than the 1280 that RFC 4443 allows; enough for any header chain */
#define ICMP_HOP_LIMIT 64

struct icmp_too_big_v4 {
	struct iphdr ipv4;
	struct icmp_header icmp;
	struct iphdr quote;
	__u8 payload[ICMP_QUOTE_V4 - sizeof(struct iphdr)];
};

struct icmp_too_big_v6 {
	struct outer_header ipv6;
	struct icmp_header icmp;
	struct outer_header quote;
	__u8 payload[ICMP_QUOTE_V6 - sizeof(struct outer_header)];
};

/* Of the whole error, without the link's header. */
step __u32 too_big_length(__u8 family)
{
	return family == FAMILY_V6 ? sizeof(struct icmp_too_big_v6) : sizeof(struct icmp_too_big_v4);
}

step __u16 checksum_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

step void too_big_write_v4(struct icmp_too_big_v4 *error, __u16 mtu)
{
	error->ipv4 = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tot_len = bpf_htons(sizeof(*error)),
		.ttl = ICMP_HOP_LIMIT,
		.protocol = IPPROTO_ICMP,
		.saddr = error->quote.daddr,
		.daddr = error->quote.saddr,
	};
	error->ipv4.check = checksum_fold(
		bpf_csum_diff(NULL, 0, (__be32 *)&error->ipv4, sizeof(error->ipv4), 0));
	error->icmp = (struct icmp_header){.type = 3, .code = 4, .rest = bpf_htonl(mtu)};
	error->icmp.checksum =
		checksum_fold(bpf_csum_diff(NULL, 0, (__be32 *)&error->icmp,
					    sizeof(error->icmp) + ICMP_QUOTE_V4, 0));
}

step void too_big_write_v6(struct icmp_too_big_v6 *error, __u16 mtu)
{
	__u32 body = sizeof(error->icmp) + ICMP_QUOTE_V6;
	__u32 pseudo = bpf_htonl(body);
	__u32 sum;

	error->ipv6 = (struct outer_header){
		.version_class_label = bpf_htonl(6 << 28),
		.payload_length = bpf_htons(body),
		.next_header = IPPROTO_ICMPV6,
		.hop_limit = ICMP_HOP_LIMIT,
		.source = error->quote.destination,
		.destination = error->quote.source,
	};
	error->icmp = (struct icmp_header){.type = 2, .code = 0, .rest = bpf_htonl(mtu)};
	/* The pseudo-header (RFC 8200, 8.1): both addresses, the length, the next header. */
	sum = bpf_csum_diff(NULL, 0, (__be32 *)&error->ipv6.source, 32, 0);
	sum = bpf_csum_diff(NULL, 0, &pseudo, sizeof(pseudo), sum);
	pseudo = bpf_htonl(IPPROTO_ICMPV6);
	sum = bpf_csum_diff(NULL, 0, &pseudo, sizeof(pseudo), sum);
	error->icmp.checksum =
		checksum_fold(bpf_csum_diff(NULL, 0, (__be32 *)&error->icmp, body, sum));
}

/*
 * `at`: where the client's packet begins; `mtu`: the largest one that fits. False: the frame could not be
 * rewritten. Rare, so not inlined.
 */
static __noinline bool too_big_answer(struct xdp_md *ctx, __u32 at, enum family family,
				      __u32 link_size, __u16 mtu)
{
	bool v6 = family == FAMILY_V6;
	__u32 quote = v6 ? ICMP_QUOTE_V6 : ICMP_QUOTE_V4;
	__u32 headers = v6 ? sizeof(struct icmp_too_big_v6) - ICMP_QUOTE_V6
			   : sizeof(struct icmp_too_big_v4) - ICMP_QUOTE_V4;
	__u64 frame = frame_size(ctx);
	struct link_header link;
	struct cursor cursor;

	asm volatile("" : "+r"(frame)); /* subtracted in 64 bits, since they are pointers */
	if (!link_save(ctx, link_size, &link))
		return false;
	link_swap(&link);
	if (bpf_xdp_adjust_tail(ctx, (int)(at + quote) - (int)frame) ||
	    bpf_xdp_adjust_head(ctx, (int)at - (int)(link_size + headers)) ||
	    !link_restore(ctx, &link, v6 ? bpf_htons(ETH_P_IPV6) : bpf_htons(ETH_P_IP)))
		return false;

	cursor = cursor_at(ctx, link_size);
	if (v6) {
		struct icmp_too_big_v6 *error = cursor_take(&cursor, sizeof(*error));

		if (!error)
			return false;
		too_big_write_v6(error, mtu);
	} else {
		struct icmp_too_big_v4 *error = cursor_take(&cursor, sizeof(*error));

		if (!error)
			return false;
		too_big_write_v4(error, mtu);
	}
	return true;
}
