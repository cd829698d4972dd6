/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Help, from the tables of verbs and options. */
#pragma once

#include <stdio.h>

struct command;
struct verb;

/* All verbs, all options. */
void help_print(FILE *to);

/* One verb; of a group, its verbs. */
void help_print_verb(const struct verb *verb, FILE *to);

/* holdfast help [VERB] */
int help_run(const struct command *command);
