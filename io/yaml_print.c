/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "io/yaml_print.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/cleanup.h"
#include "base/tree.h"

static int print_node(yaml_emitter_t *emitter, const struct tree *tree);

/* The event is the emitter's from here on, whatever becomes of it. */
static int emit(yaml_emitter_t *emitter, yaml_event_t *event, int made)
{
	return made && yaml_emitter_emit(emitter, event) ? 0 : -EINVAL;
}

static int print_text(yaml_emitter_t *emitter, const char *text, bool plain)
{
	yaml_event_t event;
	int made = yaml_scalar_event_initialize(
		&event, NULL, NULL, (const yaml_char_t *)text, strlen(text), 1, 1,
		plain ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE);

	return emit(emitter, &event, made);
}

static int print_mapping(yaml_emitter_t *emitter, const struct tree *tree)
{
	yaml_event_t event;
	int made = yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE);
	int r = emit(emitter, &event, made);

	for (size_t i = 0; r == 0 && i < tree->n_entries; i++) {
		r = print_text(emitter, tree->entries[i].key, true);
		if (r == 0)
			r = print_node(emitter, tree->entries[i].value);
	}
	if (r < 0)
		return r;
	made = yaml_mapping_end_event_initialize(&event);
	return emit(emitter, &event, made);
}

static int print_sequence(yaml_emitter_t *emitter, const struct tree *tree)
{
	yaml_event_t event;
	int made = yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_FLOW_SEQUENCE_STYLE);
	int r = emit(emitter, &event, made);

	for (size_t i = 0; r == 0 && i < tree->n_entries; i++)
		r = print_node(emitter, tree->entries[i].value);
	if (r < 0)
		return r;
	made = yaml_sequence_end_event_initialize(&event);
	return emit(emitter, &event, made);
}

static int print_node(yaml_emitter_t *emitter, const struct tree *tree)
{
	static const struct tree nothing = {.kind = TREE_MAPPING};

	if (tree->kind == TREE_SEQUENCE)
		return print_sequence(emitter, tree);
	if (tree->kind == TREE_MAPPING)
		return print_mapping(emitter, tree);
	/* libyaml would quote it; where a value is missing, options may be. */
	if (tree_is_empty(tree))
		return print_mapping(emitter, &nothing);
	return print_text(emitter, tree->scalar, tree->plain);
}

static int print_document(yaml_emitter_t *emitter, const struct tree *tree)
{
	yaml_event_t event;
	int made = yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING);
	int r = emit(emitter, &event, made);

	if (r == 0) {
		made = yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1);
		r = emit(emitter, &event, made);
	}
	if (r == 0)
		r = print_node(emitter, tree);
	if (r == 0) {
		made = yaml_document_end_event_initialize(&event, 1);
		r = emit(emitter, &event, made);
	}
	if (r == 0) {
		made = yaml_stream_end_event_initialize(&event);
		r = emit(emitter, &event, made);
	}
	return r;
}

static int write_to(void *userdata, unsigned char *bytes, size_t size)
{
	return fwrite(bytes, 1, size, userdata) == size;
}

int yaml_tree_print(const struct tree *tree, char **ret)
{
	yaml_emitter_t emitter;
	char *text = NULL;
	size_t length;
	FILE *file;
	int r;

	if (!yaml_emitter_initialize(&emitter))
		return -ENOMEM;
	file = open_memstream(&text, &length);
	if (file) {
		yaml_emitter_set_output(&emitter, write_to, file);
		yaml_emitter_set_width(&emitter, -1);
		yaml_emitter_set_unicode(&emitter, 1);
		r = print_document(&emitter, tree);
		fclose(file);
	} else {
		r = -ENOMEM;
	}
	yaml_emitter_delete(&emitter);
	if (r < 0 || !text) {
		free(text);
		return r < 0 ? r : -ENOMEM;
	}
	*ret = text;
	return 0;
}
