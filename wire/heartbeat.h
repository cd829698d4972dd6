/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The heartbeat: a backend's agent tells every gateway, of all sites, that it is there, and how loaded its
 * host and its services are. It goes to the gateway's SID of function SRV6_HOST, by the protocol number
 * for experiments that questions take (254, RFC 3692 and 4727), and ends at the gateway's daemon.
 *
 * It is authentic: the tag is a MAC (wire/siphash.h) over the outer addresses and the whole message, with
 * zero in the tag's place, under a key of its own that comes from the secret. The gateway's address is in
 * it, so that one for another gateway does not count. It counts once: `boot` is the time when the agent
 * started, ns since 1970 by its clock, `sequence` counts what it sent since; a gateway takes only what is
 * newer than the newest it has. So a recorded heartbeat is of no use after a newer one; an agent whose
 * clock went back while it was down is refused, and the gateway says so.
 *
 * Counters are since `boot` or, for requests, since whenever the application began; the gateway makes
 * rates of them, so that a lost heartbeat costs nothing. A service is told by a hash of its name, which is
 * the same on every node (load_service in core/load.h). A host of more services than one message holds
 * sends several, each by itself a heartbeat.
 *
 *    0       4         5       6         8      16         24            28    30      32    40
 *   +-------+---------+-------+---------+------+----------+-------------+-----+-------+-----+- -
 *   | magic | version | count | backend | boot | sequence | interval ms | cpu | flags | tag | entries
 *   +-------+---------+-------+---------+------+----------+-------------+-----+-------+-----+- -
 *
 * and `count` times:
 *
 *    0         8        16         24            28      30      32
 *   +---------+--------+----------+-------------+-------+-------+
 *   | service | opened | requests | connections | queue | flags |
 *   +---------+--------+----------+-------------+-------+-------+
 *
 * A gateway leaves flags that it does not know alone, and messages of another version.
 */
#pragma once

#include "wire/address.h"
#include "wire/siphash.h"
#include "wire/whohas.h"

#define HEARTBEAT_PROTOCOL WHOHAS_PROTOCOL
#define HEARTBEAT_MAGIC WIRE_BE32(0x48464842) /* "HFHB" */
#define HEARTBEAT_VERSION 1
#define HEARTBEAT_ENTRIES_MAX 32 /* so that every path carries it whole: 1280 bytes (RFC 8200, 5) */
#define HEARTBEAT_PERMILLE 1000

enum heartbeat_flag {
	/* Which epochs' bits (wire/cookie.h) connections carry, or would if one began now; if that is known. */
	HEARTBEAT_MARKS = 1 << 2,
	HEARTBEAT_MARK_0 = 1 << 3,
	HEARTBEAT_MARK_1 = 1 << 4,
	HEARTBEAT_SHARES = 1 << 1, /* a gateway's, of shares: see below */
	HEARTBEAT_LEAVES = 1 << 0, /* the agent stops in order: expect no other, and think nothing of it */
};

enum heartbeat_entry_flag {
	HEARTBEAT_CONNECTIONS = 1 << 0,	   /* they are known */
	HEARTBEAT_OPENED = 1 << 1,	   /* the same */
	HEARTBEAT_REQUESTS = 1 << 2,	   /* the same */
	HEARTBEAT_QUEUE = 1 << 3,	   /* the same */
	HEARTBEAT_LISTENER_GONE = 1 << 4, /* somebody listened since boot, and nobody does */
};

struct heartbeat_entry {
	__be64 service;
	__be64 opened;	 /* connections accepted since boot */
	__be64 requests; /* as the application counts them */
	__be32 connections;
	__be16 queue; /* how full the accept queue is, permille */
	__be16 flags; /* enum heartbeat_entry_flag */
};

_Static_assert(sizeof(struct heartbeat_entry) == 32, "whole words for the MAC");

/*
 * Gateways of a site tell each other in the same way which shares of a service's new connections other sites
 * have (core/agreement.h): `backend` is 0, and each entry is a share.
 *
 *    0         8      16        24      28     32
 *   +---------+------+---------+-------+------+
 *   | service | site | gateway | share | zero |
 *   +---------+------+---------+-------+------+
 */
struct heartbeat_share {
	__be64 service; /* these three by a hash of their names, as above */
	__be64 site;
	__be64 gateway; /* who says so */
	__be32 share;	/* thousandths */
	__be32 zero;
};

_Static_assert(sizeof(struct heartbeat_share) == sizeof(struct heartbeat_entry), "in its place");

struct heartbeat {
	__be32 magic;
	__u8 version;
	__u8 count;
	__be16 backend; /* the id of who sends */
	__be64 boot;
	__be64 sequence;
	__be32 interval_ms; /* to the next one */
	__be16 cpu;	    /* of the host, since the last one: permille of all that it has */
	__be16 flags;	    /* enum heartbeat_flag */
	__u64 tag;
	union {
		struct heartbeat_entry entries[HEARTBEAT_ENTRIES_MAX];
		struct heartbeat_share shares[HEARTBEAT_ENTRIES_MAX]; /* HEARTBEAT_SHARES */
	};
};

#define HEARTBEAT_BYTES(count)                                                                     \
	(__builtin_offsetof(struct heartbeat, entries) + (count) * sizeof(struct heartbeat_entry))

_Static_assert(HEARTBEAT_BYTES(0) == 40, "whole words for the MAC");
_Static_assert(sizeof(struct heartbeat) == HEARTBEAT_BYTES(HEARTBEAT_ENTRIES_MAX), "");
_Static_assert(40 + sizeof(struct heartbeat) <= 1280, "one packet on every path");

/* What the tag is over: the addresses of an IPv6 header, and what follows it, as long as it is. */
struct heartbeat_sealed {
	union address source;
	union address destination;
	struct heartbeat message;
};

/* Of a message of `size` bytes, in whole words; what stands in the tag's place is taken for zero. */
static inline __u64 heartbeat_tag(struct heartbeat_sealed *sealed, __u32 size,
				  const struct siphash_key *key)
{
	__u32 addresses = __builtin_offsetof(struct heartbeat_sealed, message);
	__u64 tag, had = sealed->message.tag;

	sealed->message.tag = 0;
	tag = siphash((const __u64 *)sealed, (addresses + size) / sizeof(__u64), key);
	sealed->message.tag = had;
	return tag;
}
