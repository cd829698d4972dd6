/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The daemon's numbers, pushed to InfluxDB every so often in its line protocol (daemon/metrics.h), where
 * the configuration says so (`metrics.influx`). libcurl on the loop (io/transfers.h); names are resolved
 * by libcurl, in a thread of its own.
 *
 * An InfluxDB that is down, slow, or refuses costs one event, and one more when it takes them again. One
 * push is under way at a time, and given up when the next is due; what was not taken is not kept, since
 * counters are of all time.
 */
#pragma once

#include <jansson.h>
#include <systemd/sd-event.h>

#include "core/config.h"
#include "io/control.h"

struct push;

/* `state` answers with what metrics_state makes, to no request. 0 or a negative errno. */
int push_new(sd_event *event, control_answer_fn state, void *userdata, struct push **ret);
struct push *push_free(struct push *push);

/* {"begun": N, "failed": N} */
json_t *push_json(const struct push *push);

/*
 * From now on there, at that interval; without a URL nowhere. The file of the token is beside
 * `config_path`, or absolute; where it cannot be read, that is said, and nothing is pushed.
 */
void push_use(struct push *push, const struct config_influx *config, const char *config_path);
