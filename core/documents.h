/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A fleet's configuration as it lies in a store: a document for each object ("services/web",
 * "backends/b1"), and one for each of the options that stand alone ("mtu"). Together they are the tree
 * that a file would be, so one reader (core/config.h) takes both.
 *
 * One more document, the manifest, says how many there are and names the change that made them. Every
 * change writes it too, in the same transaction, so
 * - a store that has lost its contents, or a part of them, is told from a configuration: nobody takes
 *   half a fleet for the whole;
 * - a change that compares the manifest's revision is applied to what it was checked with, or not at all;
 * - who comes back to a store sees from the manifest alone whether anything has changed.
 * What is too much for one transaction is written between two manifests: "writing", then the count.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct tree;

#define DOCUMENTS_MANIFEST "manifest"
#define DOCUMENTS_MANIFEST_MAX 96
#define DOCUMENTS_WHY_MAX 192

struct document {
	char *key;
	char *text; /* YAML of the object's part of the tree; zero behind its end */
	size_t length;
	int64_t revision; /* of the store, when it was written */
};

/* By key. The manifest is one of them. */
struct documents {
	struct document *list;
	size_t n;
};

/* Adds or replaces one; everything is copied. 0 or -ENOMEM. */
int documents_put(struct documents *documents, const char *key, const char *text, size_t length,
		  int64_t revision);
void documents_drop(struct documents *documents, const char *key);
const struct document *documents_find(const struct documents *documents, const char *key);
int documents_copy(const struct documents *from, struct documents *ret);

/* Of the newest document: what people call the configuration's revision. 0: there is none. */
int64_t documents_revision(const struct documents *documents);

/* Leaves an empty set. For _cleanup_. */
void documents_clear(struct documents *documents);

enum documents_verdict {
	DOCUMENTS_WHOLE,
	DOCUMENTS_WRITING, /* somebody is about to write the rest */
	DOCUMENTS_NONE,	   /* no configuration at all */
	DOCUMENTS_HALF,	   /* not what its manifest says */
};

/* `why` becomes a sentence unless they are whole. */
enum documents_verdict documents_judge(const struct documents *documents,
				       char why[static DOCUMENTS_WHY_MAX]);

/* The manifest of `count` other documents, or of one that is being written. `change` is random. */
void documents_manifest(size_t count, uint64_t change, char ret[static DOCUMENTS_MANIFEST_MAX]);
void documents_manifest_writing(uint64_t change, char ret[static DOCUMENTS_MANIFEST_MAX]);

/* Puts a document's tree, which it takes over, where its key says. 0 or -ENOMEM. */
int documents_place(struct tree *root, const char *key, struct tree *value);

/*
 * When all have been placed: what a file has to say though there be none ("services: {}") has no document then, since
 * each stands for one, and that nothing was cut off is what the manifest says. 0 or -ENOMEM.
 */
int documents_complete(struct tree *root);

/* The text of a node; the caller frees *ret. 0 or a negative errno. */
typedef int (*documents_print_fn)(const struct tree *tree, char **ret);

/* The documents of a whole tree, without a manifest, of revision 0. 0 or a negative errno. */
int documents_of_tree(const struct tree *root, documents_print_fn print, struct documents *ret);
