/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets that the host's own sockets send, at tc egress: the only ones that have a socket. The driver's
 * programs take real segments on the loopback device, and have the program under test go over each of them
 * DRIVER_CHUNK_PACKETS times (bench/driver.bpf.c).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/driver.h"
#include "bench/sockets.h"

/* Who sends it. */
enum egress {
	EGRESS_NONE,   /* nobody: it is a test run's */
	EGRESS_SERVER, /* a service, on a connection with a cookie */
	EGRESS_OTHER,  /* the host, on a connection of its own */
};

#define EGRESS_LAG_MS 50000000
#define EGRESS_PACKETS_MAX (1 << 20) /* of one run */
#define EGRESS_MARK 0x5aa5
#define EGRESS_CLOCK 1000 /* of the connection, before the first of the packets */

/* Attaches the driver's programs to the loopback device. 0 or a negative errno. */
int egress_attach(int begin, int drive, int end);

/* What the driver is to do with what this one sends, `packets` times in all. */
struct driver_egress egress_driver(const struct sockets *sockets, enum egress egress, bool v6,
				   uint32_t packets);

/* Sends segments until the driver has had its packets. 0 or a negative errno; -ENOMSG: one did not come by. */
int egress_send(const struct sockets *sockets, enum egress egress, bool v6, const struct driver *driver);

/* What is wrong with what the driver saw behind the program, or NULL. */
const char *egress_check(const struct driver_egress *seen, enum egress egress);
