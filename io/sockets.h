/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The host's TCP connections, from the kernel's own table of sockets (sock_diag(7)): whatever has
 * become of daemons and programs, it is what is there.
 *
 * A walk is in pieces, each as much as one message of the kernel holds (some 300 connections), so that
 * the loop's other sources have their turns. Connections that come or go meanwhile are in it or not.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "base/address.h"

struct sockets;

/*
 * One connection, by the host's end of it: its address and port, and `size` bytes of what a BPF map has stored
 * with it; NULL: nothing, or no map was asked for.
 */
typedef void (*sockets_found_fn)(const union address *local, uint16_t port, const void *stored,
				 size_t size, void *userdata);

/* The walk is over: 0, or why it is not complete; `took_us` is the time that it was at work. */
typedef void (*sockets_ended_fn)(int result, uint64_t took_us, void *userdata);

/* Of the caller's network namespace. 0, or the negative errno of socket(2). */
int sockets_new(sd_event *event, sockets_found_fn found, sockets_ended_fn ended, void *userdata,
		struct sockets **ret);
struct sockets *sockets_free(struct sockets *sockets);

/*
 * Begins a walk over the connections to `locals`, from their establishment until they are closed for
 * both sides; those of an ended one that wait for their time (TIME_WAIT) are none. A walk that goes on
 * is given up, and does not end. The kernel's filter has room for SOCKETS_FILTER_MAX networks: of more,
 * connections to other addresses are found as well. `storage` is a map of BPF_MAP_TYPE_SK_STORAGE whose values
 * are told, or negative. 0, -ENOMEM, or the kernel's error.
 */
#define SOCKETS_FILTER_MAX 256

int sockets_walk(struct sockets *sockets, const struct network *locals, size_t n, int storage);
