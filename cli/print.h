/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A daemon's answers for people. */
#pragma once

#include <jansson.h>

void print_status(const json_t *status);
void print_counters(const json_t *counters);
void print_path(const json_t *path);
