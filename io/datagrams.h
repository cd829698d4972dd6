/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What nodes say to each other without a transport protocol: whole messages, each in an IPv6 packet of a
 * protocol number for experiments (RFC 3692 and 4727), from one raw socket on an event loop. It is bound to
 * an address of this host, so it hears only what is sent to that. Who may say what is the business of
 * those who use it: questions.h, probes.h, heartbeats.h.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "base/address.h"

#define DATAGRAM_MAX 1280

struct datagrams;

/*
 * A message came, aligned for eight bytes; `size` is what it measured, of which DATAGRAM_MAX are there. It
 * may send and bind, but not free.
 */
typedef void (*datagrams_fn)(const void *message, size_t size, const union address *from,
			     void *userdata);

int datagrams_new(sd_event *event, int protocol, datagrams_fn came, void *userdata,
		  struct datagrams **ret);
struct datagrams *datagrams_free(struct datagrams *datagrams);

/*
 * From now on at an address of this host in the prefix, on a link rather than on lo; keeps the one that it
 * has while the host has it. Cheap enough for once a second. 0; -EADDRNOTAVAIL: the host has none; or the
 * errno of a socket. On error nothing can be sent.
 */
int datagrams_bind(struct datagrams *datagrams, const struct prefix *infrastructure);

/* From now on at this address of the host. 0, or the errno of a socket, and nothing can be sent. */
int datagrams_bind_at(struct datagrams *datagrams, const union address *address);

/* The address that it is bound to; NULL: none. */
const union address *datagrams_at(const struct datagrams *datagrams);

/* 0, or a negative errno: -ENOTCONN where it is not bound, -ENETUNREACH ... */
int datagrams_send(struct datagrams *datagrams, const union address *to, const void *message,
		   size_t size);

/* Takes in now what has come, for who wants to judge by it. */
void datagrams_take(struct datagrams *datagrams);
