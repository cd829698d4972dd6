/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/share.h"

#include <stdbool.h>
#include <stdlib.h>

void share_nodes_add(struct share_nodes *nodes, const struct plan_node *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		nodes->sids[list[i].number] = &list[i].sids[0];
}

struct share_nodes *share_nodes_new(const struct plan_node *list, size_t n)
{
	struct share_nodes *nodes = calloc(1, sizeof(*nodes));

	if (nodes)
		share_nodes_add(nodes, list, n);
	return nodes;
}

static const union address *bank_sid(const struct share_bank *bank, uint64_t row)
{
	return bank->rows ? bank->nodes->sids[bank->rows[row]] : NULL;
}

static bool same_sid(const union address *a, const union address *b)
{
	return a == b || (a && b && address_equal(a, b));
}

/*
 * The hash space is cut where a row of either side begins; in units of 1 / (sizes multiplied) all
 * cuts are whole numbers.
 */
double share_moved(const struct share_bank *before, const struct share_bank *after)
{
	uint64_t total = before->size * after->size, at = 0, moved = 0;

	while (at < total) {
		uint64_t i = at / after->size, j = at / before->size;
		uint64_t end_i = (i + 1) * after->size, end_j = (j + 1) * before->size;
		uint64_t end = end_i < end_j ? end_i : end_j;

		if (!same_sid(bank_sid(before, i), bank_sid(after, j)))
			moved += end - at;
		at = end;
	}
	return total ? (double)moved / total : 0;
}
