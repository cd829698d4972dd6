/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * This node's entry among those that live, PREFIX/nodes/NAME: a text under a lease, which etcd removes
 * when it is renewed no more. Renewing it is also how a store that went silent is found out: a watch
 * alone says nothing for as long as nothing changes.
 */
#pragma once

#include <stdbool.h>

#include <systemd/sd-event.h>

#include "daemon/shared.h"

#define PRESENCE_TTL_S 15
#define PRESENCE_INTERVAL_US 3000000ULL

struct presence;

/*
 * 0: the store is there. -ENOSPC: it is, and full: the entry waits for presence_resume. Else it is not, and the
 * presence pauses: the error, and why, of the answer (io/etcd.h).
 */
typedef void (*presence_beat_fn)(int error, const char *why, void *userdata);

/* `shared` must live as long. 0 or a negative errno. Begins paused. */
int presence_new(sd_event *event, const struct shared *shared, presence_beat_fn beat,
		 void *userdata, struct presence **ret);
struct presence *presence_free(struct presence *presence);

/* What the entry of the node says from now on. 0 or -ENOMEM. */
int presence_say(struct presence *presence, const char *node, const char *text);

void presence_resume(struct presence *presence);
void presence_pause(struct presence *presence);
