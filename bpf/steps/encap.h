/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Puts the way in front of the packet: Ethernet to the next hop, IPv6, and for two or three segments
 * a reduced SRH (wire/srv6.h). One move of the packet's front does it, whether the packet came from a
 * client or with an outer header of another gateway, which is overwritten.
 */
#pragma once

#include "bpf/steps/table.h"
#include "bpf/steps/inner.h"
#include "bpf/steps/ladder.h"
#include "bpf/steps/link.h"
#include "wire/srv6.h"

#define OUTER_HOP_LIMIT 64

TABLE(next_hops, struct next_hop, NEXT_HOPS_MAX);

/* One of the first node's next hops, by the flow; NULL when it has none. */
step const struct next_hop *next_hop_find(const struct way *way)
{
	__u32 group = way->next_hops, at;

	if (!(group & 0xff))
		return NULL;
	at = (group >> 8) + hash_hop(way->hash, group & 0xff);
	return next_hops_at(at & (NEXT_HOPS_MAX - 1));
}

/*
 * SID `i` of the way, with its argument. False: a node that the table does not have. `count` is
 * way->count as a constant, here and below.
 */
step bool way_sid(const struct way *way, __u32 i, __u32 count, __u8 family, union address *ret)
{
	const struct destination *node = way->nodes[i];

	if (!node)
		return false;
	/* family & 1: the verifier may have forgotten that it is one of two. */
	ret->halves[0] = node->sids[family & 1].halves[0];
	ret->halves[1] = node->sids[family & 1].halves[1] |
			 sid_argument(i == count - 1 ? way->last_flags : 0, way->hops);
	return true;
}

step void *ethernet_write(void *at, const struct next_hop *hop)
{
	struct vlan_tag *tag;

	macs_copy(at, hop->to);
	at += LINK_MACS_SIZE;
	if (hop->vlan) {
		*(__be16 *)at = bpf_htons(ETH_P_8021Q);
		tag = at + sizeof(__be16);
		tag->tci = hop->vlan;
		at += VLAN_TAG_SIZE;
	}
	*(__be16 *)at = bpf_htons(ETH_P_IPV6);
	return at + sizeof(__be16);
}

step bool srh_write(void *at, const struct way *way, __u32 count, const struct packet *packet)
{
	struct segment_routing_header *srh = at;
	union address *list = at + sizeof(*srh);

	srh->next_header = packet->family == FAMILY_V6 ? NEXT_HEADER_IPV6 : NEXT_HEADER_IPV4;
	srh->length = 2 * (count - 1);
	srh->type = SRV6_ROUTING_TYPE;
	srh->segments_left = count - 1;
	srh->last_entry = count - 2;
	srh->flags = 0;
	srh->tag = 0;
	/* Last one first; the first segment is the destination address alone. */
	if (!way_sid(way, count - 1, count, packet->family, &list[0]))
		return false;
	return count == 2 || way_sid(way, 1, count, packet->family, &list[1]);
}

step bool outer_write(struct outer_header *outer, const struct way *way, __u32 count,
		      const struct packet *packet, const volatile union address *source)
{
	__u32 routing = SRV6_OVERHEAD(count) - sizeof(*outer);

	outer->version_class_label = bpf_htonl(6 << 28 | packet->traffic_class << 20 |
					       hash_flow_label(way->hash));
	outer->payload_length = bpf_htons(packet->length + routing);
	if (count > 1)
		outer->next_header = NEXT_HEADER_ROUTING;
	else
		outer->next_header =
			packet->family == FAMILY_V6 ? NEXT_HEADER_IPV6 : NEXT_HEADER_IPV4;
	outer->hop_limit = OUTER_HOP_LIMIT;
	outer->source.halves[0] = source->halves[0];
	outer->source.halves[1] = source->halves[1];
	return way_sid(way, 0, count, packet->family, &outer->destination);
}

/* The headers at the packet's new front. */
step bool headers_write(struct xdp_md *ctx, const struct packet *packet, const struct way *way,
			__u32 count, const struct next_hop *hop,
			const volatile union address *source)
{
	void *at = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;

	if (at + ETH_HLEN + VLAN_TAG_SIZE + SRV6_OVERHEAD(count) > end)
		return false;
	at = ethernet_write(at, hop);
	if (!outer_write(at, way, count, packet, source))
		return false;
	return count == 1 || srh_write(at + sizeof(struct outer_header), way, count, packet);
}

step int encap_list(struct xdp_md *ctx, const struct packet *packet, const struct way *way,
		    __u32 count, const struct next_hop *hop, const volatile union address *source)
{
	int front = ETH_HLEN + (hop->vlan ? VLAN_TAG_SIZE : 0) + SRV6_OVERHEAD(count);

	if (bpf_xdp_adjust_head(ctx, (int)packet->at - front))
		return GATEWAY_NO_ROOM;
	return headers_write(ctx, packet, way, count, hop, source) ? GATEWAY_GO_ON : GATEWAY_NO_ROOM;
}

/*
 * Encapsulates. GATEWAY_GO_ON, or the verdict that ends it. The code is written out for each length of
 * the list, since nearly every list is of one.
 */
step int encap(struct xdp_md *ctx, const struct packet *packet, const struct way *way,
	       const struct next_hop *hop, const volatile union address *source)
{
	switch (way->count) {
	case 1:
		return encap_list(ctx, packet, way, 1, hop, source);
	case 2:
		return encap_list(ctx, packet, way, 2, hop, source);
	default:
		return encap_list(ctx, packet, way, 3, hop, source);
	}
}
