/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The figures as a table for people and as JSON for programs. */
#pragma once

#include <stdio.h>

#include "bench/machine.h"
#include "bench/measure.h"

void report_table(FILE *file, const struct machine *machine, const struct bench *bench);

/* 0 or a negative errno, said to stderr. */
int report_json(const char *path, const struct machine *machine, const struct bench *bench);
