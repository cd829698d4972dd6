/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What an agent keeps of a connection whose segments it stamps (wire/cookie.h, wire/clock.h).
 *
 *   struct connection       in the socket's own storage, from the client's ACK on
 *   struct connection_lag   in a bounded table by the flow, while there is no such socket: from the SYN
 *                           to that ACK, and from the FIN through TIME_WAIT
 *
 * Whether and how a connection is stamped is settled by its SYN-ACK and holds for life: the client
 * compares every timestamp with those before (RFC 7323, 5). New keys, a new configuration or a new agent
 * make no difference to it. So birth takes the mark that the handshake's ACK has echoed, and a connection
 * whose SYN-ACK left before the agent came never gets storage.
 */
#pragma once

#include <linux/bpf.h>

#include "wire/clock.h"

struct connection {
	struct bpf_spin_lock lock; /* whoever changes the clock's lag has it */
	__u32 mark;		   /* epoch and permuted id; never changes */
	struct connection_clock clock;
};

_Static_assert(sizeof(struct connection) == 32, "no hidden padding");

struct connection_lag {
	__u32 lag;
	__u16 mark;   /* of a SYN: the clock in its TSecr, by which the same SYN is known again */
	__u16 marked; /* the mark was seen on the wire; else this is of a SYN that came */
};

_Static_assert(sizeof(struct connection_lag) == 8, "no hidden padding");
