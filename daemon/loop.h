/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A daemon's event loop: signals, readiness, and the end. */
#pragma once

#include <systemd/sd-event.h>

/* Reads the configuration again. */
typedef void (*loop_reload_fn)(void *userdata);

struct loop;

/*
 * A loop in which SIGTERM and SIGINT end loop_run, and SIGHUP or a new `file` calls `reload`. 0 or a
 * negative errno.
 */
int loop_new(const char *file, loop_reload_fn reload, void *userdata, struct loop **ret);
struct loop *loop_free(struct loop *loop);

sd_event *loop_event(const struct loop *loop);

/* Tells systemd that the daemon is ready, if systemd is there, and runs until a signal ends it. */
int loop_run(struct loop *loop, const char *status);
