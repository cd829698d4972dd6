/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The client's packet, read in two steps: the network header, which tells whether the packet is ours
 * at all, and then the rest, which tells its flow. Both families fill the same struct, so that only
 * this file knows which is which.
 */
#pragma once

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "bpf/steps/cursor.h"
#include "bpf/steps/fragments.h"
#include "bpf/steps/tcp_options.h"
#include "wire/flow.h"
#include "wire/srv6.h"

#define EXTENSIONS_MAX 6
#define IPV4_PLAIN 0x45 /* version 4, and a header of five words: no options */

enum packet_kind {
	PACKET_WHOLE,
	PACKET_FIRST_FRAGMENT,
	PACKET_LATER_FRAGMENT,
	PACKET_ICMP_ERROR, /* about a packet of ours, which it quotes; the flow is that packet's */
};

enum tcp_flag {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_ACK = 0x10,
};

struct packet {
	struct flow flow;
	__u32 at;	 /* offset of the IP header */
	__u32 transport; /* offset of the TCP, UDP or ICMP header */
	__u32 length;	 /* of the IP packet, bytes */
	__u8 family;
	__u8 kind;
	__u8 traffic_class;
	__u8 hop_limit;
	__u8 tcp_flags;	  /* 0 for all but whole and first-fragment TCP */
	bool timestamps;  /* TCP with a timestamp option */
	__u32 cookie;	  /* the server's timestamp: TSecr, or TSval where an error quotes a server */
};

/* What stops parsing. The callers map it to a verdict of theirs. */
enum packet_fault {
	PACKET_FINE,
	PACKET_MALFORMED,
	PACKET_EXTENSIONS,
	PACKET_NO_FRAGMENT,
	PACKET_NO_PORTS, /* no TCP, no UDP, no ICMP error: no service can have it */
};

/*
 * Reads the addresses; false when the frame ends before them. In IPv6 a mapped IPv4 address is for
 * nobody: inside it stands for the IPv4 VIP, but it never travels (RFC 4291, 2.5.5.2).
 */
step bool packet_read_addresses(struct cursor cursor, struct packet *packet)
{
	if (packet->family == FAMILY_V6) {
		const struct outer_header *ipv6 = cursor.at;

		if (!cursor_has(&cursor, sizeof(*ipv6)))
			return false;
		packet->flow.client = ipv6->source;
		packet->flow.vip = ipv6->destination;
		return !address_is_v4(&packet->flow.vip);
	} else {
		const struct iphdr *ipv4 = cursor.at;

		if (!cursor_has(&cursor, sizeof(*ipv4)))
			return false;
		address_from_v4(&packet->flow.client, ipv4->saddr);
		address_from_v4(&packet->flow.vip, ipv4->daddr);
	}
	return true;
}

/* The same, and where the packet begins. */
step bool packet_parse_addresses(struct cursor cursor, struct packet *packet)
{
	packet->at = cursor_offset(&cursor);
	return packet_read_addresses(cursor, packet);
}

/*
 * The short way, which nearly every packet takes: no options in front of the transport header, no
 * fragment, TCP or UDP, timestamps at their usual place. Each header is at a known distance, so that no
 * load waits for a length that another one brings. False: it is odd, and may be malformed.
 */
step bool plain_tcp(const struct tcphdr *tcp, const void *end, __u32 left, struct packet *packet)
{
	__u32 size;

	if ((const void *)(tcp + 1) > end)
		return false;
	size = tcp->doff * 4;
	if (size < sizeof(*tcp) || size > left)
		return false;
	packet->tcp_flags = ((const __u8 *)tcp)[13];
	if (size == sizeof(*tcp)) {
		packet->cookie = packet->timestamps = opaque(0);
		return true;
	}
	packet->timestamps = opaque(1);
	return tcp_timestamps_usual((const __be32 *)(tcp + 1), end, size - sizeof(*tcp),
				    &packet->cookie);
}

/* `left`: bytes of the IP packet behind its header. */
step bool plain_transport(const void *at, const void *end, int left, struct packet *packet)
{
	const struct udphdr *ports = at;

	bool tcp = packet->flow.protocol == IPPROTO_TCP;

	if (!tcp && packet->flow.protocol != IPPROTO_UDP)
		return false;
	if (left < (int)sizeof(*ports) || (const void *)(ports + 1) > end)
		return false;
	packet->flow.client_port = ports->source;
	packet->flow.vip_port = ports->dest;
	if (tcp)
		return plain_tcp(at, end, left, packet);
	packet->cookie = packet->tcp_flags = packet->timestamps = opaque(0);
	return true;
}

step bool plain_ipv4(const struct cursor *cursor, struct packet *packet)
{
	const struct iphdr *ipv4 = cursor->at;

	if ((const void *)(ipv4 + 1) > cursor->end || *(const __u8 *)ipv4 != IPV4_PLAIN ||
	    ipv4->frag_off & bpf_htons(0x3fff))
		return false;
	packet->length = bpf_ntohs(ipv4->tot_len);
	packet->traffic_class = ipv4->tos;
	packet->hop_limit = ipv4->ttl;
	packet->flow.protocol = ipv4->protocol;
	return plain_transport(ipv4 + 1, cursor->end, packet->length - sizeof(*ipv4), packet);
}

step bool plain_ipv6(const struct cursor *cursor, struct packet *packet)
{
	const struct outer_header *ipv6 = cursor->at;
	__u32 word;

	if ((const void *)(ipv6 + 1) > cursor->end)
		return false;
	word = bpf_ntohl(ipv6->version_class_label);
	if (word >> 28 != 6)
		return false;
	packet->length = bpf_ntohs(ipv6->payload_length) + sizeof(*ipv6);
	packet->traffic_class = word >> 20;
	packet->hop_limit = ipv6->hop_limit;
	packet->flow.protocol = ipv6->next_header;
	return plain_transport(ipv6 + 1, cursor->end, bpf_ntohs(ipv6->payload_length), packet);
}

step bool packet_parse_plain(const struct cursor *cursor, struct packet *packet)
{
	bool plain = packet->family == FAMILY_V6 ? plain_ipv6(cursor, packet)
						 : plain_ipv4(cursor, packet);

	packet->transport = packet->at + (packet->family == FAMILY_V6 ? sizeof(struct outer_header)
								       : sizeof(struct iphdr));
	/* By subtraction: a length whose bytes were swapped has no bounds for old verifiers. */
	return plain && packet->length <= cursor->end - cursor->at;
}

/*
 * What a plain packet says, once more: registers are few, and reading it again is cheaper than to keep it in
 * memory meanwhile. That it is all there was seen before.
 */
step void packet_again(const struct cursor *cursor, struct packet *packet)
{
	const struct outer_header *ipv6 = cursor->at;
	const struct iphdr *ipv4 = cursor->at;
	const struct udphdr *ports;

	if (packet->family == FAMILY_V6) {
		packet->flow.client = ipv6->source;
		packet->flow.vip = ipv6->destination;
		packet->length = bpf_ntohs(ipv6->payload_length) + sizeof(*ipv6);
		packet->traffic_class = bpf_ntohl(ipv6->version_class_label) >> 20;
		packet->hop_limit = ipv6->hop_limit;
		ports = (const void *)(ipv6 + 1);
	} else {
		address_from_v4(&packet->flow.client, ipv4->saddr);
		address_from_v4(&packet->flow.vip, ipv4->daddr);
		packet->length = bpf_ntohs(ipv4->tot_len);
		packet->traffic_class = ipv4->tos;
		packet->hop_limit = ipv4->ttl;
		ports = (const void *)(ipv4 + 1);
	}
	packet->flow.client_port = ports->source;
	packet->flow.vip_port = ports->dest;
}

struct fragment {
	__be32 id;
	bool first;
	bool later;
};

step int packet_parse_ipv4(struct cursor *cursor, struct packet *packet, struct fragment *fragment)
{
	__u32 left = cursor_left(cursor);
	const struct iphdr *ipv4 = cursor_take(cursor, sizeof(*ipv4));
	__u16 offset;

	if (!ipv4 || ipv4->version != 4 || ipv4->ihl < 5)
		return PACKET_MALFORMED;
	packet->length = bpf_ntohs(ipv4->tot_len);
	if (packet->length < ipv4->ihl * 4 || packet->length > left)
		return PACKET_MALFORMED;
	packet->traffic_class = ipv4->tos;
	packet->hop_limit = ipv4->ttl;
	packet->flow.protocol = ipv4->protocol;
	offset = bpf_ntohs(ipv4->frag_off);
	fragment->id = ipv4->id;
	fragment->later = (offset & 0x1fff) != 0;
	fragment->first = (offset & 0x2000) && !fragment->later;
	cursor_skip(cursor, (ipv4->ihl - 5) * 4);
	return PACKET_FINE;
}

/* RFC 8200, 4.5 */
struct fragment_header {
	__u8 next_header;
	__u8 reserved;
	__be16 offset;
	__be32 id;
};

/*
 * Walks the extension headers in front of the transport header (RFC 8200, 4). Whatever follows the
 * header of a later fragment is payload.
 */
step int packet_walk_extensions(struct cursor *cursor, __u8 *next_header, struct fragment *fragment)
{
#pragma unroll
	for (int i = 0; i < EXTENSIONS_MAX; i++) {
		const struct ipv6_opt_hdr *option;
		const struct fragment_header *part;

		switch (*next_header) {
		case IPPROTO_FRAGMENT:
			part = cursor_take(cursor, sizeof(*part));
			if (!part)
				return PACKET_MALFORMED;
			*next_header = part->next_header;
			fragment->id = part->id;
			fragment->later = (bpf_ntohs(part->offset) & 0xfff8) != 0;
			fragment->first = (bpf_ntohs(part->offset) & 1) && !fragment->later;
			if (fragment->later)
				return PACKET_FINE;
			break;
		case IPPROTO_HOPOPTS:
		case IPPROTO_ROUTING:
		case IPPROTO_DSTOPTS:
			option = cursor_take(cursor, 8);
			if (!option)
				return PACKET_MALFORMED;
			*next_header = option->nexthdr;
			cursor_skip(cursor, option->hdrlen * 8);
			break;
		case IPPROTO_AH: /* its length counts in 4 bytes, less 2 (RFC 4302, 2.2) */
			option = cursor_take(cursor, 8);
			if (!option)
				return PACKET_MALFORMED;
			*next_header = option->nexthdr;
			cursor_skip(cursor, option->hdrlen * 4);
			break;
		default:
			return PACKET_FINE;
		}
	}
	return PACKET_EXTENSIONS;
}

step int packet_parse_ipv6(struct cursor *cursor, struct packet *packet, struct fragment *fragment)
{
	__u32 left = cursor_left(cursor);
	const struct outer_header *ipv6 = cursor_take(cursor, sizeof(*ipv6));
	__u32 word;
	__u8 next_header;
	int fault;

	if (!ipv6)
		return PACKET_MALFORMED;
	word = bpf_ntohl(ipv6->version_class_label);
	if (word >> 28 != 6)
		return PACKET_MALFORMED;
	packet->length = bpf_ntohs(ipv6->payload_length) + sizeof(*ipv6);
	if (packet->length > left)
		return PACKET_MALFORMED;
	packet->traffic_class = word >> 20;
	packet->hop_limit = ipv6->hop_limit;
	next_header = ipv6->next_header;
	fault = packet_walk_extensions(cursor, &next_header, fragment);
	packet->flow.protocol = next_header;
	return fault;
}

step int packet_parse_tcp(struct cursor *cursor, struct packet *packet)
{
	const struct tcphdr *tcp = cursor_take(cursor, sizeof(*tcp));

	if (!tcp || tcp->doff < 5)
		return PACKET_MALFORMED;
	packet->flow.client_port = tcp->source;
	packet->flow.vip_port = tcp->dest;
	packet->tcp_flags = ((const __u8 *)tcp)[13];
	packet->timestamps = 
		tcp_timestamps(cursor, (tcp->doff - 5) * 4, &packet->cookie);
	cursor_skip(cursor, (tcp->doff - 5) * 4);
	return PACKET_FINE;
}

step int packet_parse_udp(struct cursor *cursor, struct packet *packet)
{
	const struct udphdr *udp = cursor_take(cursor, sizeof(*udp));

	if (!udp)
		return PACKET_MALFORMED;
	packet->flow.client_port = udp->source;
	packet->flow.vip_port = udp->dest;
	return PACKET_FINE;
}

/*
 * The cookie of a quoted segment, in the layout that all but the rarest have: the quote is more than
 * its eight bytes for IPv6 always, for IPv4 often (RFC 1812, 4.3.2.3).
 */
step void packet_quoted_cookie(const struct cursor *at, struct packet *packet)
{
	struct cursor cursor = *at;
	const struct tcphdr *tcp = cursor_take(&cursor, sizeof(*tcp));
	const __be32 *words = cursor_take(&cursor, 3 * sizeof(*words));

	if (!tcp || !words || tcp->doff < 8 || words[0] != NOP_NOP_TIMESTAMPS)
		return;
	packet->timestamps = true;
	packet->cookie = bpf_ntohl(words[1]);
}

struct icmp_header {
	__u8 type;
	__u8 code;
	__be16 checksum;
	__be32 rest;
};

_Static_assert(sizeof(struct icmp_header) == 8, "RFC 792, RFC 4443 2.1");

/* Destination unreachable, time exceeded, parameter problem; for IPv6 also packet too big. */
step bool icmp_is_error(const struct packet *packet, __u8 type)
{
	if (packet->family == FAMILY_V6)
		return type >= 1 && type <= 4;
	return type == 3 || type == 11 || type == 12;
}

/*
 * The quoted packet is one that a server sent, so its source is the VIP. Turned round, it is the
 * client's flow. Eight bytes of its payload are always there (RFC 792): the ports.
 */
step int packet_parse_icmp(struct cursor *cursor, struct packet *packet)
{
	const struct icmp_header *icmp = cursor_take(cursor, sizeof(*icmp));
	const struct udphdr *ports;
	union address source;

	if (!icmp)
		return PACKET_MALFORMED;
	if (!icmp_is_error(packet, icmp->type))
		return PACKET_NO_PORTS;
	if (packet->family == FAMILY_V6) {
		const struct outer_header *quoted = cursor_take(cursor, sizeof(*quoted));

		if (!quoted)
			return PACKET_MALFORMED;
		source = quoted->source;
		packet->flow.client = quoted->destination;
		packet->flow.protocol = quoted->next_header;
	} else {
		const struct iphdr *quoted = cursor_take(cursor, sizeof(*quoted));

		if (!quoted || quoted->ihl < 5)
			return PACKET_MALFORMED;
		address_from_v4(&source, quoted->saddr);
		address_from_v4(&packet->flow.client, quoted->daddr);
		packet->flow.protocol = quoted->protocol;
		cursor_skip(cursor, (quoted->ihl - 5) * 4);
	}
	if (packet->flow.protocol == IPPROTO_TCP)
		packet_quoted_cookie(cursor, packet);
	ports = cursor_take(cursor, sizeof(*ports));
	if (!ports || !address_equal(&source, &packet->flow.vip))
		return PACKET_MALFORMED;
	packet->flow.vip_port = ports->source;
	packet->flow.client_port = ports->dest;
	packet->kind = PACKET_ICMP_ERROR;
	return PACKET_FINE;
}

step int packet_parse_transport(struct cursor *cursor, struct packet *packet)
{
	packet->transport = cursor_offset(cursor);
	switch (packet->flow.protocol) {
	case IPPROTO_TCP:
		return packet_parse_tcp(cursor, packet);
	case IPPROTO_UDP:
		return packet_parse_udp(cursor, packet);
	case IPPROTO_ICMP:
		return packet->family == FAMILY_V4 ? packet_parse_icmp(cursor, packet) : PACKET_NO_PORTS;
	case IPPROTO_ICMPV6:
		return packet->family == FAMILY_V6 ? packet_parse_icmp(cursor, packet) : PACKET_NO_PORTS;
	default:
		return PACKET_NO_PORTS;
	}
}

step void packet_tell_fragments(const struct packet *packet, __be32 id)
{
	struct fragment_first first = {
		.client_port = packet->flow.client_port,
		.vip_port = packet->flow.vip_port,
		.cookie = packet->cookie,
		.timestamps = packet->timestamps,
	};

	fragments_remember(&packet->flow, id, &first);
}

/* What a later fragment does not say itself. False: its first one was not seen. */
step bool packet_ask_fragments(struct packet *packet, __be32 id)
{
	const struct fragment_first *first = fragments_recall(&packet->flow, id);

	if (!first)
		return false;
	packet->flow.client_port = first->client_port;
	packet->flow.vip_port = first->vip_port;
	packet->cookie = first->cookie;
	packet->timestamps = first->timestamps & 1;
	return true;
}

/* Makes the verifier forget by which way a packet was read. */
step void packet_settle(const struct cursor *cursor, struct packet *packet)
{
	packet->kind ^= cursor_unknown(cursor);
	packet->flow.protocol ^= cursor_unknown(cursor);
	packet->tcp_flags ^= cursor_unknown(cursor);
	packet->timestamps = (packet->timestamps ^ cursor_unknown(cursor)) & 1;
}

/* Behind the network header and its extensions. */
step int packet_parse_behind(struct cursor *cursor, struct packet *packet,
			     const struct fragment *fragment)
{
	int fault;

	if (fragment->later) {
		packet->kind = PACKET_LATER_FRAGMENT;
		packet->transport = cursor_offset(cursor);
		return packet_ask_fragments(packet, fragment->id) ? PACKET_FINE : PACKET_NO_FRAGMENT;
	}
	fault = packet_parse_transport(cursor, packet);
	/* What stands behind the packet's own end is the frame's padding. */
	if (!fault && cursor_offset(cursor) > packet->at + packet->length)
		return PACKET_MALFORMED;
	if (!fault && fragment->first && packet->kind == PACKET_WHOLE) {
		packet->kind = PACKET_FIRST_FRAGMENT;
		packet_tell_fragments(packet, fragment->id);
	}
	return fault;
}

/* Any packet, header by header. Not inlined, and so in nobody's way. */
static __noinline int packet_parse_odd(void *start, void *at, void *end, struct packet *packet)
{
	struct cursor cursor = {.start = start, .at = at, .end = end};
	struct fragment fragment = {};
	int fault;

	if (packet->family == FAMILY_V6)
		fault = packet_parse_ipv6(&cursor, packet, &fragment);
	else
		fault = packet_parse_ipv4(&cursor, packet, &fragment);
	if (fault)
		return fault;

	cursor_settle(&cursor);
	fault = packet_parse_behind(&cursor, packet, &fragment);
	packet_settle(&cursor, packet);
	return fault;
}

/* The same, on a copy: who gives away its address has what is known of the packet in memory on every way. */
step int packet_parse_any(struct cursor cursor, struct packet *packet)
{
	struct packet odd = *packet;
	int fault = packet_parse_odd(cursor.start, cursor.at, cursor.end, &odd);

	odd.family = packet->family; /* has not changed, but the verifier has forgotten its bounds */
	*packet = odd;
	return fault;
}

/* From the IP header to the flow. What the short way has read of an odd packet is forgotten. */
step int packet_parse(struct cursor cursor, struct packet *packet)
{
	struct packet plain = *packet;

	if (!packet_parse_plain(&cursor, &plain))
		return packet_parse_any(cursor, packet);
	*packet = plain;
	return PACKET_FINE;
}
