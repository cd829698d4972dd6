/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/config_place.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/errors.h"
#include "base/tree.h"

#define PATH_MAX_TEXT 512
#define SAID_MAX 1024

static const struct tree *node_at(const struct config_source *source,
				  const struct config_place *place)
{
	const struct tree *node = source->tree;

	for (size_t i = 0; i < CONFIG_PLACE_KEYS && place->keys[i]; i++) {
		const char *key = place->keys[i];
		const struct tree *next = key[0] == '[' ? tree_at(node, strtoul(key + 1, NULL, 10))
							: tree_get(node, key);

		if (!next)
			break;
		node = next;
	}
	return node;
}

static const char *path_of(const struct config_place *place, char text[static PATH_MAX_TEXT])
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < CONFIG_PLACE_KEYS && place->keys[i] && used < PATH_MAX_TEXT; i++)
		used += snprintf(text + used, PATH_MAX_TEXT - used, "%s%s",
				 i && place->keys[i][0] != '[' ? "." : "", place->keys[i]);
	return text;
}

unsigned int config_line(const struct config_source *source, const struct config_place *place)
{
	return node_at(source, place)->line;
}

int config_wrong(const struct config_source *source, const struct config_place *place,
		 const char *format, ...)
{
	const struct tree *node = node_at(source, place);
	char said[SAID_MAX], path[PATH_MAX_TEXT];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(said, sizeof(said), format, arguments);
	va_end(arguments);
	errors_add(source->errors, node->file, node->line, path_of(place, path), "%s", said);
	return -EINVAL;
}
