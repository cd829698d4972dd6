/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The probe of `holdfast doctor`, and of gateways that watch each other: an IPv6 packet to a node's
 * SID of function SRV6_PROBE, which the agent or gateway there answers in XDP, so that the answer
 * tells that packets are forwarded, whatever the daemon does. What carries it is a protocol number
 * for experiments (253, RFC 3692 and 4727), without a checksum, which XDP_TX would not complete.
 *
 * The answer is as long as the question, so that the path is measured both ways and nothing is
 * amplified; the bytes behind the probe are whatever the asker put there. Only a question is
 * answered, never an answer, so that no two nodes can be set on each other. A gateway answers to the
 * infrastructure only. An agent, asked from outside its infrastructure prefix, answers only to one
 * who has the secret's fingerprint: so a prefix that differs between two nodes can be told from an
 * agent that is not there.
 *
 *    0          4      5      6          8           16            24                 32        64
 *   +----------+------+------+----------+-----------+-------------+------------------+---------+
 *   | magic    | kind | zero | layout   | token     | fingerprint | clock, TAI, ns   | prefix  |
 *   +----------+------+------+----------+-----------+-------------+------------------+---------+
 */
#pragma once

#include "wire/address.h"

#define PROBE_PROTOCOL 253
#define PROBE_MAGIC WIRE_BE32(0x48465052) /* "HFPR" */

enum probe_kind {
	PROBE_QUESTION = 1,
	PROBE_ANSWER = 2,
};

/*
 * The asker fills magic, kind, token and fingerprint. The node fills the others, and puts its own
 * fingerprint in the place of the asker's.
 *
 * Fingerprint: 64 bits derived from the secret under a label of their own, in the machine's byte
 * order. They tell two secrets apart and say nothing about either.
 * Clock: International Atomic Time as the kernel knows it, which is UTC where nobody told the
 * kernel of leap seconds.
 */
struct probe {
	__be32 magic;
	__u8 kind;
	__u8 zero;
	__be16 layout; /* LAYOUT_VERSION of the answering build */
	__u64 token;   /* the asker's, comes back as it is */
	__u64 fingerprint;
	__be64 tai_ns;
	struct prefix infrastructure;
};

_Static_assert(sizeof(struct probe) == 64, "");
