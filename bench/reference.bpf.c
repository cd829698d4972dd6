/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the shipped programs are held against, in the same run: the least that encapsulation can cost
 * (parse, IPv6 header, XDP_TX), and the same with the table that load balancers usually have, an
 * LRU_HASH from flow to backend, when it hits. Lean on purpose: no tags, no extension headers, no
 * options, no MTU, no counters but the one that proves the hit.
 */
#include <linux/ip.h>
#include <linux/udp.h>

#include "bench/reference.h"
#include "bpf/steps/cursor.h"
#include "wire/srv6.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, REFERENCE_FLOWS);
	__type(key, struct flow);
	__type(value, __u32);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, REFERENCE_BACKENDS);
	__type(key, __u32);
	__type(value, struct reference_backend);
} nodes SEC(".maps");

__u64 hits;

/* The length of the IP packet, or 0 for what this program does not know. */
step __u32 parse(struct xdp_md *ctx, struct flow *flow, __u8 *next_header)
{
	struct cursor cursor = cursor_new(ctx);
	const struct ethhdr *ethernet = cursor_take(&cursor, sizeof(*ethernet));
	const struct outer_header *ipv6;
	const struct udphdr *ports;
	const struct iphdr *ipv4;
	__u32 length;

	if (!ethernet)
		return 0;
	if (ethernet->h_proto == bpf_htons(ETH_P_IPV6)) {
		ipv6 = cursor_take(&cursor, sizeof(*ipv6));
		if (!ipv6)
			return 0;
		flow->client = ipv6->source;
		flow->vip = ipv6->destination;
		flow->protocol = ipv6->next_header;
		length = bpf_ntohs(ipv6->payload_length) + sizeof(*ipv6);
		*next_header = NEXT_HEADER_IPV6;
	} else {
		ipv4 = cursor_take(&cursor, sizeof(*ipv4));
		if (!ipv4 || ipv4->ihl != 5)
			return 0;
		address_from_v4(&flow->client, ipv4->saddr);
		address_from_v4(&flow->vip, ipv4->daddr);
		flow->protocol = ipv4->protocol;
		length = bpf_ntohs(ipv4->tot_len);
		*next_header = NEXT_HEADER_IPV4;
	}
	ports = cursor_take(&cursor, sizeof(*ports));
	if (!ports)
		return 0;
	flow->client_port = ports->source;
	flow->vip_port = ports->dest;
	return length;
}

step int encapsulate(struct xdp_md *ctx, __u32 length, __u8 next_header,
		     const struct reference_backend *to)
{
	struct outer_header *outer;
	struct cursor cursor;
	__u32 *macs;

	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(*outer)))
		return XDP_ABORTED;
	cursor = cursor_new(ctx);
	macs = cursor_take(&cursor, ETH_HLEN);
	outer = cursor_take(&cursor, sizeof(*outer));
	if (!macs || !outer)
		return XDP_ABORTED;
	macs[0] = macs[1] = macs[2] = 0x02020202;
	((__be16 *)macs)[6] = bpf_htons(ETH_P_IPV6);
	*outer = (struct outer_header){
		.version_class_label = bpf_htonl(6 << 28),
		.payload_length = bpf_htons(length),
		.next_header = next_header,
		.hop_limit = 64,
		.source = to->source,
		.destination = to->sid,
	};
	hits++;
	return XDP_TX;
}

SEC("xdp")
int reference_encap(struct xdp_md *ctx)
{
	struct flow flow = {};
	__u8 next_header;
	__u32 length = parse(ctx, &flow, &next_header);
	__u32 key = flow.client_port & (REFERENCE_BACKENDS - 1);
	const struct reference_backend *to = bpf_map_lookup_elem(&nodes, &key);

	return length && to ? encapsulate(ctx, length, next_header, to) : XDP_ABORTED;
}

SEC("xdp")
int reference_lru_hash(struct xdp_md *ctx)
{
	const struct reference_backend *to;
	struct flow flow = {};
	__u8 next_header;
	__u32 length = parse(ctx, &flow, &next_header);
	__u32 *key;

	if (!length)
		return XDP_ABORTED;
	key = bpf_map_lookup_elem(&flows, &flow);
	if (!key)
		return XDP_DROP;
	to = bpf_map_lookup_elem(&nodes, key);
	return to ? encapsulate(ctx, length, next_header, to) : XDP_ABORTED;
}

char _license[] SEC("license") = "Dual BSD/GPL";
