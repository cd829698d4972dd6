/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the benchmark tells its driver program, and what the driver tells back. One struct in the
 * program's memory, which both sides see; and the random flows, which both sides can compute.
 *
 * The frame is written in whole words from the end of the Ethernet header on, so that the fields of
 * all headers lie inside one store each: a load that spans two recent stores would stall, and the
 * program under test would pay for the way in which the driver writes.
 */
#pragma once

#include "wire/address.h"

#define DRIVER_SHORT_WORDS 11 /* behind the Ethernet header: a client's packet */
#define DRIVER_WORDS 22	      /* one with an outer header of two segments */
#define DRIVER_FRAME_SHORT (14 + 8 * DRIVER_SHORT_WORDS)
#define DRIVER_FRAME_LONG (14 + 8 * DRIVER_WORDS)
#define DRIVER_FLOWS_MAX 1000000
#define DRIVER_MARKS (1 << 20) /* a power of two, no less than flows */
#define DRIVER_CHUNK_PACKETS 512 /* a power of two: how often the clock is read */
#define DRIVER_CHUNKS 127	 /* of a run at most; one less than a power of two */

/* A frame, and where in it the flow stands. */
struct driver_frame {
	__u8 unused[2]; /* so that the words are aligned */
	__u8 ethernet[14];
	__u64 words[DRIVER_WORDS];
	__u32 size;	 /* DRIVER_FRAME_SHORT or DRIVER_FRAME_LONG */
	__u32 client_at; /* offset of the client's IPv4 address, or of the low half of the IPv6 one */
	__u32 port_at;	 /* of the client's port */
	__u32 cookie_at; /* of the echo that carries a cookie; 0: none does */
	__u32 sequence_at; /* of a sequence number that is another in each packet; 0: it is always one */
	__u32 v6;
};

/*
 * What a socket of the host's own sends next, at tc egress: a segment that the program under test gets again
 * and again, each time with the next timestamp. `before` and `after` are its first bytes, of the last time.
 */
#define DRIVER_SEEN 128

struct driver_egress {
	__be16 port; /* of the socket that sends */
	__u16 active; /* the segment that is on its way is one of those */
	__u32 left;   /* 0: what is sent goes its way */
	__u32 tsval_at;
	__u32 tsval; /* of the next time, host order */
	__be32 own_tsval; /* the kernel's */
	__u32 chunks;	  /* so far: one for each segment */
	__u64 began_ns;
	__u8 before[DRIVER_SEEN], after[DRIVER_SEEN];
};

struct driver {
	struct driver_frame frame;
	struct driver_egress egress;
	__u32 flows;  /* 1 to DRIVER_FLOWS_MAX */
	__u64 random; /* state of the generator */
	__u32 in_turn; /* the flows come one after the other instead */
	__u64 packets;
	__u64 clock_ns[DRIVER_CHUNKS + 1]; /* at the beginning of each chunk, and of what follows */
};

/* By a linear congruential generator (Knuth, MMIX): its upper half is random enough for addresses. */
static inline __attribute__((always_inline)) __u32 driver_next_flow(struct driver *driver)
{
	if (driver->in_turn)
		return driver->packets % driver->flows;
	driver->random = driver->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return ((driver->random >> 32) * driver->flows) >> 32;
}

/* Clients are 10.0.0.1 and 2001:db8:c::1 and upwards. */
static inline __attribute__((always_inline)) __be32 flow_client_v4(__u32 flow)
{
	return WIRE_BE32(0x0a000001 + flow);
}

static inline __attribute__((always_inline)) __be64 flow_client_low(__u32 flow)
{
	return (__be64)WIRE_BE32(1 + flow) << 32;
}

static inline __attribute__((always_inline)) __be16 flow_client_port(__u32 flow)
{
	return WIRE_BE16((__u16)(1024 + (flow * 40503 & 0x7fff)));
}

static inline __attribute__((always_inline)) __be32 packet_sequence(__u64 packets)
{
	return WIRE_BE32((__u32)packets);
}

/* What the client echoes; its clock does not matter here. */
static inline __attribute__((always_inline)) __be32 flow_echo(__u16 mark)
{
	return WIRE_BE32(1 << 16 | mark);
}
