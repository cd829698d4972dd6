/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What travels between gateways and backends: an IPv6 outer header and, for two or three segments,
 * a reduced Segment Routing Header (RFC 8754; H.Encaps.Red of RFC 8986, 5.2).
 *
 *   one segment      IPv6 (next header 4 or 41)                          40 bytes
 *   two segments     IPv6 (43), SRH with segment 2                       64 bytes
 *   three segments   IPv6 (43), SRH with segments 3 and 2                80 bytes
 *
 * "Reduced" means that the first segment stands in the destination address alone; the SRH lists the
 * others, last one first.
 *
 * A segment identifier (SID) is a locator, a function and an argument (RFC 8986, 3.1). The lengths
 * are the defaults of FRR's locators: block 40, node 24, function 16, argument 48 bits.
 *
 *    0                  40            64         80      88     96        112            127
 *   +------------------+-------------+----------+-------+------+---------+----------------+
 *   |      block       |    node     | function | flags | hops | backend |      zero      |
 *   +------------------+-------------+----------+-------+------+---------+----------------+
 *   |<------------ locator --------->|          |<------------- argument ---------------->|
 */
#pragma once

#include "wire/address.h"

/* Functions in a node's locator. FRR hands out its own from 1 upwards; these keep out of its way. */
enum srv6_function {
	SRV6_ROUTE = 0xf001,  /* hasher to router; never re-hashes. Flags: tried. Counts hops.     */
	SRV6_SITE = 0xf002,   /* anycast within a site: hashes among its gateways. Counts hops.    */
	SRV6_ACCEPT = 0xf003, /* to an agent. Flags: must, by.                                     */
	SRV6_PIN = 0xf004,    /* agent to router: a reply that goes out through the gateway.
			       * Flags: relayed. Whose: the backend's id.                          */
	SRV6_WHO_HAS = 0xf005, /* who has this connection? (wire/whohas.h)                         */
	SRV6_HOST = 0xf00c,   /* a node's address for its daemon: health probes and heartbeats.    */
	SRV6_PROBE = 0xf00e,  /* who is there? Agent or gateway answer at once (wire/probe.h).     */
	SRV6_DECAP_V4 = 0xf0d4, /* agentless backend: the kernel's End.DX4                         */
	SRV6_DECAP_V6 = 0xf0d6, /* agentless backend: the kernel's End.DT6                         */
};

/*
 * The argument's flags. `by` says which rung of the ladder sent the packet to this agent. If the agent
 * does not hold the connection, it gives the flag back with `unclaimed`, so that the gateway goes on
 * behind that rung and never tries it again: what comes back only goes down, and cannot circle.
 */
enum srv6_flag {
	SRV6_MUST = 0x01,      /* accept: deliver to the host's stack, whatever the socket table says */
	SRV6_UNCLAIMED = 0x02, /* route: the last agent of the list did not claim this packet         */
	SRV6_BY_COOKIE = 0x04, /* accept: the cookie named this agent. route: it was tried, in vain   */
	SRV6_BY_PIN = 0x08,    /* the same of a pin                                                   */
	SRV6_RELAYED = 0x10,   /* pin: a gateway handed it to the flow's router, which hands on no more */
	SRV6_BY_ROW = 0x20,    /* accept: the row named it, where a pin was not read. route: now it is */
};

/* The parts of a SID by their place in `union address`. */
#define SID_FUNCTION_GROUP 4 /* groups[4]: the function, network order     */
#define SID_FLAGS_BYTE 10    /* bytes[10]: the argument's flags            */
#define SID_HOPS_BYTE 11     /* bytes[11]: moves between sites so far      */
#define SID_BACKEND_GROUP 6  /* groups[6]: pin: the id of the backend that sends, network order */

/* The argument, as it is or'ed into the lower half of a SID whose own is zero. */
static inline __attribute__((always_inline)) __be64 sid_argument(__u8 flags, __u8 hops)
{
	return WIRE_BE64((__u64)flags << 40 | (__u64)hops << 32);
}

#define SRV6_LOCATOR_BITS 64
#define SRV6_ROUTING_TYPE 4 /* RFC 8754, 2 */
#define SRV6_SEGMENTS_MAX 3
#define SRV6_SITE_HOPS_MAX 2 /* a packet moves between sites at most twice */

#define NEXT_HEADER_IPV4 4
#define NEXT_HEADER_IPV6 41
#define NEXT_HEADER_ROUTING 43

/*
 * The IPv6 header, written and read as whole words (RFC 8200, 3).
 *
 *   | version 4 | traffic class 8 | flow label 20 | payload length 16 | next header 8 | hop limit 8 |
 */
struct outer_header {
	__be32 version_class_label;
	__be16 payload_length;
	__u8 next_header;
	__u8 hop_limit;
	union address source;
	union address destination;
};

_Static_assert(sizeof(struct outer_header) == 40, "RFC 8200, 3");

/*
 * The fixed part of the SRH (RFC 8754, 2).
 *
 *   | next header 8 | length 8 | type = 4 8 | segments left 8 | last entry 8 | flags 8 | tag 16 |
 */
struct segment_routing_header {
	__u8 next_header;
	__u8 length; /* in 8 bytes, without the first 8 */
	__u8 type;
	__u8 segments_left;
	__u8 last_entry;
	__u8 flags;
	__be16 tag;
};

_Static_assert(sizeof(struct segment_routing_header) == 8, "RFC 8754, 2");

/* Bytes that a list of `segments` (1 to 3) puts in front of a packet. */
#define SRV6_OVERHEAD(segments)                                                                    \
	(sizeof(struct outer_header) +                                                             \
	 ((segments) > 1 ? sizeof(struct segment_routing_header) + 16 * ((segments) - 1) : 0))

_Static_assert(SRV6_OVERHEAD(1) == 40, "no SRH for a list of one");
_Static_assert(SRV6_OVERHEAD(2) == 64, "reduced SRH with one entry");
_Static_assert(SRV6_OVERHEAD(3) == 80, "reduced SRH with two entries");

static inline __attribute__((always_inline)) int sid_in_locator(const union address *sid,
								const union address *locator)
{
	return sid->halves[0] == locator->halves[0];
}

static inline __attribute__((always_inline)) union address sid_make(const union address *locator,
								    enum srv6_function function)
{
	union address sid = {};

	sid.halves[0] = locator->halves[0];
	sid.groups[SID_FUNCTION_GROUP] = WIRE_BE16(function);
	return sid;
}
