/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who listens for a host's TCP services, and how full are the queues from which they accept: from a look
 * at all of the host's listening sockets. A socket listens for each service whose port it has, on one of
 * its VIPs or on all addresses; several share the connections (SO_REUSEPORT), so their queues are one.
 *
 * That nobody listens means something only where somebody did: what never had a listener that we can see
 * (in another network namespace, or chosen by a program) may be served all the same.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/plan.h"

struct queues;

/* Of the plan, which must live longer. 0, or -ENOMEM. */
int queues_new(const struct plan *plan, struct queues **ret);
struct queues *queues_free(struct queues *queues);

/* A look begins; each socket that listens: how many wait to be accepted, of how many may; it is over. */
void queues_begin(struct queues *queues);
void queues_add(struct queues *queues, const union address *local, uint16_t port, uint32_t waiting,
		uint32_t room);
void queues_end(struct queues *queues);

/* How full, permille, by the last look. False: nobody listens, or nobody has looked. */
bool queues_of(const struct queues *queues, size_t service, uint16_t *ret);

/* Somebody listened, and by the last look nobody does. */
bool queues_gone(const struct queues *queues, size_t service);
