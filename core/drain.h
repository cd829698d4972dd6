/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How a gateway takes leave. It goes on announcing its VIPs for a while, marked with the community of
 * graceful shutdown (RFC 8326), so that routers prefer whoever else announces them while the old way still
 * stands: no packet meets a hole. When clients' packets come no more, or after a limit, it withdraws.
 *
 * That traffic has left is a matter of rates, for it never ends altogether: strays come for ever. It has left when
 * in `settle_ms` there came no more than `below_percent` of what came before the drain, or one packet a
 * second. The limit is for what does not leave: routers that do not know the community, or that have
 * no other way. Then the withdrawal moves it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define DRAIN_STRAYS_PER_S 1.0

struct drain_rules {
	uint32_t limit_s; /* 0: no leave is taken, the VIPs are withdrawn at once */
	uint32_t settle_ms;
	uint32_t below_percent;
};

enum drain_phase {
	DRAIN_NONE,
	DRAIN_LEAVING, /* announced, with the mark */
	DRAIN_LEFT,    /* withdrawn */
};

/* "none", "leaving", "left". */
const char *drain_phase_name(enum drain_phase phase);

enum drain_end {
	DRAIN_QUIET, /* traffic has left */
	DRAIN_LIMIT, /* it has not */
	DRAIN_EMPTY, /* nothing was announced */
};

/* All zero: not drained, and no packet was ever seen. `per_s`: of clients, of late. */
struct drain {
	enum drain_phase phase;
	enum drain_end end;    /* once left */
	uint64_t since_us;     /* that phase */
	uint64_t took_us;      /* once left: how long traffic took to leave, the quiet time not counted */
	double before_per_s;   /* clients' packets, when the drain began */
	uint64_t quiet_us;     /* since when there were but `strays` packets */
	uint64_t strays;       /* packets since then */
	uint64_t second_us;    /* when the second began that is being counted */
	uint64_t in_second;
	double per_s; /* in the one before */
};

/*
 * What the operator wants, at each configuration; `standing`: some VIP is announced now, so somebody may
 * have to leave. Has the phase changed?
 */
bool drain_want(struct drain *drain, const struct drain_rules *rules, bool wanted, bool standing,
		uint64_t now_us);

/* So many packets of clients came since the last look. Has the phase changed? Looks may be missing. */
bool drain_look(struct drain *drain, const struct drain_rules *rules, uint64_t packets,
		uint64_t now_us);

