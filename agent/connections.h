/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How many TCP connections each of this host's services has, established or closing: what has to come
 * to its end before a drained backend may go. Counted in the kernel's table of sockets again and again
 * (io/sockets.h, core/census.h), so that a number is right whatever came before the agent, or while it
 * was away; it is up to a second old, or older where there are so many that counting takes its time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "core/plan.h"
#include "core/rests.h"

struct connections;

int connections_new(sd_event *event, struct connections **ret);
struct connections *connections_free(struct connections *connections);

/*
 * Counts those of this plan from now on, and what `storage`, the map of what is kept of each, says that they
 * carry; plan and map live until the next one is followed. Until they are
 * counted for the first time, some milliseconds, they are not known. 0, or -ENOMEM, and nothing is known.
 */
int connections_follow(struct connections *connections, const struct plan *plan, int storage);

/*
 * For whoever tells others, as status and the heartbeat do: of the followed plan's service of this index.
 * False: not known (yet), or it is none of TCP.
 */
bool connections_of(const struct connections *connections, size_t service, uint32_t *ret);

/*
 * Whether connections carry each bit of an epoch. What new ones get, of `epoch`, is carried whatever was
 * counted: they may begin between two counts.
 */
void connections_carried(const struct connections *connections, uint32_t epoch,
			 enum rests_carried ret[static COOKIE_EPOCHS]);
