/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * YAML (1.1, as libyaml reads it) into a tree that remembers where everything stands.
 *
 * A configuration needs mappings, lists and scalars. What YAML has besides is refused with an error
 * that says so, because it would hide what the file means from its reader, or from the line numbers
 * of errors: anchors and aliases, tags, several documents, keys that are not plain words.
 *
 * Bounds: YAML_BYTES_MAX bytes of input, YAML_DEPTH_MAX levels. Both are errors beyond, never a
 * cut.
 */
#pragma once

#include <stddef.h>

struct errors;
struct tree;

/* A fleet of 32767 backends, a line each, is about 3 MB. */
#define YAML_BYTES_MAX (8 << 20)
#define YAML_DEPTH_MAX 16

/*
 * `file` is what errors and nodes call the text. One error at most: a parser that lost its way has
 * nothing true to say about the rest. An empty document is an empty scalar.
 * 0; -EINVAL with a row added to `errors`; -ENOMEM.
 */
int yaml_tree_parse(const char *text, size_t length, const char *file, struct errors *errors,
		    struct tree **ret);

/* The same from a file, "-" being standard input, which errors call stdin. A file that cannot be read is a row of `errors` and its errno. */
int yaml_tree_read(const char *path, struct errors *errors, struct tree **ret);
