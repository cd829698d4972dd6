/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One daemon at a time: a second one would exchange the program and the tables under the first, and a --detach
 * would take them away, behind which the first one announces its VIPs again without a program: a black hole.
 *
 * The lock on the pins (daemon/pins.h) keeps them apart. The control socket is asked as well: a daemon that was
 * given another --bpffs by mistake, or is of a build that locked nothing, answers there. A dead daemon holds
 * neither, though the socket's file may still be there.
 */
#pragma once

#include "daemon/options.h"

/* Before anything is changed: 0; -EBUSY, said to stderr: a daemon answers at our control socket. */
int alone_ask(const struct daemon_options *options);

/*
 * For --detach: the same, and the pins are locked until *ret is closed; -1, if there are none. 0 or a negative
 * errno, said to stderr.
 */
int alone_lock(const struct daemon_options *options, int *ret);
