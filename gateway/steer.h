/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Policies at work: every POLICY_STEP_MS what the backends of all sites tell (core/use.h) becomes shares of
 * a service's new connections (core/policy.h), and shares become rows.
 *
 * Every gateway steers for itself, but those of a site begin each step from the mean of their shares, which
 * they tell each other (core/agreement.h). Two that do not agree for a moment send a new connection to
 * different sites; each connection stays where it began. One that starts takes over the shares that its tables have,
 * and while the daemon is away they stay as they are.
 */
#pragma once

#include <jansson.h>
#include <systemd/sd-event.h>

#include "core/plan.h"
#include "core/tables.h"
#include "gateway/loads.h"

struct steer;

/*
 * The service's `wanted` shares have changed: time for its rows. `instead`: they take the place of the
 * newest generation (tables_apply_shares). Called from the loop.
 */
typedef void (*steer_changed_fn)(struct plan_service *service, bool instead, void *userdata);

/* `loads` tells what was heard of the backends, and must live longer. */
int steer_new(sd_event *event, struct loads *loads, steer_changed_fn changed, void *userdata,
	      struct steer **ret);
struct steer *steer_free(struct steer *steer);

/*
 * The plan's services want what they had before: the shares of the one that is steered now, or those that
 * the tables have. For monitor_plan, which makes rows of them.
 */
void steer_plan(const struct steer *steer, struct plan *plan, const struct tables *tables);

/* From now on steers this plan, which must live until the next call. 0 or -ENOMEM, and nothing changes. */
int steer_use(struct steer *steer, struct plan *plan, const struct config_gateway *self);

/* Says in the log if the shares in force are not those of which it was said last. After each change of rows. */
void steer_say(struct steer *steer, const struct plan_service *service);

/* Members came or went: the next step of shares makes a generation of its own. */
void steer_members_changed(struct steer *steer, const struct plan_service *service);

/* What the policy of a service goes by, and comes to; null without one. */
json_t *steer_json(const struct steer *steer, const struct plan_service *service);
