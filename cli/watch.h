/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Doing the same again and again until Ctrl-C, which never comes in the middle of it. */
#pragma once

#define TERMINAL_CLEAR "\033[H\033[2J"

/* 0: go on; 1: enough; or a negative errno after its error was printed. */
typedef int (*watch_step_fn)(void *userdata);

/*
 * Calls `step` every `pause_ms`, `count` times (0: without end), the first time after a pause. Ends
 * with Ctrl-C or SIGTERM (0), or as the step says (its 1 is 0 here, too).
 */
int watch_steps(unsigned int pause_ms, unsigned int count, watch_step_fn step, void *userdata);
