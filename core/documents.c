/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/documents.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/tree.h"
#include "core/config_rows.h"

#define KEY_MAX 160

/* The place of the key, or where it would stand. */
static size_t place_of(const struct documents *documents, const char *key, bool *ret_found)
{
	size_t low = 0, high = documents->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(documents->list[middle].key, key);

		if (order == 0) {
			*ret_found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_found = false;
	return low;
}

static int make_room(struct documents *documents, size_t at, const char *key)
{
	struct document *list = documents->list;
	size_t n = documents->n;
	char *copy = strdup(key);

	if (copy && (n & (n - 1)) == 0) /* doubles at powers of two */
		list = reallocarray(list, n ? 2 * n : 1, sizeof(*list));
	if (!copy || !list) {
		free(copy);
		return -ENOMEM;
	}
	documents->list = list;
	memmove(list + at + 1, list + at, (n - at) * sizeof(*list));
	list[at] = (struct document){.key = copy};
	documents->n++;
	return 0;
}

int documents_put(struct documents *documents, const char *key, const char *text, size_t length,
		  int64_t revision)
{
	_cleanup_free_ char *copy = malloc(length + 1);
	bool found;
	size_t at = place_of(documents, key, &found);
	int r;

	if (!copy)
		return -ENOMEM;
	r = found ? 0 : make_room(documents, at, key);
	if (r < 0)
		return r;
	memcpy(copy, text, length);
	copy[length] = '\0';
	free(documents->list[at].text);
	documents->list[at].text = take(copy);
	documents->list[at].length = length;
	documents->list[at].revision = revision;
	return 0;
}

void documents_drop(struct documents *documents, const char *key)
{
	bool found;
	size_t at = place_of(documents, key, &found);
	struct document *list = documents->list;

	if (!found)
		return;
	free(list[at].key);
	free(list[at].text);
	memmove(list + at, list + at + 1, (documents->n - at - 1) * sizeof(*list));
	documents->n--;
}

const struct document *documents_find(const struct documents *documents, const char *key)
{
	bool found;
	size_t at = place_of(documents, key, &found);

	return found ? &documents->list[at] : NULL;
}

int documents_copy(const struct documents *from, struct documents *ret)
{
	_cleanup_(documents_clear) struct documents copy = {};

	for (size_t i = 0; i < from->n; i++) {
		const struct document *document = &from->list[i];
		int r = documents_put(&copy, document->key, document->text, document->length,
				      document->revision);

		if (r < 0)
			return r;
	}
	*ret = copy;
	copy = (struct documents){};
	return 0;
}

int64_t documents_revision(const struct documents *documents)
{
	int64_t newest = 0;

	for (size_t i = 0; i < documents->n; i++)
		if (documents->list[i].revision > newest)
			newest = documents->list[i].revision;
	return newest;
}

void documents_clear(struct documents *documents)
{
	for (size_t i = 0; i < documents->n; i++) {
		free(documents->list[i].key);
		free(documents->list[i].text);
	}
	free(documents->list);
	*documents = (struct documents){};
}

/* The manifest */

#define WHOLE "{objects: %zu, change: \"%016" PRIx64 "\"}\n"
#define WRITING "{writing: \"%016" PRIx64 "\"}\n"

void documents_manifest(size_t count, uint64_t change, char ret[static DOCUMENTS_MANIFEST_MAX])
{
	snprintf(ret, DOCUMENTS_MANIFEST_MAX, WHOLE, count, change);
}

void documents_manifest_writing(uint64_t change, char ret[static DOCUMENTS_MANIFEST_MAX])
{
	snprintf(ret, DOCUMENTS_MANIFEST_MAX, WRITING, change);
}

enum documents_verdict documents_judge(const struct documents *documents,
				       char why[static DOCUMENTS_WHY_MAX])
{
	const struct document *manifest = documents_find(documents, DOCUMENTS_MANIFEST);
	size_t others = documents->n - (manifest != NULL), count;

	if (!documents->n) {
		snprintf(why, DOCUMENTS_WHY_MAX, "it has no configuration");
		return DOCUMENTS_NONE;
	}
	if (!manifest) {
		snprintf(why, DOCUMENTS_WHY_MAX, "it has %zu objects without a manifest: a part of a "
			 "configuration", others);
		return DOCUMENTS_HALF;
	}
	if (strncmp(manifest->text, WRITING, strcspn(WRITING, "%")) == 0) {
		snprintf(why, DOCUMENTS_WHY_MAX, "a configuration is being written");
		return DOCUMENTS_WRITING;
	}
	if (sscanf(manifest->text, "{objects: %zu", &count) != 1) {
		snprintf(why, DOCUMENTS_WHY_MAX, "its manifest cannot be read");
		return DOCUMENTS_HALF;
	}
	if (count != others) {
		snprintf(why, DOCUMENTS_WHY_MAX, "it has %zu objects, and %zu by its manifest: a part "
			 "of a configuration", others, count);
		return DOCUMENTS_HALF;
	}
	return DOCUMENTS_WHOLE;
}

/* To a tree and from one */

int documents_place(struct tree *root, const char *key, struct tree *value)
{
	_cleanup_tree_ struct tree *owned = value;
	const char *slash = strchr(key, '/');
	char group[KEY_MAX];
	const struct tree_entry *entry;
	int r = 0;

	if (!slash)
		return tree_set(root, key, value->line, take(owned));
	snprintf(group, sizeof(group), "%.*s", (int)(slash - key), key);
	entry = tree_entry(root, group);
	if (!entry) {
		struct tree *mapping = tree_new_mapping(root->file, root->line);

		r = mapping ? tree_set(root, group, root->line, mapping) : -ENOMEM;
		if (r < 0)
			return r;
		entry = tree_entry(root, group);
	}
	if (entry->value->kind != TREE_MAPPING) /* "services" beside "services/web": its reader complains */
		return tree_set(root, group, value->line, take(owned));
	return tree_set(entry->value, slash + 1, value->line, take(owned));
}

int documents_complete(struct tree *root)
{
	const struct config_row *row = NULL;
	int r = 0;

	while (r == 0 && (row = config_row_next("", row))) {
		struct tree *none;

		if (row->type != CONFIG_ITEMS || !row->required || row->min || tree_get(root, row->path))
			continue;
		none = tree_new_mapping(root->file, root->line);
		r = none ? tree_set(root, row->path, root->line, none) : -ENOMEM;
	}
	return r;
}

static int put_tree(struct documents *documents, const char *group, const char *name,
		    const struct tree *tree, documents_print_fn print)
{
	_cleanup_free_ char *text = NULL;
	char key[KEY_MAX];
	int r = print(tree, &text);

	if (r < 0)
		return r;
	if (snprintf(key, sizeof(key), "%s%s%s", group, name ? "/" : "", name ? name : "") >=
	    (int)sizeof(key))
		return -ENAMETOOLONG;
	return documents_put(documents, key, text, strlen(text), 0);
}

/* Of a mapping of names, each one; anything else is a document of its own. */
static int put_entry(struct documents *documents, const struct tree_entry *entry,
		     documents_print_fn print)
{
	const struct config_row *row = config_row_find(entry->key);
	int r = 0;

	if (!row || row->type != CONFIG_ITEMS || entry->value->kind == TREE_SEQUENCE)
		return put_tree(documents, entry->key, NULL, entry->value, print);
	for (size_t i = 0; r == 0 && i < entry->value->n_entries; i++)
		r = put_tree(documents, entry->key, entry->value->entries[i].key,
			     entry->value->entries[i].value, print);
	return r;
}

int documents_of_tree(const struct tree *root, documents_print_fn print, struct documents *ret)
{
	_cleanup_(documents_clear) struct documents documents = {};
	int r = 0;

	for (size_t i = 0; r == 0 && i < root->n_entries; i++)
		r = put_entry(&documents, &root->entries[i], print);
	if (r < 0)
		return r;
	*ret = documents;
	documents = (struct documents){};
	return 0;
}
