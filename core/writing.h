/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What has to be written to make one set of documents another, and whether somebody was in the way. */
#pragma once

#include "core/documents.h"

/* In the order of keys; text NULL: it is removed. Pointers are of the two sets. */
struct writing {
	const char *key, *text;
};

/*
 * The changes from one set to the other, manifests left out; both as documents_of_tree makes them, so that
 * how a text is laid out makes no difference. The caller frees *ret. 0 or -ENOMEM.
 */
int writing_plan(const struct documents *before, const struct documents *after,
		 struct writing **ret, size_t *ret_n);

/*
 * Between two looks at the store somebody has changed one of what is to be written: returns its key. NULL:
 * what was changed meanwhile is none of it, and the change can be made again.
 */
const char *writing_conflict(const struct writing *writing, size_t n,
			     const struct documents *first, const struct documents *now);
