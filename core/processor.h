/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How busy a host's processors are, of late, from what the kernel counts (proc(5), /proc/stat). */
#pragma once

#include <stdint.h>

#include "core/rate.h"

struct processor {
	uint64_t looked_us; /* 0: never */
	struct rate busy, all;
};

/* Takes in the file's text, or its beginning. 0; or -EINVAL: it is none, and nothing has changed. */
int processor_take(struct processor *processor, const char *stat, uint64_t now_us);

/* Of all that the host has, permille. 0 after the first look. */
uint16_t processor_permille(const struct processor *processor);
