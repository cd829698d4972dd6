/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How much of the traffic a change of rows moves: the part of the hash space whose row leads to
 * another node. A row takes an even stretch of the hashes (wire/hash.h, hash_row), so rows of
 * different sizes can be compared, too, and exactly.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/plan.h"

/* Which node a number in rows stands for, by what packets see of it: its SID. */
struct share_nodes {
	const union address *sids[UINT16_MAX + 1];
};

struct share_bank {
	const uint16_t *rows; /* NULL: nobody takes anything */
	uint64_t size;
	const struct share_nodes *nodes;
};

/* Points into the list; the caller frees it with free(3). NULL: no memory. */
struct share_nodes *share_nodes_new(const struct plan_node *list, size_t n);
void share_nodes_add(struct share_nodes *nodes, const struct plan_node *list, size_t n);

/* 0 to 1. Between two that are empty nothing moves. */
double share_moved(const struct share_bank *before, const struct share_bank *after);
