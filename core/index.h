/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Numbers by identity (core/plan.h), where there are too many to look through. Open addressing, at most
 * half full; the hash is the identity itself, which is one already.
 */
#pragma once

#include <stdint.h>

#include "base/cleanup.h"

struct index;

/* NULL: no memory. */
struct index *index_new(void);
struct index *index_free(struct index *index);

DEFINE_TRIVIAL_CLEANUP(struct index *, index_free);

#define _cleanup_index_ _cleanup_(index_freep)

/* `identity` and `number` are not 0. One that stands there already gets the new number. 0 or -ENOMEM. */
int index_put(struct index *index, uint64_t identity, uint32_t number);
void index_remove(struct index *index, uint64_t identity);

/* 0: none, also of no index. */
uint32_t index_get(const struct index *index, uint64_t identity);
