/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who has it? The ladder's last rung: a router asks the nodes that may hold a flow's connection, each
 * by one packet to its SID of function SRV6_WHO_HAS, which an agent answers in XDP from the host's
 * socket table, and a gateway from its pins. A gateway of another site, asked with WHOHAS_SITE, asks
 * its own backends first: its daemon answers. What carries it is the other protocol number for
 * experiments (254, RFC 3692 and 4727), without a checksum: the tag is one.
 *
 * Answers decide whose a connection is, and whether it is reset, so both ways are authentic: the tag is
 * a MAC (wire/siphash.h) over the outer addresses and all in front of it, under a key that comes from the
 * secret. The addresses are in it, so that an answer goes to nobody but the one who asked; the token, which
 * is never used twice, so that an answer counts once. What a question is replayed for is an answer to
 * its first asker, who has forgotten it. The answer is as long as the question: nothing is amplified.
 *
 *    0        4      5        6       7      8       16              56        58     64      72
 *   +--------+------+--------+-------+------+-------+---------------+---------+------+-------+
 *   | magic  | kind | answer | scope | zero | token | flow          | backend | zero | tag   |
 *   +--------+------+--------+-------+------+-------+---------------+---------+------+-------+
 */
#pragma once

#include "wire/address.h"
#include "wire/budget.h"
#include "wire/flow.h"
#include "wire/siphash.h"

#define WHOHAS_PROTOCOL 254
#define WHOHAS_MAGIC WIRE_BE32(0x48465748) /* "HFWH" */

enum whohas_kind {
	WHOHAS_QUESTION = 1,
	WHOHAS_ANSWER = 2,
};

enum whohas_answer {
	WHOHAS_NOT_MINE = 1, /* a listener alone has no connection either */
	WHOHAS_MINE,	     /* an established socket, of `backend` */
	WHOHAS_CLOSED,	     /* TIME_WAIT or half-open, at `backend`: it counts where nobody else has it */
	WHOHAS_PINNED,	     /* a gateway's pin says `backend`: who has to be asked itself */
};

/* What may be done for an answer. Only a site asks further, and only nodes: so there is no circle. */
enum whohas_scope {
	WHOHAS_NODE, /* look it up */
	WHOHAS_SITE, /* ask your site's backends */
};

struct whohas {
	__be32 magic;
	__u8 kind;
	__u8 answer; /* 0 in a question */
	__u8 scope;
	__u8 zero;
	__u64 token; /* the asker's, comes back as it is */
	struct flow flow;
	__be16 backend; /* the agent's own id, or the pin's; 0 in a question */
	__u8 zeros[6];
	__u64 tag;
};

_Static_assert(sizeof(struct whohas) == 72, "whole words for the MAC");

/* What the tag is over: the end of an IPv6 header, and what follows it. */
struct whohas_sealed {
	union address source;
	union address destination;
	struct whohas message;
};

#define WHOHAS_SEALED_WORDS (__builtin_offsetof(struct whohas_sealed, message.tag) / 8)

_Static_assert(WHOHAS_SEALED_WORDS == 12, "addresses and eight words");

/*
 * What a gateway's program tells its daemon: an unclaimed packet came back, or another site's gateway
 * asks (then `asker` and `token` are its).
 */
struct whohas_event {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	struct flow flow;
	union address asker;
	__u64 token;
	__u32 service;
	__u32 sequence;	   /* of the packet, host order */
	__u8 may_be_reset; /* 1: a segment; 0: an ICMP error, which no reset answers */
	__u8 zero[7];
};

_Static_assert(sizeof(struct whohas_event) == 88, "no hidden padding in what is copied out");

#define WHOHAS_EVENTS_BYTES (256 << 10)

/*
 * Everybody has said no: until then, a segment of the flow that comes back unclaimed is sent to the row's
 * backend all the same, whose host resets it. The denial is of a connection, not of a flow: the segment's
 * sequence number must be near the one that was asked about.
 */
struct whohas_denial {
	__u64 until_ns;
	__u32 sequence;
	__u32 zero;
};

#define WHOHAS_DENIALS_MAX 16384
#define WHOHAS_NEAR (1 << 20)

static inline __attribute__((always_inline)) int whohas_denies(const struct whohas_denial *denial,
							       __u32 sequence, __u64 now_ns)
{
	return now_ns < denial->until_ns &&
	       sequence - denial->sequence + WHOHAS_NEAR < 2 * WHOHAS_NEAR;
}

/*
 * How much may be asked. A service has a budget of three shares: a half for client networks where a
 * connection was found lately, a quarter for flows that were put off and come back, as TCP's do
 * until they are answered, and a quarter for everybody. So who floods a service from everywhere
 * takes the last one; the connections of those that he is not keep the others. One network has a
 * quarter of it all at most.
 */
#define WHOHAS_HALF 2 /* of the budget */
#define WHOHAS_QUARTER 4

enum whohas_standing {
	WHOHAS_STRANGER,
	WHOHAS_BACK_AGAIN, /* a flow that was put off before */
	WHOHAS_KNOWN,	   /* a connection of the client's network was found */
};

struct whohas_budget {
	__u64 open_ns; /* words of wire/budget.h */
	__u64 kept_ns;
	__u64 back_ns;
	__u64 sites_ns; /* for the questions of other sites */
};

/* Client networks where nothing was found share their words by hash. */
#define WHOHAS_NETWORKS 65536

/* A client's network: the /24 of IPv4, the /56 of IPv6. */
struct whohas_network {
	__u64 network;
	__u32 service;
	__u32 zero;
};

struct whohas_known {
	__u64 until_ns;
	__u64 due_ns; /* of its budget */
};

#define WHOHAS_KNOWN_MAX 16384

static inline __attribute__((always_inline)) struct whohas_network
whohas_network_of(const union address *client, __u32 service)
{
	int v4 = address_is_v4(client);
	union address bits = {};

	bits.words[0] = v4 ? client->words[2] : client->words[0];
	bits.words[1] = v4 ? client->words[3] : client->words[1];
	bits.words[1] &= WIRE_BE32(0xffffff00);
	return (struct whohas_network){.network = bits.halves[0], .service = service};
}

/* `network_ns` is the network's own word. */
static inline __attribute__((always_inline)) int whohas_may_ask(struct whohas_budget *budget,
								__u64 *network_ns,
								enum whohas_standing standing,
								__u64 now_ns, __u64 interval_ns)
{
	if (!budget_take(network_ns, now_ns, interval_ns * WHOHAS_QUARTER))
		return 0;
	if (standing == WHOHAS_KNOWN &&
	    budget_take(&budget->kept_ns, now_ns, interval_ns * WHOHAS_HALF))
		return 1;
	if (standing == WHOHAS_BACK_AGAIN &&
	    budget_take(&budget->back_ns, now_ns, interval_ns * WHOHAS_QUARTER))
		return 1;
	return budget_take(&budget->open_ns, now_ns, interval_ns * WHOHAS_QUARTER);
}

/* A flow and a time, in a table by its hash, where a later one may take its place. */
struct whohas_seen {
	__u32 hash;
	__u32 time_ms;
};

static inline __attribute__((always_inline)) int
whohas_seen_within(const struct whohas_seen *seen, __u32 hash, __u32 now_ms, __u32 within_ms)
{
	return seen->hash == hash && now_ms - seen->time_ms < within_ms;
}

/* Flows that were asked about a moment ago: their next packets need no other question. */
#define WHOHAS_ASKED 16384
#define WHOHAS_ASKED_MS 100

/*
 * Flows that could not be asked about, and when that was first. A connection comes back after its
 * timeout (200 ms at least in Linux, RFC 6298 says a second), and five to eight times within the
 * minute. With 10,000 strangers a second to take its place, a flow is remembered for 400 ms by nine
 * of ten, for 6 s by four.
 */
#define WHOHAS_PUT_OFF 65536
#define WHOHAS_PUT_OFF_MS 60000
#define WHOHAS_BACK_MS 100 /* sooner it is the same segment twice, or the next one */

static inline __attribute__((always_inline)) int whohas_is_back(const struct whohas_seen *put_off,
								__u32 hash, __u32 now_ms)
{
	return whohas_seen_within(put_off, hash, now_ms, WHOHAS_PUT_OFF_MS) &&
	       !whohas_seen_within(put_off, hash, now_ms, WHOHAS_BACK_MS);
}

siphash_inline __u64 whohas_tag(const struct whohas_sealed *sealed,
				const volatile struct siphash_key *key)
{
	return siphash((const __u64 *)sealed, WHOHAS_SEALED_WORDS, key);
}
