/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Watches a file for being written anew. Editors and deployment tools write beside it and rename, so
 * the folder is watched for the file's name; a burst of events is told once, when it is over.
 */
#pragma once

#include <systemd/sd-event.h>

struct watch;

typedef void (*watch_changed_fn)(void *userdata);

/* 0 or a negative errno. */
int watch_new(sd_event *event, const char *path, watch_changed_fn changed, void *userdata,
	      struct watch **ret);
struct watch *watch_free(struct watch *watch);
