/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ladder's last rung, under way: the program tells of a packet that no candidate has claimed, the
 * nodes are asked who has its connection (core/whohas), and the answer becomes a pin, or a denial,
 * which lets the connection be reset. Other sites' gateways are answered likewise, from the backends of
 * ours.
 *
 * It is the one rung that needs the daemon. While it is away such packets are dropped, and TCP sends
 * them again.
 */
#pragma once

#include <jansson.h>
#include <systemd/sd-event.h>

#include "core/config.h"
#include "core/plan.h"
#include "gateway/dataplane.h"
#include "gateway/monitor.h"
#include "gateway/peers.h"

struct inquiries;

/* What inquiries need of the running gateway; pointers live until the next inquiries_use. */
struct inquiries_world {
	const struct config *config;
	const struct config_gateway *self;
	const struct plan_keys *keys;
	const struct plan *plan;
	struct dataplane *dataplane;
	const struct peers *peers;
	const struct monitor *monitor;
};

/* `ring_fd` is the map of events. 0 or a negative errno. */
int inquiries_new(sd_event *event, int ring_fd, struct inquiries **ret);
struct inquiries *inquiries_free(struct inquiries *inquiries);

/* From now on in this world. What was under way is forgotten: its packets come again. */
void inquiries_use(struct inquiries *inquiries, const struct inquiries_world *world);

/* What is known of the flow: "asking", "nobody", or NULL. A connection that was found has a pin. */
const char *inquiries_about(const struct inquiries *inquiries, const struct flow *flow);

/* How many there were, and what they came to. */
json_t *inquiries_json(const struct inquiries *inquiries);
