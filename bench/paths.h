/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is measured: a row for every way that a packet can take through a shipped program. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/egress.h"
#include "bench/frames.h"
#include "bench/programs.h"
#include "bench/world.h"

/* What the packet must look like behind the program. */
enum outcome {
	OUTCOME_UNTOUCHED,
	OUTCOME_TO_BACKENDS, /* encapsulated, every segment a backend's SID */
	OUTCOME_TO_ROUTER,   /* encapsulated for the other gateway */
	OUTCOME_DELIVERED,   /* the client's packet without its outer header */
	OUTCOME_NEXT_SEGMENT,
	OUTCOME_BOUNCED, /* on its way back to the router that sent it, marked unclaimed */
	OUTCOME_CLAMPED, /* nothing but a smaller MSS */
	OUTCOME_RESTORED, /* nothing but an echo of the kernel's own */
};

enum asked {
	ASKED_ANYTHING,
	ASKED_MOMENT_AGO, /* who has flow 0 */
	ASKED_TOO_MUCH,	  /* there is no budget left */
};

struct path {
	const char *name;
	enum target target;
	enum frame_kind kind;
	enum frame_outer outer;
	enum world_port port;
	enum world_router router;
	enum egress egress; /* the packet is one that a socket of the host's sends: outer and port do not count */
	uint32_t verdict; /* whose counter must rise; 0: none counts it */
	int action;	  /* what the program must return */
	enum outcome outcome;
	bool stranger; /* to an address that is no VIP */
	uint32_t strays; /* of a million packets, so many may end otherwise */
	enum asked asked; /* what the gateway remembers of questions before each sample */
	enum world_port pins; /* the table of pins is full of one million flows to it before each sample; 0: as it is */
	bool recent;	      /* ... and each of them has just sent a packet */
	bool one_flow; /* many flows would need as many sockets */
	unsigned int marks[2]; /* ns to reach, with one flow and with many; 0: none */
};

extern const struct path paths[];
extern const size_t n_paths;

void path_frame(const struct path *path, bool v6, struct driver_frame *ret);
