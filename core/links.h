/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which device a frame leaves by, where a route leads to a VLAN's: XDP sends by the one below it, and writes
 * the tag itself (wire/maps.h). Next hops have that in them; this is for routes that the program looks up.
 */
#pragma once

#include <stdint.h>

#include "base/fib.h"

/* `links` has LINKS_MAX words, which packets may watch. */
void links_put(uint64_t *links, const struct fib *fib);
