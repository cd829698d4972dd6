/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The agent's programs in the kernel, over the same pinned maps: accept at XDP, restore at tc ingress,
 * stamp at tc egress, birth at the sockets (sockops, at the root of the unified cgroup hierarchy).
 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "agent/host.h"
#include "core/plan.h"
#include "core/tables.h"
#include "daemon/pins.h"

struct programs;

/* Loads them over the pinned maps, and attaches them nowhere yet. 0 or a negative errno. */
int programs_new(const struct pins *pins, const struct agent_settings *settings,
		 struct programs **ret);

/* Were these (NULL: there are none) loaded with these settings? */
bool programs_fit(const struct programs *programs, const struct agent_settings *settings);

/* Frees the daemon's hold; what is pinned and attached stays. */
struct programs *programs_free(struct programs *programs);

/*
 * Puts them on the interfaces, and has `host` remember a qdisc that this made. On an error, said to
 * stderr, the others are attached.
 */
int programs_attach(const struct programs *programs, const struct pins *pins, struct host *host,
		    char *const *interfaces, size_t n);

/* Makes the tables hold the plan's VIPs and ports. */
int programs_put_vips(const struct programs *programs, const struct plan *plan);

/*
 * How many connections of the plan's service of this index the host has accepted. The count goes on through
 * restarts, and counts for another service when the configuration gives it the index. False: not known.
 */
bool programs_born(const struct programs *programs, size_t service, uint64_t *ret);

/* The map of what is kept of each connection (wire/connection.h), in its socket. Lives as long as these. */
int programs_connections(const struct programs *programs);

int programs_counters(const struct programs *programs, json_t **ret);
