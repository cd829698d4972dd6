/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/nodes.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "cli/command.h"
#include "cli/print.h"
#include "cli/session.h"
#include "cli/table.h"

static const char *text(const json_t *node, const char *name)
{
	return json_string_value(json_object_get(node, name)) ?: "-";
}

static bool is_gateway(const json_t *node)
{
	return strcmp(text(node, "role"), "gateway") == 0;
}

/* Another gateway of its site has another generation; for a moment that is nothing. */
static bool disagrees(const json_t *nodes, const json_t *node)
{
	const json_t *other;
	size_t i;

	json_array_foreach(nodes, i, other)
		if (is_gateway(node) && is_gateway(other) && strcmp(text(node, "site"), text(other, "site")) == 0 &&
		    strcmp(text(node, "generation"), text(other, "generation")) != 0)
			return true;
	return false;
}

/* As in 5/6. */
static void open_cell(struct table *table, const json_t *node)
{
	const json_t *members = json_object_get(node, "members");
	long long all = json_integer_value(members), open = json_integer_value(json_object_get(node, "open"));

	if (json_is_integer(members))
		table_cell(table, open == all ? COLOUR_GOOD : open ? COLOUR_CARE : COLOUR_BAD, "%lld/%lld",
			   open, all);
	else
		table_cell(table, COLOUR_NONE, "-");
}

static void since_cell(struct table *table, const json_t *node, double now_s)
{
	const json_t *since = json_object_get(node, "since");
	double age_s = now_s - json_number_value(since);

	if (!json_is_number(since))
		table_cell(table, COLOUR_NONE, "-");
	else if (age_s < 100)
		table_cell(table, COLOUR_NONE, "%.0f s", age_s > 0 ? age_s : 0);
	else if (age_s < 100 * 60)
		table_cell(table, COLOUR_NONE, "%.0f min", age_s / 60);
	else if (age_s < 100 * 3600)
		table_cell(table, COLOUR_NONE, "%.0f h", age_s / 3600);
	else
		table_cell(table, COLOUR_NONE, "%.0f d", age_s / 86400);
}

/* NULL: it is not drained. */
static const char *drain_words(const json_t *node)
{
	if (strcmp(text(node, "drain"), "leaving") == 0)
		return "draining, clients' traffic has not left";
	return strcmp(text(node, "drain"), "left") == 0 ? "drained, its VIPs are withdrawn" : NULL;
}

/* What is worth a word about a node, a line each. */
static void print_words(const json_t *nodes, FILE *to)
{
	const json_t *node;
	bool begun = false;
	size_t i;

	json_array_foreach(nodes, i, node)
	{
		bool closed = is_gateway(node) && strlen(text(node, "closed")) > 1;
		const char *drain = drain_words(node), *between = ":";

		if (!closed && !drain && !disagrees(nodes, node))
			continue;
		fprintf(to, "%s%s", begun ? "" : "\n", text(node, "node"));
		begun = true;
		if (closed) {
			fprintf(to, "%s not open: %s", between, text(node, "closed"));
			between = ";";
		}
		if (drain) {
			fprintf(to, "%s %s", between, drain);
			between = ";";
		}
		if (disagrees(nodes, node))
			fprintf(to, "%s other rows than another gateway of %s", between,
				text(node, "site"));
		fputc('\n', to);
	}
}

void print_nodes(const json_t *nodes, double now_s, FILE *to)
{
	static const struct table_column columns[] = {
		{"node", TABLE_LEFT},	{"role", TABLE_LEFT},	       {"site", TABLE_LEFT},
		{"revision", TABLE_RIGHT}, {"generation", TABLE_LEFT}, {"open", TABLE_RIGHT},
		{"connections", TABLE_RIGHT}, {"new/s", TABLE_RIGHT},  {"cpu", TABLE_RIGHT},
		{"since", TABLE_RIGHT}, {"version", TABLE_LEFT},
	};
	_cleanup_table_ struct table *table = table_new(columns, sizeof(columns) / sizeof(*columns));
	const json_t *node;
	size_t i;

	if (!table)
		return;
	json_array_foreach(nodes, i, node)
	{
		table_cell(table, COLOUR_NONE, "%s", text(node, "node"));
		table_cell(table, COLOUR_NONE, "%s", text(node, "role"));
		table_cell(table, COLOUR_NONE, "%s", text(node, "site"));
		table_number(table, node, "revision", 1, "%.0f");
		table_cell(table, disagrees(nodes, node) ? COLOUR_CARE : COLOUR_NONE, "%s",
			   text(node, "generation"));
		open_cell(table, node);
		table_number(table, node, "connections", 1, "%.0f");
		table_number(table, node, "opened_per_s", 1, "%.0f");
		table_number(table, node, "cpu", 100, "%.0f %%");
		since_cell(table, node, now_s);
		table_cell(table, COLOUR_NONE, "%s", text(node, "version"));
	}
	table_print(table, to);
	print_words(nodes, to);
}

/* NULL: no entry of ours. */
static json_t *node_of(const json_t *kv, size_t prefix)
{
	_cleanup_free_ char *key = etcd_text_of(kv, "key", NULL);
	_cleanup_free_ char *value = etcd_text_of(kv, "value", NULL);
	json_t *entry = value ? json_loads(value, 0, NULL) : NULL;
	json_t *node = entry && key && strlen(key) > prefix ? json_pack("{s:s}", "node", key + prefix) : NULL;

	if (node)
		json_object_update(node, entry);
	json_decref(entry);
	return node;
}

int nodes_run(const struct command *command)
{
	_cleanup_session_ struct session session = {};
	_cleanup_free_ char *prefix = NULL, *why = NULL;
	json_t *answer = NULL, *nodes = json_array(), *kv, *node;
	size_t i;
	int r = session_open(command, &session);

	if (r >= 0)
		prefix = shared_key(&session.shared, "nodes/");
	if (r >= 0)
		r = prefix ? etcd_ask(session.shared.etcd, session.event, "/v3/kv/range",
				      etcd_range(prefix), &answer, &why)
			   : -ENOMEM;
	if (why)
		log_error("%s", why);
	json_array_foreach(json_object_get(answer, "kvs"), i, kv)
	{
		node = node_of(kv, strlen(prefix));
		if (node)
			json_array_append_new(nodes, node);
	}
	if (r == 0 && command->json) {
		print_json(nodes);
	} else if (r == 0) {
		print_nodes(nodes, time(NULL), stdout);
	}
	json_decref(answer);
	json_decref(nodes);
	return r;
}
