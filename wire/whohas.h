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
	WHOHAS_MINE,	     /* an established or half-open socket, of `backend` */
	WHOHAS_CLOSED,	     /* TIME_WAIT, at `backend`: it counts where nobody else has it */
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

siphash_inline __u64 whohas_tag(const struct whohas_sealed *sealed,
				const volatile struct siphash_key *key)
{
	return siphash((const __u64 *)sealed, WHOHAS_SEALED_WORDS, key);
}
