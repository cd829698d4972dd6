/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The programs in the kernel: those under test, which are the objects that the daemons load, the
 * references, and the driver. None is pinned, and none attached outside of the benchmark's own network
 * namespace; they end with the process.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/driver.h"
#include "bench/sockets.h"
#include "bench/world.h"

enum target {
	TARGET_GATEWAY,
	TARGET_ACCEPT,
	TARGET_STAMP, /* skb programs: they have a driver of their own */
	TARGET_RESTORE,
	TARGET_STAMP_EGRESS, /* the same program, where sockets send: bench/egress.h */
	TARGET_REFERENCE_ENCAP,
	TARGET_REFERENCE_LINE,
	TARGET_REFERENCE_LRU_HASH,
	TARGET_REFERENCE_CLAIM,
	TARGET_REFERENCE_STAMP, /* where sockets send */
	TARGET_FLOOR, /* nothing at all, as XDP */
	TARGET_FLOOR_SKB,
	TARGET_FLOOR_EGRESS,
	TARGETS,
};

struct programs;

/* Loads all of it and fills the tables from the world. 0 or a negative errno, said to stderr. */
int programs_new(struct world *world, struct programs **ret);
struct programs *programs_free(struct programs *programs);

/*
 * Gives the server's end of each family's connection what an agent would have stored: its clock lags by
 * RESTORED_LAG_MS, and its mark is that of flow 0.
 */
#define RESTORED_LAG_MS 50000000
int programs_store(const struct programs *programs, const struct sockets *sockets);

/*
 * The same for the server's end of the living connection (bench/egress.h). The client has seen all that a
 * run will send, so that no clock is held.
 */
int programs_store_living(const struct programs *programs, const struct sockets *sockets, bool v6);

/* Is it driven as a test run's skb? */
bool programs_is_skb(enum target target);

/*
 * The gateway's table of pins has the million flows of one family to this service, and no others. Where there are
 * agents, to the backends of their rows; else to all in turn.
 */
int programs_pin_flows(struct programs *programs, const struct world *world, bool v6,
		       enum world_port port);

/* No flow has sent a packet for a while: the gateway has no marks of any (wire/recent.h). */
void programs_forget_recent(struct programs *programs);

/*
 * The gateway has just asked who has flow 0 of a service's (port); or `too_much`: it may ask no more, in the
 * hours to come.
 */
int programs_ask(const struct programs *programs, const struct world *world, bool v6,
		 enum world_port port, bool too_much);

/* What the driver reads and writes; shared memory. */
struct driver *programs_driver(const struct programs *programs);

/* The lower half of the timestamps that the flow's server stamps. */
uint16_t programs_cookie_mark(const struct programs *programs, bool v6, uint32_t flow);

/* Makes the target what the driver goes on in. Returns the fd of the driver to run, or an errno. */
int programs_aim(const struct programs *programs, enum target target);

/*
 * Packets that ended in `verdict` so far; of the references, those that were encapsulated. Where there
 * is no counter *ret is 0.
 */
int programs_count(const struct programs *programs, enum target target, uint32_t verdict,
		   uint64_t *ret);

/* The program itself, and the agent's storage of sockets. */
int programs_fd(const struct programs *programs, enum target target);
int programs_connections(const struct programs *programs);
