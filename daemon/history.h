/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The last ten minutes of the verdicts' counters, a sample a second: so that who opens the page when
 * something has happened sees how it came. 600 samples of a few hundred bytes, in one ring.
 */
#pragma once

#include <jansson.h>
#include <systemd/sd-event.h>

#include "io/control.h"

struct history;

/* `counters` answers with the verdicts' counters, to no request. 0 or a negative errno. */
int history_new(sd_event *event, control_answer_fn counters, void *userdata, struct history **ret);
struct history *history_free(struct history *history);

/*
 * {"verdicts": ["picked", ...], "actions": ["SEND", ...], "samples": [[time, bytes, packets of each
 * verdict...], ...]}: the samples after that time, in seconds since 1970. Counts are of all time.
 */
json_t *history_json(const struct history *history, double after_s);
