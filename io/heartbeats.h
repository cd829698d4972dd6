/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Heartbeats (wire/heartbeat.h) on an event loop: agents send them, gateways take them. What comes from
 * outside the infrastructure, or without a right tag, is counted and not told.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "base/address.h"
#include "wire/heartbeat.h"

struct heartbeats;

/* An authentic message came, `size` bytes of it; whether it is new is the caller's to know. */
typedef void (*heartbeats_heard_fn)(const struct heartbeat *message, size_t size, void *userdata);

/* `heard` NULL: one who only sends. */
int heartbeats_new(sd_event *event, heartbeats_heard_fn heard, void *userdata,
		   struct heartbeats **ret);
struct heartbeats *heartbeats_free(struct heartbeats *heartbeats);

/*
 * From now on under this key, at `address`, which is the host's; or, where that is NULL, at one of the
 * host's in the infrastructure (datagrams_bind). 0, or a negative errno, and it neither sends nor hears.
 */
int heartbeats_bind(struct heartbeats *heartbeats, const struct prefix *infrastructure,
		    const union address *address, const struct siphash_key *key);

/* Sends the message with its magic, version and tag filled in. 0, or as datagrams_send. */
int heartbeats_send(struct heartbeats *heartbeats, const union address *to,
		    const struct heartbeat *message);

/* Takes in now what has come, for who wants to judge by it. */
void heartbeats_take(struct heartbeats *heartbeats);

/* Messages with a wrong tag, or none; and those from outside the infrastructure. */
uint64_t heartbeats_forged(const struct heartbeats *heartbeats);
uint64_t heartbeats_outside(const struct heartbeats *heartbeats);
