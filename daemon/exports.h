/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where a daemon's numbers are fetched: HTTP over TCP, to read only, with nothing that anybody could
 * change. Listens where the configuration says (`metrics`), by default on loopback.
 *
 *	/		a page that draws them, live (daemon/page.html)
 *	/figures	what it draws, every second
 *	/metrics	Prometheus's text format, a metric at a time, so that neither the text of 10,000 backends
 *			is in memory nor the loop is held up while it is sent
 */
#pragma once

#include <systemd/sd-event.h>

#include "daemon/history.h"
#include "io/control.h"

struct exports;

/*
 * To no request, `state` answers with what metrics_state makes, and `counters` with the verdicts' counters; `look` is
 * history's (daemon/history.h). None is asked before exports_listen: until then a daemon has nothing to tell.
 */
int exports_new(sd_event *event, control_answer_fn state, control_answer_fn counters, history_look_fn look,
		void *userdata, struct exports **ret);
struct exports *exports_free(struct exports *exports);

/*
 * From now on listens at "ADDRESS:PORT", or with "off" nowhere. Where that cannot be it is said to stderr,
 * and tried again the next time: numbers are never a reason not to forward.
 */
void exports_listen(struct exports *exports, const char *at);
