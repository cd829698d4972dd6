/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The fleet by its store: who lives, and what each sees (daemon/entry.h). */
#pragma once

#include <jansson.h>
#include <stdio.h>

struct command;

int nodes_run(const struct command *command);

/*
 * An array of entries, each with its "node", as a table; then, in words, which backends somebody has closed, and
 * gateways of a site that do not agree. `now_s` is the time, in seconds since 1970.
 */
void print_nodes(const json_t *nodes, double now_s, FILE *to);
