/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What stands in the pinned maps, before a program is loaded over them: a daemon that starts over services
 * which its configuration no longer has needs room for these, too, until it has put its own.
 */
#pragma once

#include "core/plan.h"
#include "daemon/pins.h"

/* How large maps must be for the plan, beside what stands in those pinned (core/room.h). 0 or a negative errno. */
int standing_sizes(const struct pins *pins, const struct plan *plan, struct plan_sizes *ret);
