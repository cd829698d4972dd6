/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `holdfast metrics`: the numbers that Prometheus fetches, and what there is of them. */
#pragma once

#include <jansson.h>
#include <stdio.h>

struct command;

int metrics_run(const struct command *command);

/* The table of all metrics, of any daemon, as an explanation. */
void metrics_print_list(FILE *to);
