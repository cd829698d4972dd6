/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `holdfast trace`: a sample of the gateway's packets as they come, a line each. */
#pragma once

#include <jansson.h>
#include <stdio.h>

struct command;

int trace_run(const struct command *command);

/* An event of the daemon's /trace as a line. */
void trace_print(const json_t *event, FILE *to);
