/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whether the store has raised an alarm: etcd that has run into its quota (NOSPACE), or found its data corrupt
 * (CORRUPT), is read but not written, until somebody has mended it and disarms the alarm. A node that only reads
 * and keeps its lease would not notice.
 *
 * A member's status tells its alarms, without a round of the cluster (`errors` of /v3/maintenance/status). Some
 * versions of etcd let only root ask for that (3.6, and 3.5 of late); then the list of alarms is asked for, which
 * everybody may who has a password. Who may neither is told nothing.
 *
 * Asks nothing before alarms_resume, and says of no failure: that the store cannot be reached is found out by the
 * presence (daemon/presence.h).
 */
#pragma once

#include <stdbool.h>

#include <systemd/sd-event.h>

#include "daemon/shared.h"

#define ALARMS_INTERVAL_US 10000000ULL

struct alarms;

/* It begins, with its name ("NOSPACE"), or ends (NULL). */
typedef void (*alarms_changed_fn)(const char *alarm, void *userdata);

/* `shared` must live as long. 0 or a negative errno. */
int alarms_new(sd_event *event, const struct shared *shared, alarms_changed_fn changed, void *userdata,
	       struct alarms **ret);
struct alarms *alarms_free(struct alarms *alarms);

/* Asks now, and then every interval. */
void alarms_resume(struct alarms *alarms);
void alarms_pause(struct alarms *alarms);

/* The one that is raised; NULL: none, as far as is known. */
const char *alarms_raised(const struct alarms *alarms);

/* Of an answer to either question; "": none. Writes into the buffer and returns it. */
#define ALARM_NAME_MAX 32
const char *alarms_read(const json_t *answer, char name[static ALARM_NAME_MAX]);
