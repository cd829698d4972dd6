/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The verbs of `holdfast config`. All of them print what they found, and return 0 or, after
 * one-line errors, a negative errno.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct command;
struct diff;

/* Two names of one file. */
bool config_is_same_file(const char *a, const char *b);

int config_check_run(const struct command *command);
int config_diff_run(const struct command *command);
int config_explain_run(const struct command *command);
int config_schema_run(const struct command *command);

/* The JSON schema of the configuration, from its rows. NULL: no memory. */
json_t *config_schema_new(void);

/* The rows at and under a pattern (config_path_resolve), for people and as a list. */
void config_explain_print(const char *pattern, FILE *to);
json_t *config_explain_json(const char *pattern);

void config_diff_print(const struct diff *diff, FILE *to);
json_t *config_diff_json(const struct diff *diff);
