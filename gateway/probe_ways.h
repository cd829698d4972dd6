/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a health probe asks, and how it gets to the backend that is meant: it is sent to the VIP, which stands on all of them, so
 * its mark says which. For each backend there is a route by mark whose encapsulation leads to that backend's
 * SID (io/marked_routes.h), as the data plane's does.
 *
 * We ask from an address of our own locator, function SRV6_HOST, on lo, which is the outer source, too: agents
 * take encapsulated packets from the infrastructure prefix alone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/plan.h"
#include "io/checks.h"
#include "io/rtnetlink.h"

/*
 * What this backend is asked for the service, by the way that leads there; `host` is our address, as
 * probe_ways_make left it. The texts are the service's. A service with VIPs of both families is asked over IPv6.
 */
struct check_target probe_target(const struct config_service *service, uint16_t id, uint32_t timeout_ms,
				 const union address *host);

/* Who asks, and whom. */
struct probe_world {
	const struct config_gateway *self;
	const struct network *infrastructure;
	const struct plan *plan;
	const bool *asked; /* BACKENDS_MAX, by id: those of the plan's backends that need a way */
};

/*
 * Makes the ways, in place of all former ones, and our address. `host` is our former address, or zeros, and
 * becomes the one that stands from here on. 0; -ENETDOWN: none of our interfaces is up, so all are unreachable
 * until probe_ways_mend; or another negative errno.
 */
int probe_ways_make(struct rtnetlink *netlink, const struct probe_world *world, union address *host);

/*
 * The kernel takes the ways away with the interface that they lead over. So at every change of links: puts them
 * back if the last one is gone, or makes all again if they are not `whole`, which is what became of the last
 * attempt. 1: they are there again; 0: they stood; -ENETDOWN and others as above.
 */
int probe_ways_mend(struct rtnetlink *netlink, const struct probe_world *world, bool *whole,
		    union address *host);

/* Takes the routes and addresses away that any run of the daemon has made. 0 or a negative errno. */
int probe_ways_remove(struct rtnetlink *netlink);
