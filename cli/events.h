/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `holdfast events`: what has happened, and with --follow what happens. */
#pragma once

#include <jansson.h>
#include <stdio.h>

struct command;

int events_run(const struct command *command);

void events_print(const json_t *event, FILE *to);
