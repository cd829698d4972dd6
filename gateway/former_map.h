/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A pinned map that a new program cannot have, because that needs one of another size: set aside, in
 * memory, until the new program has taken the former one's place.
 *
 * A daemon may be killed at any point of this. As long as a map is set aside, it is the one to go by: the new one
 * may hold nothing yet. Tables are not changed before the former one is ended, so the new one never holds what
 * the former one does not; but for pins, which programs make (former_pins.h). So the next daemon puts it back
 * (pins_put_back), and all is as if the other had not begun.
 */
#pragma once

#include <stddef.h>

#include "daemon/pins.h"

struct former_map {
	const struct pins *pins;
	const char *name; /* NULL: none is set aside */
	void *memory;
	size_t size;
};

/* 0 or a negative errno; then it is to be ended, too. */
int former_map_begin(const struct pins *pins, const char *name, struct former_map *ret);

/* The new one has taken its place; or, `failed`, it has not, and the former one is pinned as before. */
void former_map_end(struct former_map *map, bool failed);
