/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/tree.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A file's name that all nodes of a document share, and the last one frees. */
struct file_name {
	size_t users;
	char text[];
};

static struct file_name *file_name_of(const char *text)
{
	return (struct file_name *)(text - offsetof(struct file_name, text));
}

static const char *file_name_new(const char *text)
{
	size_t length = strlen(text) + 1;
	struct file_name *name = malloc(sizeof(*name) + length);

	if (!name)
		return NULL;
	name->users = 0;
	memcpy(name->text, text, length);
	return name->text;
}

static void file_name_use(struct tree *tree, const char *text)
{
	tree->file = text;
	file_name_of(text)->users++;
}

static void file_name_drop(const char *text)
{
	if (text && --file_name_of(text)->users == 0)
		free(file_name_of(text));
}

static struct tree *tree_new(enum tree_kind kind, const char *file, unsigned int line)
{
	struct tree *tree = calloc(1, sizeof(*tree));
	const char *name = file_name_new(file);

	if (!tree || !name) {
		free(tree);
		if (name)
			free(file_name_of(name));
		return NULL;
	}
	tree->kind = kind;
	tree->line = line;
	file_name_use(tree, name);
	return tree;
}

struct tree *tree_new_scalar(const char *file, unsigned int line, const char *scalar, bool plain)
{
	struct tree *tree = tree_new(TREE_SCALAR, file, line);

	if (!tree)
		return NULL;
	tree->plain = plain;
	tree->scalar = strdup(scalar);
	return tree->scalar ? tree : tree_free(tree);
}

struct tree *tree_new_sequence(const char *file, unsigned int line)
{
	return tree_new(TREE_SEQUENCE, file, line);
}

struct tree *tree_new_mapping(const char *file, unsigned int line)
{
	return tree_new(TREE_MAPPING, file, line);
}

struct tree *tree_free(struct tree *tree)
{
	if (!tree)
		return NULL;
	for (size_t i = 0; i < tree->n_entries; i++) {
		free(tree->entries[i].key);
		tree_free(tree->entries[i].value);
	}
	free(tree->entries);
	free(tree->slots);
	free(tree->scalar);
	file_name_drop(tree->file);
	free(tree);
	return NULL;
}

/* FNV-1a. The keys are an operator's, nobody gains by making them collide. */
static size_t key_hash(const char *key)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (; *key; key++)
		hash = (hash ^ (unsigned char)*key) * 0x100000001b3ULL;
	return hash ^ hash >> 32;
}

/* The slot of the first entry with this key, or the free slot where it would stand. */
static size_t *slot_of(const struct tree *mapping, const char *key)
{
	size_t at = key_hash(key) & (mapping->n_slots - 1);

	while (mapping->slots[at] && strcmp(mapping->entries[mapping->slots[at] - 1].key, key))
		at = (at + 1) & (mapping->n_slots - 1);
	return &mapping->slots[at];
}

/* Keeps the hash table of a mapping at most half full. */
static int grow_slots(struct tree *mapping)
{
	size_t n = mapping->n_slots ? mapping->n_slots * 2 : 8;
	size_t *slots;

	if ((mapping->n_entries + 1) * 2 <= mapping->n_slots)
		return 0;
	slots = calloc(n, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(mapping->slots);
	mapping->slots = slots;
	mapping->n_slots = n;
	for (size_t i = 0; i < mapping->n_entries; i++)
		if (mapping->entries[i].first == i)
			*slot_of(mapping, mapping->entries[i].key) = i + 1;
	return 0;
}

/* Doubles the room whenever the count reaches a power of two. */
static int add_entry(struct tree *tree, struct tree_entry entry)
{
	size_t n = tree->n_entries;

	if ((n & (n - 1)) == 0) {
		struct tree_entry *entries =
			reallocarray(tree->entries, n ? 2 * n : 1, sizeof(*entries));

		if (!entries)
			return -ENOMEM;
		tree->entries = entries;
	}
	tree->entries[tree->n_entries++] = entry;
	return 0;
}

/* A child of the same document shares the parent's copy of the name. */
static void adopt(struct tree *parent, struct tree *child)
{
	if (child->file == parent->file || strcmp(child->file, parent->file))
		return;
	file_name_drop(child->file);
	file_name_use(child, parent->file);
}

int tree_append(struct tree *sequence, struct tree *value)
{
	struct tree_entry entry = {.line = value->line, .first = sequence->n_entries};
	int err;

	adopt(sequence, value);
	entry.value = value;
	err = add_entry(sequence, entry);
	if (err < 0)
		tree_free(value);
	return err;
}

int tree_set(struct tree *mapping, const char *key, unsigned int line, struct tree *value)
{
	_cleanup_tree_ struct tree *owned = value;
	_cleanup_free_ char *copy = strdup(key);
	struct tree_entry entry = {.line = line};
	size_t *slot;
	int err;

	if (!copy)
		return -ENOMEM;
	err = grow_slots(mapping);
	if (err < 0)
		return err;
	adopt(mapping, value);

	slot = slot_of(mapping, key);
	entry.key = copy;
	entry.value = value;
	entry.first = *slot ? *slot - 1 : mapping->n_entries;
	err = add_entry(mapping, entry);
	if (err < 0)
		return err;
	if (!*slot)
		*slot = mapping->n_entries;
	take(owned);
	take(copy);
	return 0;
}

int tree_put(struct tree *mapping, const char *key, struct tree *value)
{
	size_t *slot = mapping->n_slots ? slot_of(mapping, key) : NULL;
	struct tree_entry *entry;

	if (!slot || !*slot)
		return tree_set(mapping, key, value->line, value);
	adopt(mapping, value);
	entry = &mapping->entries[*slot - 1];
	tree_free(entry->value);
	entry->value = value;
	return 0;
}

void tree_drop(struct tree *mapping, const char *key)
{
	size_t kept = 0;

	if (!tree_entry(mapping, key))
		return;
	for (size_t i = 0; i < mapping->n_entries; i++) {
		struct tree_entry *entry = &mapping->entries[i];

		if (strcmp(entry->key, key) == 0) {
			free(entry->key);
			tree_free(entry->value);
		} else {
			mapping->entries[kept++] = *entry;
		}
	}
	mapping->n_entries = kept;
	/* Places have moved: all are found again. */
	memset(mapping->slots, 0, mapping->n_slots * sizeof(*mapping->slots));
	for (size_t i = 0; i < kept; i++) {
		struct tree_entry *entry = &mapping->entries[i];
		size_t *slot = slot_of(mapping, entry->key);

		if (!*slot)
			*slot = i + 1;
		entry->first = *slot - 1;
	}
}

const struct tree_entry *tree_entry(const struct tree *tree, const char *key)
{
	size_t *slot;

	if (!tree || tree->kind != TREE_MAPPING || !tree->n_slots)
		return NULL;
	slot = slot_of(tree, key);
	return *slot ? &tree->entries[*slot - 1] : NULL;
}

const struct tree *tree_get(const struct tree *tree, const char *key)
{
	const struct tree_entry *entry = tree_entry(tree, key);

	return entry ? entry->value : NULL;
}

const struct tree *tree_at(const struct tree *tree, size_t index)
{
	if (!tree || tree->kind != TREE_SEQUENCE || index >= tree->n_entries)
		return NULL;
	return tree->entries[index].value;
}

bool tree_is_empty(const struct tree *tree)
{
	return tree->kind == TREE_SCALAR && tree->plain && !*tree->scalar;
}
