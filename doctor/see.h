/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The doctor's eyes: each fills its part of the facts, from the kernel, the wire or the daemon, and
 * changes nothing. 0, or a negative errno where not even the question could be put.
 */
#pragma once

#include <jansson.h>

#include "doctor/facts.h"

/* The configured interfaces: links, programs, offloads, settings (see_interfaces.c). */
int see_interfaces(struct facts *facts);

/* Addresses, announced VIPs, routes, settings of the host; targets by what routes them
 * (see_host.c). */
int see_host(struct facts *facts, const json_t *status);

/* Routes that change how TCP writes its timestamps (see_routes.c). */
int see_routes(struct facts *facts);

/* Asks every agent that has a route, and measures the path to it (see_agents.c). */
int see_agents(struct facts *facts);

/* How much every counter rose between two answers of /counters (see_host.c). */
int see_drops(struct facts *facts, const json_t *before, const json_t *after);
