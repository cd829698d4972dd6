/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the shipped programs are held against, in the same run: the least that encapsulation can cost
 * (parse, IPv6 header, XDP_TX); the same where the backend stands in a line of memory of the flow's own, which
 * is the least that any table of flows can cost; and with the table that load balancers usually have, an LRU_HASH
 * from flow to backend, when it hits. Lean on purpose: no tags, no extension headers, no
 * options, no MTU, no counters but the one that proves the hit. And the agent's ways with the kernel's share
 * alone: the socket's look-up and the front moved, the socket's storage and a timestamp written.
 */
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "bench/reference.h"
#include "bpf/steps/cursor.h"
#include "wire/connection.h"
#include "wire/srv6.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, REFERENCE_FLOWS);
	__type(key, struct flow);
	__type(value, __u32);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, REFERENCE_LINES);
	__type(key, __u32);
	__type(value, struct reference_line);
} lines SEC(".maps");

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

/* One multiplication is all that the flow is hashed: all clients differ in the low half of their address. */
SEC("xdp")
int reference_line(struct xdp_md *ctx)
{
	const struct reference_backend *to;
	const struct reference_line *line;
	struct flow flow = {};
	__u8 next_header;
	__u32 length = parse(ctx, &flow, &next_header);
	__u32 key = flow.client.halves[1] * 0x9fb21c651e98df25ULL >> 44;

	line = bpf_map_lookup_elem(&lines, &key);
	if (!length || !line)
		return XDP_ABORTED;
	key = (flow.client_port ^ line->backend) & (REFERENCE_BACKENDS - 1);
	to = bpf_map_lookup_elem(&nodes, &key);
	return to ? encapsulate(ctx, length, next_header, to) : XDP_ABORTED;
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

/* Whose packet is it? Of the socket's tuple, from a packet behind one outer header. */
step __u32 tuple_of(struct xdp_md *ctx, struct bpf_sock_tuple *ret)
{
	struct cursor cursor = cursor_new(ctx);
	const struct ethhdr *ethernet = cursor_take(&cursor, sizeof(*ethernet));
	const struct outer_header *outer = cursor_take(&cursor, sizeof(*outer));
	const struct outer_header *ipv6 = cursor.at;
	const struct iphdr *ipv4 = cursor.at;

	if (!ethernet || !outer)
		return 0;
	if (outer->next_header == NEXT_HEADER_IPV6) {
		if ((const void *)(ipv6 + 1) + sizeof(struct udphdr) > cursor.end)
			return 0;
		__builtin_memcpy(&ret->ipv6.saddr, &ipv6->source, 2 * sizeof(ipv6->source));
		__builtin_memcpy(&ret->ipv6.sport, ipv6 + 1, 2 * sizeof(__be16));
		return sizeof(ret->ipv6);
	}
	if ((const void *)(ipv4 + 1) + sizeof(struct udphdr) > cursor.end)
		return 0;
	__builtin_memcpy(&ret->ipv4.saddr, &ipv4->saddr, 2 * sizeof(ipv4->saddr));
	__builtin_memcpy(&ret->ipv4.sport, ipv4 + 1, 2 * sizeof(__be16));
	return sizeof(ret->ipv4);
}

SEC("xdp")
int reference_claim(struct xdp_md *ctx)
{
	struct bpf_sock_tuple tuple;
	__u32 size = tuple_of(ctx, &tuple), *macs;
	struct bpf_sock *sock = NULL;
	struct cursor cursor;

	if (size == sizeof(tuple.ipv6))
		sock = bpf_skc_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
	else if (size)
		sock = bpf_skc_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	if (!sock)
		return XDP_DROP;
	bpf_sk_release(sock);
	if (bpf_xdp_adjust_head(ctx, sizeof(struct outer_header)))
		return XDP_ABORTED;
	cursor = cursor_new(ctx);
	macs = cursor_take(&cursor, ETH_HLEN);
	if (!macs)
		return XDP_ABORTED;
	macs[0] = macs[1] = macs[2] = 0x02020202;
	((__be16 *)macs)[6] = size == sizeof(tuple.ipv6) ? bpf_htons(ETH_P_IPV6) : bpf_htons(ETH_P_IP);
	hits++;
	return XDP_PASS;
}

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct connection);
} connections SEC(".maps");

SEC("tc")
int reference_stamp(struct __sk_buff *skb)
{
	__u32 ip = skb->protocol == bpf_htons(ETH_P_IPV6) ? sizeof(struct outer_header) : sizeof(struct iphdr);
	const struct connection *connection = NULL;
	__u32 transport = ETH_HLEN + ip, at = transport + sizeof(struct tcphdr) + 4;
	const void *data = context_pointer(&skb->data), *end = context_pointer(&skb->data_end);
	__be32 before, after;

	if (data + at + sizeof(before) > end || !skb->sk)
		return TC_ACT_SHOT;
	connection = bpf_sk_storage_get(&connections, skb->sk, 0, 0);
	if (!connection)
		return TC_ACT_SHOT;
	before = *(const __be32 *)(data + at);
	after = bpf_htonl((bpf_ntohl(before) - connection->clock.lag) << 16 | connection->mark);
	bpf_l4_csum_replace(skb, transport + offsetof(struct tcphdr, check), before, after, sizeof(after));
	bpf_skb_store_bytes(skb, at, &after, sizeof(after), 0);
	hits++;
	return TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "Dual BSD/GPL";
