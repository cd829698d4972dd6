/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Manual pages of the command line and of the configuration, from their tables (base/roff.h). */
#pragma once

#include <stdio.h>

struct command;

void pages_print_holdfast(FILE *to);
void pages_print_config(FILE *to);
void pages_print_counters(FILE *to);
void pages_print_metrics(FILE *to);

/* holdfast man PAGE */
int pages_run(const struct command *command);
