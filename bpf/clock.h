/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The clock of pins, as a process sees it. Programs count in jiffies, since these are one load where every other
 * clock is a call; no process may read them, and they are not corrected as CLOCK_MONOTONIC is, so the two run
 * apart by seconds a day. So whoever shares a table of pins with a program asks the program now and then.
 */
#pragma once

#include <stdint.h>

/* A jiffy, ns: for struct pin_settings, before load. */
uint32_t clock_jiffy_ns(void);

/*
 * How far the clock of pins is ahead of CLOCK_MONOTONIC, ns (modulo what a pin's time tells). `program` is the
 * descriptor of pins_clock, loaded with the other programs. 0 or a negative errno.
 */
int clock_ahead(int program, uint64_t *ret_ahead_ns);
