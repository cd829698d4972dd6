/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A tree as YAML, which io/yaml.h reads as the same tree. Comments are no part of a tree. */
#pragma once

struct tree;

/* Mappings as blocks, lists in brackets. The caller frees *ret. 0, -EINVAL or -ENOMEM. */
int yaml_tree_print(const struct tree *tree, char **ret);
