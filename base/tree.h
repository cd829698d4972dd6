/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A parsed document, whatever it was written in: scalars, sequences and mappings, each with the
 * place it came from, so that an error about a value can name its file and line long after parsing.
 *
 * Invariants: a node has one parent or is a root; freeing a root frees all. A mapping keeps every
 * entry in the order of the document, a second one of the same key included: whoever reads the
 * mapping decides what that means, and `first` tells where the first one stands. Scalars are text;
 * `plain` tells 80 from "80".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

enum tree_kind {
	TREE_SCALAR,
	TREE_SEQUENCE,
	TREE_MAPPING,
};

struct tree_entry {
	char *key;	   /* NULL in a sequence */
	unsigned int line; /* of the key; in a sequence, of the value */
	size_t first;	   /* index of the mapping's first entry with this key: mostly itself */
	struct tree *value;
};

struct tree {
	enum tree_kind kind;
	unsigned int line; /* from 1; of a mapping or sequence under a key: the key's */
	const char *file;  /* shared by the nodes of a document */
	char *scalar;
	bool plain; /* a scalar written without quotes */
	struct tree_entry *entries;
	size_t n_entries;
	size_t *slots; /* of a mapping: hash table of indexes plus one */
	size_t n_slots;
};

/* Copies `file` and `scalar`. NULL: no memory. */
struct tree *tree_new_scalar(const char *file, unsigned int line, const char *scalar, bool plain);
struct tree *tree_new_sequence(const char *file, unsigned int line);
struct tree *tree_new_mapping(const char *file, unsigned int line);
struct tree *tree_free(struct tree *tree);

DEFINE_TRIVIAL_CLEANUP(struct tree *, tree_free);

#define _cleanup_tree_ _cleanup_(tree_freep)

/* Take over `value`, also when they fail: 0 or -ENOMEM. */
int tree_append(struct tree *sequence, struct tree *value);
int tree_set(struct tree *mapping, const char *key, unsigned int line, struct tree *value);

/* The same, in the place of what had the key. */
int tree_put(struct tree *mapping, const char *key, struct tree *value);

/* Every entry with the key, if there is one. */
void tree_drop(struct tree *mapping, const char *key);

/* NULL: `tree` is NULL or no mapping, or has no such key. Of two with one key, the first. */
const struct tree_entry *tree_entry(const struct tree *tree, const char *key);
const struct tree *tree_get(const struct tree *tree, const char *key);

/* NULL: `tree` is NULL or no sequence, or shorter. */
const struct tree *tree_at(const struct tree *tree, size_t index);

/* Nothing was written: "key:" and no value. */
bool tree_is_empty(const struct tree *tree);
