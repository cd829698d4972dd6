/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A flow as the gateway sees it: always from the client to the VIP, whichever way the packet at hand
 * travels (an ICMP error about a server's segment quotes the reverse; parsing turns it round).
 *
 *     0               16              32           34        36        37         40
 *    +---------------+---------------+------------+---------+---------+----------+
 *    | client        | vip           | client     | vip     | protocol| zero     |
 *    | address       | address       | port       | port    |         |          |
 *    +---------------+---------------+------------+---------+---------+----------+
 */
#pragma once

#include "wire/address.h"

struct flow {
	union address client;
	union address vip;
	__be16 client_port;
	__be16 vip_port;
	__u8 protocol;
	__u8 zero[3]; /* hashed with the rest, so it must be zero */
};

_Static_assert(sizeof(struct flow) == 40, "the flow hash reads ten words");

/* One datagram's fragments (RFC 791, 3.2; RFC 8200, 4.5), and what its first one tells of the rest. */
struct fragment_key {
	union address client;
	union address vip;
	__be32 id;
	__u8 protocol;
	__u8 zero[3];
};

struct fragment_first {
	__be16 client_port;
	__be16 vip_port;
	__u32 cookie; /* as in struct packet */
	__u8 timestamps;
	__u8 zero[3];
};

_Static_assert(sizeof(struct fragment_key) == 40, "no hidden padding in a map key");
