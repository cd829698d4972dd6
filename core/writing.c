/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/writing.h"

#include <errno.h>
#include <string.h>

int writing_plan(const struct documents *before, const struct documents *after,
		 struct writing **ret, size_t *ret_n)
{
	struct writing *list = calloc(before->n + after->n + 1, sizeof(*list));
	size_t n = 0, i = 0, j = 0;

	if (!list)
		return -ENOMEM;
	/* Both are sorted: side by side. */
	while (i < before->n || j < after->n) {
		const struct document *old = i < before->n ? &before->list[i] : NULL;
		const struct document *new = j < after->n ? &after->list[j] : NULL;
		int order = !old ? 1 : !new ? -1 : strcmp(old->key, new->key);
		const char *key = order < 0 ? old->key : new->key;
		const char *text = order < 0 ? NULL : new->text;

		i += order <= 0;
		j += order >= 0;
		if (strcmp(key, DOCUMENTS_MANIFEST) == 0 || (order == 0 && !strcmp(old->text, text)))
			continue;
		list[n++] = (struct writing){.key = key, .text = text};
	}
	*ret = list;
	*ret_n = n;
	return 0;
}

static int64_t revision_of(const struct documents *documents, const char *key)
{
	const struct document *document = documents_find(documents, key);

	return document ? document->revision : 0;
}

const char *writing_conflict(const struct writing *writing, size_t n,
			     const struct documents *first, const struct documents *now)
{
	for (size_t i = 0; i < n; i++)
		if (revision_of(first, writing[i].key) != revision_of(now, writing[i].key))
			return writing[i].key;
	return NULL;
}
