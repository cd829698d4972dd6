/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A pinned map that a new program cannot have, because that needs one of another size: set aside, in
 * memory, until the new program has taken the former one's place.
 */
#pragma once

#include <stddef.h>

#include "daemon/pins.h"

struct former_map {
	const struct pins *pins;
	const char *name; /* NULL: none is set aside */
	const void *memory;
	size_t size;
};

/* 0 or a negative errno; then it is to be ended, too. */
int former_map_begin(const struct pins *pins, const char *name, size_t size, struct former_map *ret);

/* The new one has taken its place; or, `failed`, it has not, and the former one is pinned as before. */
void former_map_end(struct former_map *map, bool failed);
