/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Is what a program made of a packet what it should be? Asked before anything is timed. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bench/paths.h"

/*
 * `in` is the frame as the driver wrote it, `out` what the program left. NULL: all is well; else what
 * is wrong, in words.
 */
const char *check_output(const struct path *path, struct driver_frame *in, const uint8_t *out,
			 size_t size);
