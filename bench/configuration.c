/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "bench/configuration.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/errors.h"
#include "base/tree.h"
#include "io/yaml.h"

int configuration_read(void (*write)(FILE *file, const void *what), const void *what,
		       struct config **ret)
{
	_cleanup_errors_ struct errors errors = {};
	_cleanup_tree_ struct tree *tree = NULL;
	_cleanup_free_ char *text = NULL;
	size_t length;
	FILE *file = open_memstream(&text, &length);
	int r;

	if (!file)
		return -errno;
	write(file, what);
	if (fclose(file) != 0)
		return -ENOMEM;
	r = yaml_tree_parse(text, length, "bench", &errors, &tree);
	if (r == 0)
		r = config_from_tree(tree, &errors, ret);
	errors_print(&errors, stderr);
	return r;
}
