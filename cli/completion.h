/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Completion of the command line for shells, from the tables of verbs and options. */
#pragma once

#include <stdio.h>

struct command;

/* A script for bash, which needs nothing else to be installed. */
void completion_print_bash(FILE *to);

/* holdfast completion bash */
int completion_run(const struct command *command);
