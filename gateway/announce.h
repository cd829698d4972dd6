/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A VIP is announced while this gateway can serve it: as a blackhole route in the kernel's main table,
 * with a protocol number of our own, which FRR or BIRD redistributes. The route is a sign, not a way:
 * packets for the VIP are taken by XDP before the kernel would look it up.
 *
 * A gateway that is drained (core/drain.h) announces with a metric, of which the routing daemon makes the
 * community of graceful shutdown (RFC 8326), until it withdraws. The route with the other metric is there before the
 * one without goes, so that the daemon sees no moment without any.
 */
#pragma once

#include "core/drain.h"
#include "core/tables.h"
#include "io/rtnetlink.h"

/* What a routing daemon's configuration selects. */
#define ANNOUNCE_PROTOCOL HOLDFAST_PROTOCOL

/* The metric of what is about to go. */
#define ANNOUNCE_LEAVING 8326

/*
 * Announces the plan's VIPs that the tables can serve, as the phase says, and withdraws what else stands
 * there under our protocol, a former run's included. A NULL plan withdraws everything. Goes on after an
 * error, which is said to stderr; the last one is returned.
 */
int announce(struct rtnetlink *netlink, const struct plan *plan, const struct tables *tables,
	     enum drain_phase phase);

/* Is it announced now, whatever for? NULL: is anything? */
bool announce_stands(struct rtnetlink *netlink, const struct network *network);
