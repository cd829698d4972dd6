/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The doctor's eyes: each fills its part of the facts, from the kernel, the wire or the daemon, and
 * changes nothing. 0, or a negative errno where not even the question could be put.
 */
#pragma once

#include <jansson.h>

#include "doctor/facts.h"
#include "io/netlink.h"

/* The configured interfaces: links, programs, offloads, settings (see_interfaces.c). */
int see_interfaces(struct facts *facts);

/* Addresses, announced VIPs, routes, settings of the host; targets by what routes them
 * (see_host.c). */
int see_host(struct facts *facts, const json_t *status);

/*
 * Both families' entries of a table of the kernel's (RTM_GETADDR, RTM_GETROUTE) to `take`, one by one.
 * `header_size`: bytes of the request's header, which begins with the family (struct rtgenmsg).
 */
int see_dump(uint16_t type, size_t header_size, netlink_fn take, struct facts *facts);

/* Routes that change how TCP writes its timestamps (see_routes.c). */
int see_routes(struct facts *facts);

/* Asks every agent that has a route, and measures the path to it (see_agents.c). */
int see_agents(struct facts *facts);

/* How much every counter rose between two answers of /counters (see_host.c). */
int see_drops(struct facts *facts, const json_t *before, const json_t *after);
