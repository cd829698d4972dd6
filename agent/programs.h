/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The agent's programs in the kernel, over the same pinned maps: accept at XDP, restore at tc ingress,
 * stamp at tc egress, birth at the sockets (sockops, at the root of the unified cgroup hierarchy).
 */
#pragma once

#include <jansson.h>

#include "agent/host.h"
#include "core/plan.h"
#include "core/tables.h"
#include "daemon/pins.h"

struct programs;

/* Loads them over the pinned maps, and attaches them nowhere yet. 0 or a negative errno. */
int programs_new(const struct pins *pins, const struct agent_settings *settings,
		 struct programs **ret);

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

int programs_counters(const struct programs *programs, json_t **ret);
