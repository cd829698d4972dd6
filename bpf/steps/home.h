/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A reply's way from the gateway to the client: without its outer header, by the kernel's own routes
 * (bpf_fib_lookup), since clients are everywhere, while SIDs have rows of next hops. Routes are looked up
 * as for a packet of this host (`lo`): the helper wants forwarding to be on where a packet comes from,
 * and for `lo` that opens nothing.
 *
 * Nobody resolves a neighbour that only XDP sends to. Where the kernel has none, the packet is left to
 * the host without its outer header: if it forwards, it asks.
 */
#pragma once

#include "bpf/steps/encap.h"
#include "bpf/steps/inner.h"
#include "bpf/steps/link.h"
#include "bpf/steps/packet.h"

#define HOME_IFINDEX 1 /* lo, in every network namespace */
#define HOME_INET 2    /* AF_INET */
#define HOME_INET6 10  /* AF_INET6 */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, LINKS_MAX);
	__type(key, __u32);
	__type(value, __u64);
} links SEC(".maps");

/* `packet` is a reply whose flow has been turned. Returns what bpf_fib_lookup does. */
step long home_find(struct xdp_md *ctx, const struct packet *packet, struct bpf_fib_lookup *ret)
{
	const struct flow *flow = &packet->flow;

	ret->ifindex = HOME_IFINDEX;
	ret->l4_protocol = flow->protocol;
	ret->sport = flow->vip_port;
	ret->dport = flow->client_port;
	ret->tot_len = packet->length;
	if (packet->family == FAMILY_V6) {
		ret->family = HOME_INET6;
		__builtin_memcpy(ret->ipv6_src, &flow->vip, sizeof(ret->ipv6_src));
		__builtin_memcpy(ret->ipv6_dst, &flow->client, sizeof(ret->ipv6_dst));
	} else {
		ret->family = HOME_INET;
		ret->tos = packet->traffic_class & ~ECN_MASK;
		ret->ipv4_src = flow->vip.words[3];
		ret->ipv4_dst = flow->client.words[3];
	}
	return bpf_fib_lookup(ctx, ret, sizeof(*ret), 0);
}

/* A VLAN's device sends nothing for XDP: the one below does, with the tag. False: it cannot. */
step bool home_link(struct bpf_fib_lookup *fib)
{
	__u32 at = fib->ifindex;
	const __u64 *word = bpf_map_lookup_elem(&links, &at);
	__u64 link = word ? *word : 0;

	fib->h_vlan_TCI = bpf_htons(LINK_TAG(link));
	if (link)
		fib->ifindex = LINK_BELOW(link);
	return fib->ifindex;
}

step __be16 home_type(const struct packet *packet)
{
	return packet->family == FAMILY_V6 ? bpf_htons(ETH_P_IPV6) : bpf_htons(ETH_P_IP);
}

/* Ethernet to the neighbour, with the link's tag, and the packet as it is. False: the frame could not be shortened. */
step bool home_strip(struct xdp_md *ctx, const struct packet *packet,
		     const struct bpf_fib_lookup *fib)
{
	int front = ETH_HLEN + (fib->h_vlan_TCI ? VLAN_TAG_SIZE : 0);
	struct ethhdr *ethernet;
	struct vlan_tag *tag;
	struct cursor cursor;

	if (bpf_xdp_adjust_head(ctx, (int)packet->at - front))
		return false;
	cursor = cursor_new(ctx);
	ethernet = cursor_take(&cursor, sizeof(*ethernet));
	if (!ethernet)
		return false;
	__builtin_memcpy(ethernet->h_dest, fib->dmac, ETH_ALEN);
	__builtin_memcpy(ethernet->h_source, fib->smac, ETH_ALEN);
	ethernet->h_proto = home_type(packet);
	if (!fib->h_vlan_TCI)
		return true;
	tag = cursor_take(&cursor, sizeof(*tag));
	if (!tag)
		return false;
	ethernet->h_proto = bpf_htons(ETH_P_8021Q);
	tag->tci = fib->h_vlan_TCI;
	tag->inner_type = home_type(packet);
	return true;
}

/* The packet behind the link header that it came with, for the host. */
step bool home_leave(struct xdp_md *ctx, const struct packet *packet, __u32 link_size)
{
	struct link_header link;

	return link_save(ctx, link_size, &link) &&
	       !bpf_xdp_adjust_head(ctx, (int)packet->at - (int)link_size) &&
	       link_restore(ctx, &link, home_type(packet));
}

/* On to another gateway's pin SID, in the outer header that it came with. */
step bool home_relay(struct xdp_md *ctx, __u32 link_size, const struct destination *router,
		     const struct next_hop *hop)
{
	int front = ETH_HLEN + (hop->vlan ? VLAN_TAG_SIZE : 0);
	struct outer_header *outer;
	void *at;

	if (bpf_xdp_adjust_head(ctx, (int)link_size - front))
		return false;
	at = (void *)(long)ctx->data;
	if (at + ETH_HLEN + VLAN_TAG_SIZE + sizeof(*outer) > (void *)(long)ctx->data_end)
		return false;
	outer = ethernet_write(at, hop);
	outer->hop_limit--;
	outer->destination.halves[0] = router->sids[0].halves[0];
	outer->destination.bytes[SID_FLAGS_BYTE] |= SRV6_RELAYED;
	return true;
}
