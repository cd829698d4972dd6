/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the program needs to look up a client's route (bpf/steps/home.h): the kernel tells routes only to
 * who forwards from the device that the packet is said to come from. That device is `lo`, from which
 * nothing is forwarded: the host does not become a router by it.
 */
#pragma once

/* 0 or a negative errno, said to stderr. */
int home_open(void);

/* To what every new device would have. */
int home_close(void);
