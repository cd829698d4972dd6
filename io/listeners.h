/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The host's listening TCP sockets, from the kernel's own table (sock_diag(7)). There are few of them,
 * however many connections: all are read at once, in some ten microseconds.
 */
#pragma once

#include <stdint.h>

#include "base/address.h"

struct netlink;

/* One that listens: its address and port; connections that wait to be accepted, and how many may. */
typedef void (*listeners_found_fn)(const union address *local, uint16_t port, uint32_t waiting,
				   uint32_t room, void *userdata);

/* On a socket of netlink_new_diag. 0, or a negative errno, and some may have been told. */
int listeners_read(struct netlink *diag, listeners_found_fn found, void *userdata);
