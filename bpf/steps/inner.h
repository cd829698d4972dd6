/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Small changes to the client's packet on its way: the hop limit, since whoever encapsulates forwards
 * (RFC 8986, 5.1), and the congestion mark, since whoever decapsulates must hand on what the outer
 * header learnt (RFC 6040, 4.2).
 */
#pragma once

#include "bpf/steps/packet.h"

#define ECN_MASK 3
#define ECN_NOT_ECT 0
#define ECN_ECT1 1
#define ECN_ECT0 2
#define ECN_CE 3

/* RFC 1624, equation 3: HC' = ~(~HC + ~m + m'), for one 16-bit word. */
step void checksum_update(__u16 *checksum, __u16 old, __u16 new)
{
	__u32 sum = (__u16)~*checksum + (__u16)~old + new;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	*checksum = ~sum;
}

/* What the inner packet's ECN bits become; -1: drop, the mark would be lost on the receiver. */
step int ecn_combine(__u8 outer, __u8 inner)
{
	outer &= ECN_MASK;
	inner &= ECN_MASK;
	if (outer == ECN_CE)
		return inner == ECN_NOT_ECT ? -1 : ECN_CE;
	if (outer == ECN_ECT1 && inner == ECN_ECT0)
		return ECN_ECT1;
	return inner;
}

/* The packet stands at packet->at. False: out of the frame, which parsing ruled out. */
step bool ecn_write(struct xdp_md *ctx, struct packet *packet, __u8 ecn)
{
	struct cursor cursor = cursor_at(ctx, packet->at);
	__u8 class = (packet->traffic_class & ~ECN_MASK) | ecn;

	if (packet->family == FAMILY_V6) {
		struct outer_header *ipv6 = cursor_take(&cursor, sizeof(*ipv6));

		if (!ipv6)
			return false;
		ipv6->version_class_label &= ~bpf_htonl(0xff << 20);
		ipv6->version_class_label |= bpf_htonl(class << 20);
	} else {
		struct iphdr *ipv4 = cursor_take(&cursor, sizeof(*ipv4));

		if (!ipv4)
			return false;
		checksum_update(&ipv4->check, bpf_htons(ipv4->tos), bpf_htons(class));
		ipv4->tos = class;
	}
	packet->traffic_class = class;
	return true;
}

/* At the packet's IP header, which is all there. The caller has seen that the hop limit is above 1. */
step void hop_limit_less(void *at, __u8 family)
{
	struct outer_header *ipv6 = at;
	struct iphdr *ipv4 = at;
	__u32 check;

	if (family == FAMILY_V6) {
		ipv6->hop_limit--;
		return;
	}
	/* RFC 1141: one less in the word's upper byte is one more in the sum, with its carry. */
	check = ipv4->check + bpf_htons(0x0100);
	ipv4->check = check + (check >= 0xffff);
	ipv4->ttl--;
}

/* The same, of a packet whose ends may have moved. False: out of the frame. */
step bool hop_limit_decrement(struct xdp_md *ctx, const struct packet *packet)
{
	struct cursor cursor = cursor_at(ctx, packet->at);
	bool v6 = packet->family == FAMILY_V6;
	void *at = v6 ? cursor_take(&cursor, sizeof(struct outer_header))
		      : cursor_take(&cursor, sizeof(struct iphdr));

	if (!at)
		return false;
	hop_limit_less(at, packet->family);
	return true;
}
