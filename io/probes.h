/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Probes (wire/probe.h) on an event loop: questions go out of one raw socket (IPv6, protocol 253,
 * RFC 3692), answers come back to it through the host's stack. Only the infrastructure is answered,
 * so the socket is bound to an address of this host inside it.
 */
#pragma once

#include <stdint.h>

#include <systemd/sd-event.h>

#include "base/address.h"
#include "wire/probe.h"

struct probes;

/*
 * An answer came, for whatever was asked on this host; `from` is the SID that answers. It may ask,
 * but not free the probes.
 */
typedef void (*probes_answer_fn)(const struct probe *answer, const union address *from,
				 void *userdata);

int probes_new(sd_event *event, probes_answer_fn answered, void *userdata, struct probes **ret);
struct probes *probes_free(struct probes *probes);

/*
 * Asks from now on from an address of this host in the prefix, on a link rather than on lo; keeps the
 * one that it has while the host has it. Cheap enough for once a second. 0; -EADDRNOTAVAIL: the host
 * has none; or the errno of a socket. On error nothing can be asked.
 */
int probes_bind(struct probes *probes, const struct prefix *infrastructure);

/* Sends a question. 0, or a negative errno: -ENOTCONN without probes_bind, -ENETUNREACH ... */
int probes_ask(struct probes *probes, const union address *sid, uint64_t token,
	       uint64_t fingerprint);

/* Takes in now what has come, for who wants to judge by it. */
void probes_take(struct probes *probes);
