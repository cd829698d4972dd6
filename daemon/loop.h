/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A daemon's event loop: signals, readiness, and the end. */
#pragma once

#include <systemd/sd-event.h>

/* Called on SIGHUP. */
typedef void (*loop_reload_fn)(void *userdata);

/* A loop in which SIGTERM and SIGINT end loop_run and SIGHUP calls `reload`. 0 or a negative errno. */
int loop_new(loop_reload_fn reload, void *userdata, sd_event **ret);

/* Tells systemd that the daemon is ready, if systemd is there, and runs until a signal ends it. */
int loop_run(sd_event *event, const char *status);
