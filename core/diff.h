/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What would change in a node's data plane if one plan took the place of another: for an operator
 * who wants to see it before it happens (`holdfast config diff`).
 *
 * Things are paired by name, as the daemons pair them; VIPs by network. Shares (core/share.h) are
 * of what the rows decide: new connections. Old ones are found by the rows of earlier generations.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "core/config.h"
#include "core/plan.h"

/* One node, as one configuration makes it. */
struct diff_side {
	const struct plan *plan;
	/* The programs' settings; the node is a gateway or an agent, so one of them is NULL. */
	const struct gateway_settings *gateway;
	const struct agent_settings *agent;
	char *const *interfaces;
	size_t n_interfaces;
};

enum diff_about {
	DIFF_VIP,
	DIFF_SERVICE,
	DIFF_BACKEND,
	DIFF_GATEWAY,
	DIFF_INTERFACE,
	DIFF_SETTING, /* of the programs, which are loaded anew then (`reload`), or of the daemon */
};

enum diff_what {
	DIFF_ADDED,
	DIFF_REMOVED,
	DIFF_ANNOUNCED,
	DIFF_WITHDRAWN,
	DIFF_OPENED,
	DIFF_CLOSED,
	DIFF_CHANGED, /* from `before` to `after`, where they can be told */
};

#define DIFF_VALUE_MAX NETWORK_TEXT_MAX

_Static_assert(NETWORK_TEXT_MAX <= CONFIG_NAME_MAX + 1, "a name has room for a network");

struct diff_change {
	enum diff_about about;
	enum diff_what what;
	char service[CONFIG_NAME_MAX + 1]; /* that this VIP or backend changes in; "": everywhere */
	char name[CONFIG_NAME_MAX + 1];
	const char *field; /* what of it; NULL: itself */
	char before[DIFF_VALUE_MAX], after[DIFF_VALUE_MAX];
};

/* Of a service that both have. */
struct diff_share {
	char service[CONFIG_NAME_MAX + 1];
	double moved; /* 0 to 1 */
};

struct diff {
	struct diff_change *changes;
	size_t n_changes;
	struct diff_share *shares;
	size_t n_shares;
	double routers_moved; /* share of the site's flows that get another router, 0 to 1 */
	bool reload;	      /* programs are loaded anew, and exchanged under traffic */
};

/* Both sides are a gateway's, or both an agent's. Keeps nothing of them. 0 or -ENOMEM. */
int diff_sides(const struct diff_side *before, const struct diff_side *after, struct diff **ret);

/* Nothing would change. */
bool diff_is_empty(const struct diff *diff);

/* The words for it, as text and JSON have them: "vip", "withdrawn". */
const char *diff_about_name(enum diff_about about);
const char *diff_what_name(enum diff_what what);

struct diff *diff_free(struct diff *diff);
DEFINE_TRIVIAL_CLEANUP(struct diff *, diff_free);

#define _cleanup_diff_ _cleanup_(diff_freep)
