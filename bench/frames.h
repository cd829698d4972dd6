/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The frames that the driver writes: a client's packet, a server's, or one with an outer header on
 * its way between gateways and backends. All headers are whole and all lengths right; the payload
 * fills what is left of the frame. Checksums are those of flow 0, for nobody here verifies them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/driver.h"

enum frame_kind {
	FRAME_SYN,	/* offers timestamps */
	FRAME_NEW_SYN,	/* the same, and each begins a connection of its own */
	FRAME_MIDWAY,	/* a segment with timestamps in mid-connection */
	FRAME_STAMPED,	/* the same, and what it echoes is the flow's cookie */
	FRAME_DATAGRAM, /* UDP */
	FRAME_SYN_ACK,	/* of the server, its MSS larger than the path */
};

enum frame_outer {
	OUTER_NONE,
	OUTER_ROUTE,	   /* from another gateway's hasher to our router SID */
	OUTER_ACCEPT,	   /* from a gateway to our agent, the only segment */
	OUTER_ACCEPT_MUST, /* the same, and it must take it */
	OUTER_ACCEPT_LIST, /* our agent is the first of two segments */
	OUTER_PIN,	   /* from a backend's agent to our pin SID */
	OUTER_UNCLAIMED,   /* from the last agent of a list back to our router SID */
	OUTER_BOUNCED,	   /* the same, from the agent that a cookie named */
};

struct frame_shape {
	bool v6;
	enum frame_kind kind;
	enum frame_outer outer;
	const union address *server; /* the VIP, as the client wrote it */
	uint16_t port;		     /* of the server */
	const union address *source; /* of the outer header */
	const union address *sid;    /* its destination */
	const union address *next;   /* OUTER_ACCEPT_LIST: the second segment */
};

#define FRAME_MSS 1460
#define REPLYING_BACKEND 1

void frame_build(const struct frame_shape *shape, struct driver_frame *ret);

/* Makes the frame one of this flow, as the driver does. `mark`: of its cookie, if the frame has one. */
void frame_set_flow(struct driver_frame *frame, uint32_t flow, uint16_t mark);

/* And the one of so many packets. */
void frame_set_sequence(struct driver_frame *frame, uint64_t packets);

static inline uint8_t *frame_bytes(struct driver_frame *frame)
{
	return frame->ethernet; /* the words follow without a gap */
}

_Static_assert(offsetof(struct driver_frame, words) == offsetof(struct driver_frame, ethernet) + 14,
	       "a frame is one piece");

/* Offset of the client's or server's own IP header. */
uint32_t frame_inner_at(const struct driver_frame *frame);

/* Offset of the MSS in a FRAME_SYN_ACK. */
uint32_t frame_mss_at(const struct driver_frame *frame);
