/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where a value stands in a configuration, for checks that tell what is wrong with it. */
#pragma once

#include "core/config_read.h"

#define CONFIG_PLACE_KEYS 5

/* Keys from the root down; "[2]" is a place in a list. Ends with NULL. */
struct config_place {
	const char *keys[CONFIG_PLACE_KEYS];
};

#define PLACE(...) (&(struct config_place){.keys = {__VA_ARGS__}})

/* The line of the deepest node on the way that was written down. */
unsigned int config_line(const struct config_source *source, const struct config_place *place);

/* Adds an error about it. Always -EINVAL. */
int config_wrong(const struct config_source *source, const struct config_place *place,
		 const char *format, ...) __attribute__((format(printf, 3, 4)));

#define wrong(source, place, ...) config_wrong(source, place, __VA_ARGS__)
