/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A daemon's counters: once, or again and again as rates. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct command;

/* Of an answer to /counters. `all`: also rows without packets. */
void counters_print(const json_t *answer, bool all, FILE *to);

/*
 * What an answer to /counters and a later one say of the time between: the later one with packets
 * and bytes per second, and "seconds". Counters that fell began at zero again. NULL: no memory.
 */
json_t *counters_rates(const json_t *before, const json_t *after, double seconds);

void counters_print_rates(const json_t *rates, bool all, FILE *to);

/* holdfast counters [--all] [--watch [SECONDS] [--count N]] */
int counters_run(const struct command *command);
