/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What figures were taken on. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

struct machine {
	char kernel[160];
	char cpu[128];
	long cores;
	bool jit;    /* of BPF */
	double load; /* processes that ran or wanted to, in the minute before */
};

/* To be read before the network namespace hides a part of it. */
void machine_read(struct machine *ret);

void machine_print(FILE *file, const struct machine *machine);
json_t *machine_json(const struct machine *machine);
