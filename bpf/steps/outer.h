/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The outer header of a packet that came to one of our SIDs: IPv6, then none or one segment routing
 * header, then the client's packet. RFC 8754 4.3.1 says what a node checks; we add that the source
 * is ours (the kernel's seg6_require_hmac does not protect decapsulation).
 */
#pragma once

#include "bpf/steps/cursor.h"
#include "wire/srv6.h"

struct outer {
	__u32 at;           /* offset of the IPv6 header */
	__u32 size;         /* bytes up to the client's packet */
	__u8 segments_left; /* 0: this node is the last */
	bool routed;        /* it has a segment routing header */
	__u8 family;        /* of the client's packet */
	__u8 traffic_class;
	union address source;
	union address sid;  /* the destination */
};

/* Passes over the segment routing header; false when it is malformed or leads too far. */
step bool outer_parse_segments(struct cursor *cursor, struct outer *outer, __u8 *next_header)
{
	const struct segment_routing_header *srh = cursor_take(cursor, sizeof(*srh));

	if (!srh || srh->type != SRV6_ROUTING_TYPE)
		return false;
	if (srh->length & 1 || srh->last_entry >= srh->length / 2 ||
	    srh->segments_left > srh->last_entry + 1)
		return false;
	/* A reduced list has one entry less than segments: a list's first may be the destination's. */
	outer->routed = true;
	outer->segments_left = srh->segments_left;
	*next_header = srh->next_header;
	cursor_skip(cursor, srh->length * 8);
	return cursor->at <= cursor->end;
}

/*
 * Advances from the IPv6 header to the client's packet. False: malformed, or what it carries is no
 * IP packet.
 */
step bool outer_parse(struct cursor *cursor, struct outer *outer)
{
	const struct outer_header *ipv6;
	__u32 word;
	__u8 next_header;

	outer->at = cursor_offset(cursor);
	ipv6 = cursor_take(cursor, sizeof(*ipv6));
	if (!ipv6)
		return false;
	word = bpf_ntohl(ipv6->version_class_label);
	outer->traffic_class = word >> 20;
	outer->source = ipv6->source;
	outer->sid = ipv6->destination;
	outer->segments_left = 0;
	outer->routed = false;
	next_header = ipv6->next_header;
	if (bpf_ntohs(ipv6->payload_length) > cursor_left(cursor))
		return false;
	if (next_header == NEXT_HEADER_ROUTING && !outer_parse_segments(cursor, outer, &next_header))
		return false;
	if (next_header != NEXT_HEADER_IPV4 && next_header != NEXT_HEADER_IPV6)
		return false;
	outer->family = next_header == NEXT_HEADER_IPV6 ? FAMILY_V6 : FAMILY_V4;
	cursor_settle(cursor);
	outer->size = cursor_offset(cursor) - outer->at;
	return true;
}
