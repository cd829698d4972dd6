/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The VIPs of a plan in the tables (wire/maps.h): which addresses are ours, and which of their ports belong to
 * which service. The one part of the tables that an agent has, too.
 *
 * All intervals are written into the half of their table that is not in use; then each VIP's word, one
 * aligned store, leads there. A VIP that is deleted keeps its slot until another one takes it, so that those
 * behind it are still found.
 */
#pragma once

#include <stdint.h>

#include "core/plan.h"
#include "core/tables.h"

/*
 * Publishes the plan's VIPs and deletes those that it does not have. `ret_words` (plan->n_vips of them) are the
 * words of all, also of those that are networks and so live in another map. 0; -ENOSPC: a table is full.
 */
int vips_apply(const struct tables *tables, const struct plan *plan, uint64_t *ret_words);

/* The word of an exact VIP, or 0. */
uint64_t vips_word(const struct tables *tables, const union address *vip);
