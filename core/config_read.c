/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/config_read.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/errors.h"
#include "base/number.h"
#include "base/suggestion.h"
#include "base/tree.h"
#include "core/config.h"
#include "core/config_rows.h"
#include "wire/srv6.h"

#define PATH_MAX_TEXT 512
#define PATTERN_MAX 64
#define SHOWN_MAX 80 /* of a value, in an error */

struct reader {
	struct config_source *source;
	char path[PATH_MAX_TEXT]; /* where we are, with the operator's names */
	size_t length;
};

static int read_mapping(struct reader *reader, const char *pattern, const struct tree *mapping,
			void *object);

/* Goes one step down; returns where to come back to with leave(). Too long a path is cut. */
static size_t enter(struct reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static size_t enter(struct reader *reader, const char *format, ...)
{
	size_t before = reader->length, room = sizeof(reader->path) - before;
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(reader->path + before, room, format, arguments);
	va_end(arguments);
	reader->length += n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
	return before;
}

static size_t enter_key(struct reader *reader, const char *key)
{
	return enter(reader, "%s%s", reader->length ? "." : "", key);
}

static void leave(struct reader *reader, size_t before)
{
	reader->length = before;
	reader->path[before] = '\0';
}

#define wrong(reader, node, at, ...)                                                               \
	errors_add((reader)->source->errors, (node)->file, at, (reader)->path, __VA_ARGS__)

/* The value as an error quotes it. */
static const char *shown(const struct tree *node, char text[static SHOWN_MAX])
{
	if (node->kind == TREE_MAPPING)
		return "a mapping";
	if (node->kind == TREE_SEQUENCE)
		return "a list";
	if (tree_is_empty(node))
		return "an empty value";
	snprintf(text, SHOWN_MAX, node->plain ? "%.70s" : "\"%.70s\"", node->scalar);
	return text;
}

static int refuse(struct reader *reader, const struct config_row *row, const struct tree *node,
		  const char *what)
{
	char text[SHOWN_MAX], allowed[CONFIG_ALLOWED_MAX];

	return wrong(reader, node, node->line, "%s %s, allowed: %s", shown(node, text), what,
		     config_row_allowed(row, allowed));
}

/*
 * One value of a type: 0, -ENOMEM, or -EINVAL with an error added and the field untouched. `node`
 * is a scalar that is not empty.
 */
typedef int read_value(struct reader *reader, const struct config_row *row, const struct tree *node,
		       void *field);

static int read_text(struct reader *reader, const struct config_row *row, const struct tree *node,
		     void *field)
{
	char *text;

	if (!*node->scalar)
		return refuse(reader, row, node, "is empty");
	text = strdup(node->scalar);
	if (!text)
		return -ENOMEM;
	*(char **)field = text;
	return 0;
}

/* "90%" is a number of a row that counts percent. */
static int parse_number(const struct config_row *row, const char *text, uint64_t *ret)
{
	bool percent = row->unit && !strcmp(row->unit, "%");
	size_t length = strlen(text);
	char digits[24];

	if (!percent || length < 2 || length > sizeof(digits) || text[length - 1] != '%')
		return number_parse(text, row->max, ret);
	snprintf(digits, sizeof(digits), "%.*s", (int)length - 1, text);
	return number_parse(digits, row->max, ret);
}

static int read_number(struct reader *reader, const struct config_row *row, const struct tree *node,
		       void *field)
{
	bool negative = node->scalar[0] == '-';
	uint64_t number;
	int err = node->plain ? parse_number(row, node->scalar + negative, &number) : -EINVAL;

	if (err == -EINVAL)
		return refuse(reader, row, node, "is not a number");
	if (err < 0 || (negative && number) || (int64_t)number < row->min)
		return refuse(reader, row, node, "is out of range");
	if (row->size == sizeof(uint16_t))
		*(uint16_t *)field = number;
	else
		*(uint32_t *)field = number;
	return 0;
}

static int read_boolean(struct reader *reader, const struct config_row *row,
			const struct tree *node, void *field)
{
	bool yes = !strcmp(node->scalar, "true");

	if (!node->plain || (!yes && strcmp(node->scalar, "false")))
		return refuse(reader, row, node, "is not a truth value");
	*(bool *)field = yes;
	return 0;
}

static int read_choice(struct reader *reader, const struct config_row *row, const struct tree *node,
		       void *field)
{
	for (size_t i = 0; i < CONFIG_CHOICES_MAX && row->choices[i].name; i++)
		if (!strcmp(row->choices[i].name, node->scalar)) {
			*(uint8_t *)field = row->choices[i].value;
			return 0;
		}
	return refuse(reader, row, node, "is unknown");
}

static int refuse_host_bits(struct reader *reader, const struct tree *node,
			    const struct network *network)
{
	char text[SHOWN_MAX], base_text[NETWORK_TEXT_MAX];
	struct network base = network_base(network);

	return wrong(reader, node, node->line, "%s has host bits set, allowed: %s",
		     shown(node, text), network_format(&base, base_text));
}

static int read_network(struct reader *reader, const struct config_row *row,
			const struct tree *node, void *field)
{
	struct network network;

	if (network_parse(node->scalar, &network) < 0)
		return refuse(reader, row, node, "is not a network");
	if (network_has_host_bits(&network))
		return refuse_host_bits(reader, node, &network);
	*(struct network *)field = network;
	return 0;
}

static int read_locator(struct reader *reader, const struct config_row *row,
			const struct tree *node, void *field)
{
	struct network network;

	/* "::/64" would be the zero that stands for a value not read. */
	if (network_parse(node->scalar, &network) < 0 || network.length != SRV6_LOCATOR_BITS ||
	    address_equal(&network.address, &(union address){}))
		return refuse(reader, row, node, "is not a locator");
	if (network_has_host_bits(&network))
		return refuse_host_bits(reader, node, &network);
	*(union address *)field = network.address;
	return 0;
}

static int read_ports(struct reader *reader, const struct config_row *row, const struct tree *node,
		      void *field)
{
	const char *dash = strchr(node->scalar, '-');
	char head[8] = "";
	uint16_t *ports = field;
	uint64_t first, last;
	int err;

	if (!strcmp(node->scalar, "any")) {
		ports[0] = 0;
		ports[1] = UINT16_MAX;
		return 0;
	}
	snprintf(head, sizeof(head), "%.*s", dash ? (int)(dash - node->scalar) : 7, node->scalar);
	err = number_parse(head, UINT16_MAX, &first);
	last = first;
	if (err == 0 && dash)
		err = number_parse(dash + 1, UINT16_MAX, &last);
	if (err == -EINVAL)
		return refuse(reader, row, node, "is not a port");
	if (err < 0 || first == 0)
		return refuse(reader, row, node, "is out of range");
	if (first > last)
		return refuse(reader, row, node, "ends before it begins");
	ports[0] = first;
	ports[1] = last;
	return 0;
}

static int refuse_reference(struct reader *reader, const struct config_row *to, const char *name,
			    const struct tree *node, unsigned int line)
{
	const struct tree *items = tree_get(reader->source->tree, to->path);
	struct suggestion suggestion = {.wanted = name};

	for (size_t i = 0; items && items->kind == TREE_MAPPING && i < items->n_entries; i++) {
		/* It is this one, most likely, that was given another's name: told of already. */
		if (items->entries[i].first != i)
			return -EINVAL;
		suggestion_offer(&suggestion, items->entries[i].key);
	}
	return wrong(reader, node, line, "%.70s is not in %s, %s", name, to->path,
		     suggestion_text(&suggestion));
}

/* The item of the same number as its entry in the tree. `line` is where the name was written. */
static int resolve(struct reader *reader, const struct config_row *row, const char *name,
		   const struct tree *node, unsigned int line, void *field)
{
	const struct config_row *to = config_row_find(row->refers_to);
	const struct tree *items = tree_get(reader->source->tree, to->path);
	const struct tree_entry *entry = tree_entry(items, name);
	char *base = *(char **)((char *)reader->source->config + to->offset);

	if (!entry || !base)
		return refuse_reference(reader, to, name, node, line);
	*(void **)field = base + (entry - items->entries) * to->size;
	return 0;
}

static int read_reference(struct reader *reader, const struct config_row *row,
			  const struct tree *node, void *field)
{
	return resolve(reader, row, node->scalar, node, node->line, field);
}

static read_value *const readers[] = {
	[CONFIG_TEXT] = read_text,	 [CONFIG_NUMBER] = read_number,
	[CONFIG_BOOLEAN] = read_boolean, [CONFIG_CHOICE] = read_choice,
	[CONFIG_NETWORK] = read_network, [CONFIG_LOCATOR] = read_locator,
	[CONFIG_PORTS] = read_ports,	 [CONFIG_REFERENCE] = read_reference,
};

static const char *const not_a[] = {
	[CONFIG_TEXT] = "is not text",
	[CONFIG_NUMBER] = "is not a number",
	[CONFIG_BOOLEAN] = "is not a truth value",
	[CONFIG_CHOICE] = "is not a word",
	[CONFIG_NETWORK] = "is not a network",
	[CONFIG_LOCATOR] = "is not a locator",
	[CONFIG_PORTS] = "is not a port",
	[CONFIG_REFERENCE] = "is not a name",
};

/* A value and the row's own check of it. 0, also with an error; or -ENOMEM. */
static int read_one(struct reader *reader, const struct config_row *row, const struct tree *node,
		    void *field)
{
	const char *what;
	int err;

	if (node->kind != TREE_SCALAR || tree_is_empty(node)) {
		refuse(reader, row, node, not_a[row->type]);
		return 0;
	}
	err = readers[row->type](reader, row, node, field);
	if (err < 0)
		return err == -ENOMEM ? err : 0;
	what = row->check ? row->check(field) : NULL;
	if (what) {
		refuse(reader, row, node, what);
		/* Stays zero for the checks to come; a text stays for config_free. */
		if (row->type != CONFIG_TEXT)
			memset(field, 0, row->size);
	}
	return 0;
}

/* Room for a list or for items, all zero. 0, also with an error about their number; or -ENOMEM. */
static int make_room(struct reader *reader, const struct config_row *row, const struct tree *node,
		     void *object)
{
	char **values = (char **)((char *)object + row->offset);
	size_t *count = (size_t *)((char *)object + row->count);
	size_t min = row->list && row->min < 1 ? 1 : (size_t)row->min;

	if (node->n_entries < min)
		wrong(reader, node, node->line, "empty, allowed: %zu or more", min);
	if (row->max && node->n_entries > (size_t)row->max)
		wrong(reader, node, node->line, "%zu entries are too many, allowed: %lld",
		      node->n_entries, (long long)row->max);
	if (!node->n_entries)
		return 0;
	*values = calloc(node->n_entries, row->size);
	if (!*values)
		return -ENOMEM;
	*count = node->n_entries;
	return 0;
}

static int read_list(struct reader *reader, const struct config_row *row, const struct tree *node,
		     void *object)
{
	int err;

	if (row->word && node->kind == TREE_SCALAR && !strcmp(node->scalar, row->word))
		return 0;
	if (node->kind != TREE_SEQUENCE) {
		refuse(reader, row, node, "is not a list");
		return 0;
	}
	err = make_room(reader, row, node, object);
	for (size_t i = 0; err == 0 && i < node->n_entries; i++) {
		size_t here = enter(reader, "[%zu]", i);
		char *values = *(char **)((char *)object + row->offset);

		err = read_one(reader, row, node->entries[i].value, values + i * row->size);
		leave(reader, here);
	}
	return err;
}

#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789.-"

/* An item begins with its own name, or with a pointer to the item that its name refers to. */
static int read_name(struct reader *reader, const struct config_row *row,
		     const struct tree_entry *entry, void *item)
{
	const char *name = entry->key;
	int err;

	if (row->refers_to) {
		err = resolve(reader, row, name, entry->value, entry->line, item);
		return err == -ENOMEM ? err : 0;
	}
	if (!*name || strlen(name) > CONFIG_NAME_MAX || name[strspn(name, NAME_LETTERS)])
		wrong(reader, entry->value, entry->line,
		      "not a name, allowed: a to z, 0 to 9, . and -, at most %d", CONFIG_NAME_MAX);
	*(char **)item = strdup(name);
	return *(char **)item ? 0 : -ENOMEM;
}

static int read_items(struct reader *reader, const struct config_row *row, const struct tree *node,
		      void *object)
{
	char pattern[PATTERN_MAX];
	int err;

	/* "policies:" with nothing under it has no policies. Where there must be some, or {}, a file may end there. */
	if (node->kind != TREE_MAPPING && (row->required || !tree_is_empty(node))) {
		refuse(reader, row, node, "is not a mapping");
		return 0;
	}
	snprintf(pattern, sizeof(pattern), "%s.*", row->path);
	err = make_room(reader, row, node, object);
	for (size_t i = 0; err == 0 && i < node->n_entries; i++) {
		const struct tree_entry *entry = &node->entries[i];
		char *items = *(char **)((char *)object + row->offset);
		size_t here = enter_key(reader, entry->key);

		if (entry->first != i) {
			wrong(reader, entry->value, entry->line,
			      "given a second time, first on line %u, allowed: once",
			      node->entries[entry->first].line);
		} else {
			err = read_name(reader, row, entry, items + i * row->size);
			if (err == 0)
				err = read_mapping(reader, pattern, entry->value,
						   items + i * row->size);
		}
		leave(reader, here);
	}
	return err;
}

static int read_group(struct reader *reader, const struct config_row *row, const struct tree *node,
		      void *object)
{
	return read_mapping(reader, row->path, node, (char *)object + row->offset);
}

static int read_row(struct reader *reader, const struct config_row *row, const struct tree *node,
		    void *object)
{
	if (row->type == CONFIG_ITEMS)
		return read_items(reader, row, node, object);
	if (row->type == CONFIG_GROUP)
		return read_group(reader, row, node, object);
	if (row->list)
		return read_list(reader, row, node, object);
	return read_one(reader, row, node, (char *)object + row->offset);
}

/* Nothing was given: the row's default, read like anything else, or an error if there must be one.
 */
static int read_absent(struct reader *reader, const struct config_row *row,
		       const struct tree *mapping, void *object)
{
	char allowed[CONFIG_ALLOWED_MAX];

	if (row->type == CONFIG_GROUP) {
		struct tree node = {
			.kind = TREE_MAPPING, .line = mapping->line, .file = mapping->file};

		return read_group(reader, row, &node, object);
	}
	if (row->fallback) {
		struct tree node = {.kind = TREE_SCALAR,
				    .line = mapping->line,
				    .file = mapping->file,
				    .scalar = (char *)row->fallback,
				    .plain = true};

		return read_row(reader, row, &node, object);
	}
	if (row->required)
		wrong(reader, mapping, mapping->line, "missing, allowed: %s",
		      config_row_allowed(row, allowed));
	return 0;
}

static const struct config_row *row_of_key(const char *pattern, const char *key)
{
	const struct config_row *row = NULL;

	while ((row = config_row_next(pattern, row)) && strcmp(config_row_key(row), key))
		;
	return row;
}

static void refuse_stranger(struct reader *reader, const char *pattern, const struct tree *mapping,
			    const struct tree_entry *entry)
{
	struct suggestion suggestion = {.wanted = entry->key};
	const struct config_row *row = NULL;

	while ((row = config_row_next(pattern, row)))
		suggestion_offer(&suggestion, config_row_key(row));
	wrong(reader, mapping, entry->line, "unknown key, %s", suggestion_text(&suggestion));
}

/* The keys that no row knows, and those that stand there twice. */
static void refuse_strangers(struct reader *reader, const char *pattern, const struct tree *mapping)
{
	for (size_t i = 0; i < mapping->n_entries; i++) {
		const struct tree_entry *entry = &mapping->entries[i];
		size_t here = enter_key(reader, entry->key);

		if (!row_of_key(pattern, entry->key))
			refuse_stranger(reader, pattern, mapping, entry);
		else if (entry->first != i)
			wrong(reader, mapping, entry->line,
			      "given a second time, first on line %u, allowed: once",
			      mapping->entries[entry->first].line);
		leave(reader, here);
	}
}

/*
 * The rows under `pattern`, in the order of the table and not of the file, so that references find
 * their items. An empty value is a mapping that leaves everything out.
 */
static int read_mapping(struct reader *reader, const char *pattern, const struct tree *mapping,
			void *object)
{
	const struct config_row *row = NULL;
	int err = 0;

	if (mapping->kind != TREE_MAPPING && !tree_is_empty(mapping)) {
		char text[SHOWN_MAX];

		wrong(reader, mapping, mapping->line, "%s is not a mapping, allowed: key: value",
		      shown(mapping, text));
		return 0;
	}
	refuse_strangers(reader, pattern, mapping);
	while (err == 0 && (row = config_row_next(pattern, row))) {
		const struct tree *value = tree_get(mapping, config_row_key(row));
		size_t here = enter_key(reader, config_row_key(row));

		err = value ? read_row(reader, row, value, object)
			    : read_absent(reader, row, mapping, object);
		leave(reader, here);
	}
	return err;
}

int config_read(struct config_source *source)
{
	struct reader reader = {.source = source};

	return read_mapping(&reader, "", source->tree, source->config);
}

static bool is_about_store(const char *key)
{
	return !strcmp(key, "store") || !strcmp(key, "etcd");
}

int config_read_store(struct config_source *source)
{
	struct reader reader = {.source = source};
	const struct tree *tree = source->tree;
	const struct config_row *row = NULL;
	int err = 0;

	for (size_t i = 0; i < tree->n_entries; i++) {
		const struct tree_entry *entry = &tree->entries[i];
		size_t here = enter_key(&reader, entry->key);

		if (!is_about_store(entry->key))
			wrong(&reader, tree, entry->line, "is for the store, allowed here: store, etcd");
		leave(&reader, here);
	}
	while (err == 0 && (row = config_row_next("", row))) {
		const struct tree *value = tree_get(tree, row->path);
		size_t here = enter_key(&reader, row->path);

		if (is_about_store(row->path))
			err = value ? read_row(&reader, row, value, source->config)
				    : read_absent(&reader, row, tree, source->config);
		leave(&reader, here);
	}
	return err;
}
