/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The figures as a table for people and as JSON for programs. */
#pragma once

#include <stdio.h>

#include "bench/measure.h"

/* What the figures were taken on; read before the network namespace hides a part of it. */
struct machine {
	char kernel[160];
	char cpu[128];
	long cores;
	bool jit; /* of BPF */
};

void machine_read(struct machine *ret);

void report_table(FILE *file, const struct machine *machine, const struct bench *bench);

/* 0 or a negative errno, said to stderr. */
int report_json(const char *path, const struct machine *machine, const struct bench *bench);
