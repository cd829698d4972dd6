/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A daemon's counters: once, or again and again as rates. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct command;
struct verdict_row;

/* Whose verdicts there are: "gateway", "agent", "reply" (the agent's, at its egress). */
struct counters_set {
	const char *name;
	const char *heading, *about; /* in the manual */
	const struct verdict_row *rows;
	const size_t *n; /* row 0 is empty */
};

#define COUNTERS_SETS 3
extern const struct counters_set counters_sets[COUNTERS_SETS];

/* Of an answer to /counters. `all`: also rows without packets. */
void counters_print(const json_t *answer, bool all, FILE *to);

/*
 * What an answer to /counters and a later one say of the time between: the later one with packets
 * and bytes per second, and "seconds". Counters that fell began at zero again. NULL: no memory.
 */
json_t *counters_rates(const json_t *before, const json_t *after, double seconds);

void counters_print_rates(const json_t *rates, bool all, FILE *to);

/* Every verdict that there is, as a table, a line each, and as a list. */
void counters_print_list(FILE *to);
json_t *counters_list_json(void);

/* holdfast counters [--all] [--watch [SECONDS] [--count N]], or --list */
int counters_run(const struct command *command);
