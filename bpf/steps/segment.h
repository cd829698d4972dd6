/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A TCP segment of the host's own, at tc: the client's on its way in, the server's on its way out. Both
 * are the same flow, from the client to the VIP.
 *
 * Headers are read where they are. Written they are by the kernel's helpers: one store of our own would have
 * the kernel look whether the packet may be written, of every packet that there is.
 */
#pragma once

#include "bpf/steps/classify.h"
#include "bpf/steps/packet.h"

struct segment {
	struct flow flow;
	__u32 transport; /* offset of the TCP header */
	__u8 family;
	bool fragment;	 /* a later one, of IPv4: it has no TCP header */
	struct tcphdr tcp;
	__u32 timestamps; /* offset of TSval in the TCP header; 0: there is none */
	__u32 tsval, tsecr;
};

#define SEGMENT_REACH 0x7f /* TCP's header begins no further from the frame's start */

/*
 * `size` bytes, a constant, at an offset within SEGMENT_REACH: in the packet, or in `copy` where it is in
 * pieces there. NULL: it ends before.
 */
step const void *segment_bytes(struct __sk_buff *skb, __u32 offset, void *copy, __u32 size)
{
	const void *at = context_pointer(&skb->data), *end = context_pointer(&skb->data_end);

	at += offset & SEGMENT_REACH;
	if (at + size <= end)
		return at;
	return bpf_skb_load_bytes(skb, offset, copy, size) ? NULL : copy;
}

/*
 * Source and destination change roles for a segment of the server's. Of any protocol; false: it is no IP
 * packet.
 */
step bool segment_network(struct __sk_buff *skb, struct segment *segment, bool outgoing)
{
	union address *source = outgoing ? &segment->flow.vip : &segment->flow.client;
	union address *destination = outgoing ? &segment->flow.client : &segment->flow.vip;
	struct outer_header copy;

	if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		const struct outer_header *ipv6 = segment_bytes(skb, ETH_HLEN, &copy, sizeof(*ipv6));

		if (!ipv6)
			return false;
		*source = ipv6->source;
		*destination = ipv6->destination;
		segment->flow.protocol = ipv6->next_header;
		segment->transport = ETH_HLEN + sizeof(*ipv6);
		segment->family = FAMILY_V6;
	} else if (skb->protocol == bpf_htons(ETH_P_IP)) {
		const struct iphdr *ipv4 = segment_bytes(skb, ETH_HLEN, &copy, sizeof(*ipv4));

		if (!ipv4)
			return false;
		segment->fragment = bpf_ntohs(ipv4->frag_off) & 0x1fff;
		address_from_v4(source, ipv4->saddr);
		address_from_v4(destination, ipv4->daddr);
		segment->flow.protocol = ipv4->protocol;
		segment->transport = ETH_HLEN + ipv4->ihl * 4;
		segment->family = FAMILY_V4;
	} else {
		return false;
	}
	return true;
}

/* Of TCP: false, if the header is not there. */
step bool segment_ports(struct __sk_buff *skb, struct segment *segment, bool outgoing)
{
	struct tcphdr copy;
	const struct tcphdr *tcp = segment_bytes(skb, segment->transport, &copy, sizeof(*tcp));

	if (!tcp)
		return false;
	segment->tcp = *tcp;
	segment->flow.vip_port = outgoing ? segment->tcp.source : segment->tcp.dest;
	segment->flow.client_port = outgoing ? segment->tcp.dest : segment->tcp.source;
	return true;
}

/* A fragment has no ports worth reading. */
step bool segment_is_tcp(const struct segment *segment)
{
	return segment->flow.protocol == IPPROTO_TCP && !segment->fragment;
}

struct option_bytes {
	__u8 bytes[TCP_OPTIONS_MAX + 2];
	__u32 size;
	__u32 offset;
	__u32 found; /* offset of the option, plus one */
};

static long option_next(__u32 i, void *context)
{
	struct option_bytes *options = context;
	__u32 offset = options->offset;
	__u8 kind, size;

	if (offset >= options->size || offset >= TCP_OPTIONS_MAX)
		return 1;
	kind = options->bytes[offset];
	size = options->bytes[offset + 1];
	if (kind == TCP_OPTION_END)
		return 1;
	if (kind == TCP_OPTION_NOP) {
		options->offset++;
		return 0;
	}
	if (kind == TCP_OPTION_TIMESTAMPS) {
		if (size == TCP_OPTION_TIMESTAMPS_SIZE && offset + size <= options->size)
			options->found = offset + 1;
		return 1;
	}
	if (size < 2)
		return 1;
	options->offset += size;
	return 0;
}

/* As nearly every stack writes them behind the fixed header: RFC 7323, appendix A. */
struct timestamps_usual {
	__be32 head; /* NOP_NOP_TIMESTAMPS */
	__be32 tsval;
	__be32 tsecr;
};

_Static_assert(sizeof(struct timestamps_usual) == 12, "RFC 7323, appendix A");

/* Where the option begins, behind the fixed header; negative: nowhere. */
step int segment_walk_options(struct __sk_buff *skb, const struct segment *segment, __u32 size)
{
	struct option_bytes options = {.size = size};

	if (size > TCP_OPTIONS_MAX || size < 12 ||
	    bpf_skb_load_bytes(skb, segment->transport + sizeof(segment->tcp), options.bytes, size))
		return -1;
	bpf_loop(TCP_OPTIONS_MAX, option_next, &options, 0);
	return (int)options.found - 1;
}

/* Reads the timestamps; false: there are none. */
step bool segment_timestamps(struct __sk_buff *skb, struct segment *segment)
{
	__u32 size = (segment->tcp.doff * 4 - sizeof(segment->tcp)) & 0x3f, first;
	struct timestamps_usual copy;
	const struct timestamps_usual *usual;
	__be32 values[2];
	int at;

	if (segment->tcp.doff < 8)
		return false;
	first = segment->transport + sizeof(segment->tcp);
	usual = segment_bytes(skb, first, &copy, sizeof(*usual));
	if (usual && usual->head == NOP_NOP_TIMESTAMPS) {
		segment->timestamps = sizeof(segment->tcp) + offsetof(struct timestamps_usual, tsval);
		segment->tsval = bpf_ntohl(usual->tsval);
		segment->tsecr = bpf_ntohl(usual->tsecr);
		return true;
	}
	at = segment_walk_options(skb, segment, size);
	if (at < 0)
		return false;
	segment->timestamps = sizeof(segment->tcp) + at + 2;
	if (bpf_skb_load_bytes(skb, segment->transport + segment->timestamps, values,
			       sizeof(values)))
		return false;
	segment->tsval = bpf_ntohl(values[0]);
	segment->tsecr = bpf_ntohl(values[1]);
	return true;
}

/* Writes a timestamp that stands at an even offset, over `before`. */
step void segment_write_even(struct __sk_buff *skb, __u32 transport, __u32 offset, __u32 before,
			     __u32 value)
{
	__be32 word = bpf_htonl(value);

	bpf_l4_csum_replace(skb, transport + offsetof(struct tcphdr, check), bpf_htonl(before), word,
			    sizeof(word));
	bpf_skb_store_bytes(skb, transport + offset, &word, sizeof(word), 0);
}

/*
 * The same at an odd one, where MPTCP or others put it. The checksum is summed over eight bytes that begin at
 * an even offset.
 */
step void segment_write_odd(struct __sk_buff *skb, const struct segment *segment, __u32 offset,
			    __u32 value)
{
	__be32 before[2], after[2], word = bpf_htonl(value);
	__u32 start = segment->transport + offset - 3;
	__s64 difference;

	if (bpf_skb_load_bytes(skb, start, before, sizeof(before)))
		return;
	after[0] = before[0];
	after[1] = before[1];
	__builtin_memcpy((__u8 *)after + 3, &word, sizeof(word));
	difference = bpf_csum_diff(before, sizeof(before), after, sizeof(after), 0);
	if (difference < 0)
		return;
	bpf_l4_csum_replace(skb, segment->transport + offsetof(struct tcphdr, check), 0, difference,
			    0);
	bpf_skb_store_bytes(skb, start, after, sizeof(after), 0);
}

/* Writes a timestamp at an offset in the TCP header, over `before`. */
step void segment_write(struct __sk_buff *skb, const struct segment *segment, __u32 offset, __u32 before,
			__u32 value)
{
	if (offset & 1)
		segment_write_odd(skb, segment, offset, value);
	else
		segment_write_even(skb, segment->transport, offset, before, value);
}
