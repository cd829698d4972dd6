/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "io/yaml.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/cleanup.h"
#include "base/errors.h"
#include "base/tree.h"

struct reader {
	yaml_parser_t parser;
	const char *text;
	size_t length;
	const char *file;
	struct errors *errors;
};

#define _cleanup_event_ _cleanup_(yaml_event_delete)

static int read_node(struct reader *reader, const yaml_event_t *event, unsigned int depth,
		     struct tree **ret);

static unsigned int line_of(const yaml_event_t *event)
{
	return event->start_mark.line + 1;
}

static int refuse(struct reader *reader, const yaml_event_t *event, const char *what)
{
	return errors_add(reader->errors, reader->file, line_of(event), NULL, "%s", what);
}

/* A line's indentation has a tab: what libyaml says of it helps nobody. */
static bool is_tabbed(const struct reader *reader, size_t line)
{
	const char *at = reader->text, *end = at + reader->length;

	while (at && line--) {
		at = memchr(at, '\n', end - at);
		at = at ? at + 1 : NULL;
	}
	while (at && at < end && *at == ' ')
		at++;
	return at && at < end && *at == '\t';
}

static int refuse_syntax(struct reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	const char *problem = parser->problem ? parser->problem : "unreadable";

	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	/* Before the first token libyaml has no mark, only an offset. */
	if (parser->error == YAML_READER_ERROR)
		return errors_add(reader->errors, reader->file, parser->mark.line + 1, NULL,
				  "not text in UTF-8: %s", problem);
	if (is_tabbed(reader, parser->problem_mark.line))
		return errors_add(reader->errors, reader->file, parser->problem_mark.line + 1, NULL,
				  "indented by a tab, allowed: spaces");
	return errors_add(reader->errors, reader->file, parser->problem_mark.line + 1, NULL,
			  "not YAML: %s%s%s", problem, parser->context ? ", " : "",
			  parser->context ? parser->context : "");
}

static int next_event(struct reader *reader, yaml_event_t *event)
{
	if (!yaml_parser_parse(&reader->parser, event))
		return refuse_syntax(reader);
	return 0;
}

static int check_properties(struct reader *reader, const yaml_event_t *event, const void *anchor,
			    const void *tag)
{
	if (anchor)
		return refuse(reader, event, "an anchor (&), allowed: values written out");
	if (tag)
		return refuse(reader, event, "a tag (!), allowed: values without one");
	return 0;
}

static int read_scalar(struct reader *reader, const yaml_event_t *event, struct tree **ret)
{
	const char *value = (const char *)event->data.scalar.value;
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	int err =
		check_properties(reader, event, event->data.scalar.anchor, event->data.scalar.tag);

	if (err < 0)
		return err;
	if (strlen(value) != event->data.scalar.length)
		return refuse(reader, event, "a zero byte (\\0), allowed: text without one");
	*ret = tree_new_scalar(reader->file, line_of(event), value, plain);
	return *ret ? 0 : -ENOMEM;
}

static int read_sequence(struct reader *reader, const yaml_event_t *start, unsigned int depth,
			 struct tree **ret)
{
	_cleanup_tree_ struct tree *sequence = tree_new_sequence(reader->file, line_of(start));
	int err = check_properties(reader, start, start->data.sequence_start.anchor,
				   start->data.sequence_start.tag);

	if (!sequence)
		return -ENOMEM;
	while (err == 0) {
		_cleanup_event_ yaml_event_t event = {};
		struct tree *value;

		err = next_event(reader, &event);
		if (err < 0)
			break;
		if (event.type == YAML_SEQUENCE_END_EVENT) {
			*ret = take(sequence);
			return 0;
		}
		err = read_node(reader, &event, depth + 1, &value);
		if (err == 0)
			err = tree_append(sequence, value);
	}
	return err;
}

/* The value that follows `key`, into `mapping`. */
static int read_entry(struct reader *reader, const yaml_event_t *key, unsigned int depth,
		      struct tree *mapping)
{
	_cleanup_event_ yaml_event_t event = {};
	_cleanup_tree_ struct tree *name = NULL;
	struct tree *value;
	int err;

	if (key->type != YAML_SCALAR_EVENT)
		return refuse(reader, key,
			      "a key that is a list, a mapping or an alias, "
			      "allowed: a word");
	err = read_scalar(reader, key, &name);
	if (err == 0)
		err = next_event(reader, &event);
	if (err == 0)
		err = read_node(reader, &event, depth + 1, &value);
	if (err < 0)
		return err;
	/* What is missing in a block is missing under its name, not under its first key. */
	if (value->kind != TREE_SCALAR)
		value->line = line_of(key);
	return tree_set(mapping, name->scalar, line_of(key), value);
}

static int read_mapping(struct reader *reader, const yaml_event_t *start, unsigned int depth,
			struct tree **ret)
{
	_cleanup_tree_ struct tree *mapping = tree_new_mapping(reader->file, line_of(start));
	int err = check_properties(reader, start, start->data.mapping_start.anchor,
				   start->data.mapping_start.tag);

	if (!mapping)
		return -ENOMEM;
	while (err == 0) {
		_cleanup_event_ yaml_event_t event = {};

		err = next_event(reader, &event);
		if (err < 0)
			break;
		if (event.type == YAML_MAPPING_END_EVENT) {
			*ret = take(mapping);
			return 0;
		}
		err = read_entry(reader, &event, depth, mapping);
	}
	return err;
}

/* Recursion is bounded by `depth`, here and in libyaml by the same input. */
static int read_node(struct reader *reader, const yaml_event_t *event, unsigned int depth,
		     struct tree **ret)
{
	if (depth > YAML_DEPTH_MAX)
		return errors_add(reader->errors, reader->file, line_of(event), NULL,
				  "nested too deeply, allowed: %d levels", YAML_DEPTH_MAX);
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return read_scalar(reader, event, ret);
	case YAML_SEQUENCE_START_EVENT:
		return read_sequence(reader, event, depth, ret);
	case YAML_MAPPING_START_EVENT:
		return read_mapping(reader, event, depth, ret);
	case YAML_ALIAS_EVENT:
		return refuse(reader, event, "an alias (*), allowed: values written out");
	default:
		return refuse(reader, event, "not YAML: a value is missing");
	}
}

/* Stream, document, its one node, and nothing after it. */
static int read_document(struct reader *reader, struct tree **ret)
{
	static const yaml_event_type_t around[] = {YAML_STREAM_START_EVENT,
						   YAML_DOCUMENT_START_EVENT, YAML_NO_EVENT,
						   YAML_DOCUMENT_END_EVENT, YAML_STREAM_END_EVENT};
	_cleanup_tree_ struct tree *tree = NULL;

	for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
		_cleanup_event_ yaml_event_t event = {};
		int err = next_event(reader, &event);

		if (err < 0)
			return err;
		if (around[i] == YAML_NO_EVENT) {
			err = read_node(reader, &event, 1, &tree);
			if (err < 0)
				return err;
		} else if (around[i] == YAML_DOCUMENT_START_EVENT &&
			   event.type == YAML_STREAM_END_EVENT) {
			tree = tree_new_scalar(reader->file, 1, "", true);
			break;
		} else if (event.type != around[i]) {
			return refuse(reader, &event, "a second document, allowed: one");
		}
	}
	if (!tree)
		return -ENOMEM;
	*ret = take(tree);
	return 0;
}

int yaml_tree_parse(const char *text, size_t length, const char *file, struct errors *errors,
		    struct tree **ret)
{
	struct reader reader = {.text = text, .length = length, .file = file, .errors = errors};
	int err;

	if (length > YAML_BYTES_MAX)
		return errors_add(errors, file, 0, NULL, "too long, allowed: %d bytes",
				  YAML_BYTES_MAX);
	if (!yaml_parser_initialize(&reader.parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, length);
	err = read_document(&reader, ret);
	yaml_parser_delete(&reader.parser);
	return err;
}

static int refuse_file(struct errors *errors, const char *path, int err)
{
	errors_add(errors, path, 0, NULL, "cannot be read: %s", strerror(err));
	return -err;
}

int yaml_tree_read(const char *path, struct errors *errors, struct tree **ret)
{
	bool is_stdin = strcmp(path, "-") == 0;
	_cleanup_fclose_ FILE *file = fopen(is_stdin ? "/dev/stdin" : path, "re");
	_cleanup_free_ char *text = NULL;
	size_t length;

	path = is_stdin ? "stdin" : path;
	if (!file)
		return refuse_file(errors, path, errno);
	/* One byte more than is allowed, so that a longer file is seen to be longer. */
	text = malloc(YAML_BYTES_MAX + 1);
	if (!text)
		return -ENOMEM;
	errno = 0;
	length = fread(text, 1, YAML_BYTES_MAX + 1, file);
	if (ferror(file))
		return refuse_file(errors, path, errno ? errno : EIO);
	return yaml_tree_parse(text, length, path, errors, ret);
}
