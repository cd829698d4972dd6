/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How a health probe gets to the backend that is meant: it is sent to the VIP, which stands on all of them, so
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
#include "io/rtnetlink.h"

/* What a socket has to be marked with, so that its packets go to this backend. */
uint32_t probe_mark(uint16_t id);

/*
 * Makes the ways to those backends of the plan that are `asked` (BACKENDS_MAX of them, by id), in place of
 * all former ones, and our address. `host` is our former address, or zeros, and becomes the one that stands
 * from here on. 0 or a negative errno.
 */
int probe_ways_make(struct rtnetlink *netlink, const struct config_gateway *self,
		    const struct network *infrastructure, const struct plan *plan, const bool *asked,
		    union address *host);

/* Takes the routes and addresses away that any run of the daemon has made. 0 or a negative errno. */
int probe_ways_remove(struct rtnetlink *netlink);
