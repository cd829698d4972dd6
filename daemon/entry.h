/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What this node's entry in the store says (daemon/presence.h): what it is, which revision it has taken, and what
 * it sees (core/sight.h).
 *
 *	{"role": "gateway", "site": "west", "revision": 34, "version": "1.0", "since": 1790000000,
 *	 "generation": "9f3a2b11", "members": 6, "open": 5, "closed": "web/w1", "services": 2, "served": 2,
 *	 "connections": 1200, "opened_per_s": 40, "cpu": 0.12}
 *
 * "since" is when its state was last another one, in seconds since 1970. An agent's has no generation and no
 * members; what is not known is left out.
 */
#pragma once

#include <stdint.h>

#include "core/sight.h"

struct entry;

/* What the node sees now. */
typedef void (*entry_look_fn)(struct sight *ret, void *userdata);

int entry_new(entry_look_fn look, void *userdata, struct entry **ret);
struct entry *entry_free(struct entry *entry);

/* What it is from now on. 0 or -ENOMEM. */
int entry_is(struct entry *entry, const char *role, const char *node, const char *site, int64_t revision);

/* NULL before entry_is. */
const char *entry_node(const struct entry *entry);

/*
 * A text that is to be written now, which the caller frees; NULL: what was written last still tells enough. Times
 * are of a clock that only runs forward.
 */
char *entry_text(struct entry *entry, uint64_t now_us);
