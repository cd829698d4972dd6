/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The table of options is written down in parts, one noun to a file, in the order of their
 * documentation. A new part is an array of rows, PART(), and its line in config_rows.c.
 */
#pragma once

#include <stddef.h>

#include "core/config_rows.h"

struct config_part {
	const struct config_row *rows;
	size_t n;
};

extern const struct config_part config_rows_fleet;
extern const struct config_part config_rows_nodes;
extern const struct config_part config_rows_policies;
extern const struct config_part config_rows_rests;
extern const struct config_part config_rows_services;
extern const struct config_part config_rows_health;
extern const struct config_part config_rows_metrics;
extern const struct config_part config_rows_store;

#define PART(array) {.rows = (array), .n = sizeof(array) / sizeof((array)[0])}

/* Where a row's value is kept: one, and several with their number beside them. */
#define AT(object, field)                                                                          \
	.offset = offsetof(struct object, field), .size = sizeof(((struct object *)0)->field)
#define MANY_AT(object, field)                                                                     \
	.offset = offsetof(struct object, field), .size = sizeof(*((struct object *)0)->field),    \
	.count = offsetof(struct object, n_##field)

/* struct network: of addresses that can be routed to a host, between clients and servers. */
const char *config_check_vip(const void *value);
