/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ends pins that are honoured no more, a few buckets a second, so that they leave their places before
 * others must give way, and are gone long before the pins' time wraps and they would look young again.
 */
#pragma once

#include <systemd/sd-event.h>

#include "core/pin_table.h"

struct sweep;

/*
 * `table` says which table it is just now, NULL: none. What a daemon before this one had begun to write
 * there is cleared first. 0 or a negative errno.
 */
int sweep_new(sd_event *event, const struct pin_table *(*table)(void *userdata), void *userdata,
	      struct sweep **ret);
struct sweep *sweep_free(struct sweep *sweep);
