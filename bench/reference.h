/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Layouts of the reference programs' maps. */
#pragma once

#include "wire/flow.h"

/* Both families' flows; the rest keeps the LRU's free lists from running dry, so none is evicted. */
#define REFERENCE_FLOWS (1 << 21)
#define REFERENCE_BACKENDS 64

/* A line of memory for every flow: 64 MB, as the shipped table of pins. */
#define REFERENCE_LINES (1 << 20)

struct reference_line {
	__u32 backend;
	__u8 unused[60];
};

struct reference_backend {
	union address source;
	union address sid;
};
