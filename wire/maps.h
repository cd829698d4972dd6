/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the daemons write and the BPF programs read. All tables are plain arrays that the daemon maps
 * into its memory: it writes an entry's parts first and publishes with one aligned store of the word
 * that points at them, so that a packet never sees half a change.
 *
 *   vips --(address)--> intervals --(protocol, port)--> services --(hash)--> rows --> backends
 *                                                                                        |
 *                                               site --(hash)--> rows --> routers        |
 *                                                                            |           v
 *                                                                            +------> next_hops
 */
#pragma once

#include "wire/address.h"
#include "wire/cookie.h"
#include "wire/hash.h"
#include "wire/pins.h"
#include "wire/siphash.h"
#include "wire/trace.h"

/* Part of the name of the directory of pins: programs of another layout never meet these maps. */
#define LAYOUT_VERSION 5

#define VIP_SLOTS 131072 /* a power of two, kept at most a quarter full */
#define VIP_PROBES 32	/* an address stands within so many slots of its own; nearly always in it */
#define VIPS_MAX (VIP_SLOTS / 4)
#define INTERVALS_MAX 65536
#define INTERVAL_STEPS 16 /* halvings that find one of INTERVALS_MAX */
#define SERVICES_MAX 16384
#define SERVICES_MIN 1024 /* as many have places for their members in the least gateway */
#define BACKENDS_MAX 32768 /* a backend's id is its index: 15 bits, as in the cookie. 0: none */
#define SITES_MAX 256
#define DESTINATIONS_MAX (1 << 16) /* backends, and behind them the sites: every number that a row can hold */
#define ROUTERS_MAX 256
#define NEXT_HOPS_MAX 32768
#define LINKS_MAX 4096 /* a device of a greater index is no VLAN's to us */
#define ROWS_MIN (1 << 18) /* of the least gateway: two megabytes */
#define ROWS_MAX ((1 << 26) - 1) /* 512 MB, as far as the verifier follows an index */
#define FRAGMENTS_MAX 8192
#define LAGS_MAX 16384
#define WAYS_MAX 131072

/* protocol << 16 | port, host order, both ends inclusive; a VIP's intervals are sorted. */
struct interval {
	__u32 first;
	__u32 last;
	__u32 service;
	__u32 flags; /* enum service_flag: an agent has no table of services, but counts by their number */
};

_Static_assert(sizeof(struct interval) == 16, "four intervals to a cache line");

/* The same for a gateway, in one word: as it stands in the VIP's slot. */
struct vip_interval {
	__u32 first; /* VIP_INTERVAL_NONE: nobody's, no packet has such a point */
	__u16 more;  /* ports behind the first one */
	__u16 service;
};

_Static_assert(sizeof(struct vip_interval) == 8, "stored at once");

#define VIP_INTERVAL_NONE 0xffffffff
#define VIP_INTERVALS 5

static inline __attribute__((always_inline)) struct vip_interval
vip_interval_of(const struct interval *interval)
{
	if (interval->last - interval->first > 0xffff)
		return (struct vip_interval){.first = VIP_INTERVAL_NONE};
	return (struct vip_interval){.first = interval->first,
				     .more = interval->last - interval->first,
				     .service = interval->service};
}

/*
 * One place of the open-addressed table of VIPs. A VIP's services are disjoint intervals of protocol
 * and port, `intervals` tells which: first << 16 | count. 0: free, and the end of a probe. The first of them
 * stand in the slot too, where a gateway finds them without another look-up; what it does not find there it
 * looks for in the list.
 */
struct vip_slot {
	union address address;
	__u64 intervals;
	struct vip_interval near[VIP_INTERVALS];
};

_Static_assert(sizeof(struct vip_slot) == 64, "a slot is a cache line");

#define VIP_DELETED ((__u64)1 << 63) /* no VIP any more, but a probe goes on */

static inline __attribute__((always_inline)) __u32 vip_slot_of(const union address *vip)
{
	__u64 mix = (vip->halves[0] * 0x9e3779b97f4a7c15ULL) ^ vip->halves[1];

	mix = (mix ^ mix >> 32) * 0xd6e8feb86659fd93ULL;
	return mix >> 47;
}

_Static_assert(1 << (64 - 47) == VIP_SLOTS, "vip_slot_of gives a slot");

/* A VIP that is a network: longest match, tried where no exact VIP matches. The address follows its
 * length without a gap: the kernel would match the gap's bits first. */
struct vip_prefix_key {
	__u32 bits;
	union address address;
} __attribute__((packed));

_Static_assert(sizeof(struct vip_prefix_key) == 20, "no hidden padding in a map key");

static inline __attribute__((always_inline)) __u32 interval_point(__u8 protocol, __be16 port)
{
	return (__u32)protocol << 16 | WIRE_BE16(port);
}

/*
 * A row table: `size` rows, each with ROW_BANKS places of two bytes, one place a generation: a bank is
 * the same place of all rows. `banks` says which are candidates, newest first, a byte each, and how
 * many there are in the top byte; the bank that is none of them is where the next generation is
 * written. So one load tells a flow's candidates of all generations; the first one is written into all
 * banks, so that a row in whose places there is one number has one candidate.
 *
 *    63           48 47           32 31           16 15            0
 *   +---------------+---------------+---------------+---------------+
 *   | bank 3        | bank 2        | bank 1        | bank 0        |
 *   +---------------+---------------+---------------+---------------+
 *
 * A place holds a backend's id, ROW_SITE and the number of another site, or a router's number, all from 1;
 * 0 is nobody.
 */
#define ROW_BANKS 4
#define ROW_PLACE_BITS 16
#define ROW_ALL_PLACES 0x0001000100010001ULL /* times a place: a row that has it in all of them */
#define ROW_SITE 0x8000 /* the connection goes to another site: its anycast SID, in the table of backends */
#define CANDIDATES_MAX 3

struct rows {
	__u32 first; /* of the map of rows */
	__u32 size;  /* a prime (Maglev, NSDI '16, 3.4) */
	__u32 banks;
};

static inline __attribute__((always_inline)) __u32 rows_count(__u32 banks)
{
	return banks >> 24;
}

static inline __attribute__((always_inline)) __u32 rows_bank(__u32 banks, __u32 candidate)
{
	return banks >> (8 * candidate) & 0xff;
}

static inline __attribute__((always_inline)) __u16 row_place(__u64 row, __u32 bank)
{
	return row >> (bank % ROW_BANKS * ROW_PLACE_BITS);
}

enum service_flag {
	SERVICE_AGENTLESS = 1 << 0, /* one segment, the kernel's seg6local behind it */
	SERVICE_OFF = 1 << 1,	    /* the operator's: its packets are left to the host */
	SERVICE_COOKIE = 1 << 2,    /* TCP timestamps carry the backend's id */
	SERVICE_STICKY = 1 << 3,    /* a flow's first packet pins it to the row's backend */
	SERVICE_ONE_WAY = 1 << 4,   /* nothing comes back from a backend: the last one must take it */
	SERVICE_RETURN = 1 << 5,    /* replies go through the gateway that the client's packets came by */
	SERVICE_CLOSED = 1 << 8,    /* nobody is open: only what is old is forwarded */
};

struct service {
	struct rows rows;
	__u32 flags;
	__u64 identity; /* of its name, by which a restarted daemon finds it again. 0: free */
	__u64 ask_interval_ns; /* the budget of wire/whohas.h, 0: nobody is asked */
	/* Where the rows begin that packets from other sites go by: as many, in the same banks, but of our own
	 * members alone as long as one is open. 0: the rows above. */
	__u32 home;
	__u32 spare;
	__u64 spares[3];
};

_Static_assert(sizeof(struct service) == 64, "a service is a cache line");

/* A bit for each service and backend: the word of 64 backends, and in it the bit of the id. */
#define MEMBER_WORDS (BACKENDS_MAX / 64) /* of one service */
#define MEMBER_WORDS_MIN (SERVICES_MIN * MEMBER_WORDS)

static inline __attribute__((always_inline)) __u32 member_word(__u32 service, __u32 id)
{
	return service * MEMBER_WORDS + id / 64;
}

/* The gateway's own site: whose rows choose the flow's router. */
struct site {
	struct rows routers;
	__u32 spare;
};

_Static_assert(sizeof(struct site) == 16, "");

_Static_assert(ROW_SITE == BACKENDS_MAX, "a site's place in a row is its place among the destinations");

/* What segments lead to: a backend, another site or another gateway. */
struct destination {
	union address sids[2]; /* for inner IPv4, for inner IPv6 */
	__u32 next_hops;       /* first << 8 | count. Count 0: unreachable */
	__u32 flags;
	__u64 identity; /* of its name, as of a service. 0: free */
	__u64 spare[2];
};

_Static_assert(sizeof(struct destination) == 64, "a destination is a cache line");

enum destination_flag {
	DESTINATION_SELF = 1 << 0, /* this very gateway */
	DESTINATION_DARK = 1 << 1, /* a host that answers nothing: it would pass on nothing either */
};

/* A resolved neighbour on one of our links. */
struct next_hop {
	__u32 ifindex;
	__u16 mtu;	/* of the link: what an outer packet may measure, without Ethernet */
	__be16 vlan;	/* tag to send with, 0: none */
	__u8 to[6];	/* its MAC address */
	__u8 from[6];	/* ours on that link */
	__u32 spare[3];
};

_Static_assert(sizeof(struct next_hop) == 32, "two next hops to a cache line");

/*
 * Of a device, by its index: 0, or that it is a VLAN's: the index of the device below it, 0 if that is none
 * that we can send by, and the tag.
 *
 *    63          48 47                16 15        0
 *   +--------------+--------------------+-----------+
 *   | 0            | device below       | VLAN id   |
 *   +--------------+--------------------+-----------+
 */
#define LINK_WORD(below, tag) ((__u64)(below) << 16 | (tag))
#define LINK_BELOW(word) ((__u32)((word) >> 16))
#define LINK_TAG(word) ((__u16)(word))

/* One verdict's counter, on one CPU. */
struct counter {
	__u64 packets;
	__u64 bytes;
};

/*
 * What a gateway's program must know before it runs: read-only data of the program, set before
 * load, so that the compiler sees constants. A change means a new load and an atomic exchange.
 */
struct gateway_settings {
	struct hash_key key;
	struct prefix infrastructure;
	union address route;   /* our own router SID, and the outer source of all we send */
	union address site;    /* our site's anycast SID */
	struct trace_filter trace;
	struct cookie_keys cookie;
	__u8 vip_prefixes;     /* some VIP is a network */
	__u8 zero[7];
	__u64 fingerprint;     /* of the secret: wire/probe.h */
	struct siphash_key who_has;
	struct pin_settings pins;
	__u32 rows;	/* how many the map of rows has */
	__u32 services; /* that have places in the map of members */
};

_Static_assert(sizeof(struct gateway_settings) == 288, "");
_Static_assert(SERVICES_MAX <= 1 << (32 - PIN_HASH_BITS), "a service's number fits into a pin");

/* The same for a backend's agent. */
struct agent_settings {
	struct prefix infrastructure;
	union address accept; /* our own accept SID, argument zero */
	__u16 mss_v4; /* what a SYN-ACK may offer: the path's MTU less the longest list and headers */
	__u16 mss_v6;
	__u8 vip_prefixes; /* some VIP is a network */
	__u8 plain_clock;  /* of connections, without a bound */
	__u16 id; /* our own */
	struct hash_key key;
	struct cookie_keys cookie;
	__u64 fingerprint; /* of the secret: wire/probe.h */
	struct siphash_key who_has;
	__u16 mtu;    /* of the path to the gateways, with their header */
	__u8 returns; /* some service's replies go through a gateway */
	__u8 zero[5];
	__u64 netns; /* the host's, as SO_NETNS_COOKIE has it; 0: whichever */
};

_Static_assert(sizeof(struct agent_settings) == 184, "");
