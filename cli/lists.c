/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/lists.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/log.h"
#include "cli/table.h"

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

static const char *text(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value ? value : "-";
}

static bool is_true(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}

static int refuse(const char *what)
{
	log_error("an agent knows of no %s: ask a gateway, with --socket", what);
	return -ENOTSUP;
}

/* --- parts ----------------------------------------------------------------------------------- */

int services_of(const json_t *status, json_t **ret)
{
	json_t *services = json_object_get(status, "services");

	*ret = services ? json_incref(services) : json_array();
	return *ret ? 0 : -ENOMEM;
}

int gateways_of(const json_t *status, json_t **ret)
{
	json_t *gateways = json_object_get(status, "gateways");

	if (!gateways)
		return refuse("gateways");
	*ret = json_incref(gateways);
	return 0;
}

/* The service's name first, then all that its entry says. */
static int add_backend(json_t *list, const json_t *service, json_t *backend)
{
	json_t *row = json_pack("{s:s}", "service", text(service, "name"));

	if (!row || json_object_update(row, backend) < 0 || json_array_append(list, row) < 0) {
		json_decref(row);
		return -ENOMEM;
	}
	json_decref(row);
	return 0;
}

int backends_of(const json_t *status, json_t **ret)
{
	json_t *list = json_array(), *service, *backend;
	size_t i, j;
	int r = list ? 0 : -ENOMEM;

	json_array_foreach(json_object_get(status, "services"), i, service)
	{
		json_t *backends = json_object_get(service, "backends");

		if (r == 0 && !backends)
			r = refuse("backends");
		if (r < 0)
			break;
		json_array_foreach(backends, j, backend) if (r == 0) r =
			add_backend(list, service, backend);
	}
	if (r < 0) {
		json_decref(list);
		return r;
	}
	*ret = list;
	return 0;
}

/* --- tables ---------------------------------------------------------------------------------- */

static void ports_cell(struct table *table, const json_t *service)
{
	const json_t *ports = json_object_get(service, "ports");
	long long first = json_integer_value(json_array_get(ports, 0));
	long long last = json_integer_value(json_array_get(ports, 1));

	if (first == 0 && last == 65535)
		table_cell(table, COLOUR_NONE, "any");
	else if (first == last)
		table_cell(table, COLOUR_NONE, "%lld", first);
	else
		table_cell(table, COLOUR_NONE, "%lld-%lld", first, last);
}

/* Open ones of all, as in 2/3; an agent does not know. */
static void open_cell(struct table *table, const json_t *service)
{
	const json_t *backends = json_object_get(service, "backends"), *backend;
	size_t i, open = 0, n = json_array_size(backends);

	json_array_foreach(backends, i, backend) open +=
		is_true(backend, "open") && is_true(backend, "reachable");
	if (is_true(service, "off"))
		table_cell(table, COLOUR_BAD, "off");
	else if (backends)
		table_cell(table,
			   open == n ? COLOUR_GOOD
			   : open    ? COLOUR_CARE
				     : COLOUR_BAD,
			   "%zu/%zu", open, n);
	else
		table_cell(table, COLOUR_NONE, "-");
}

static void vips_cell(struct table *table, const json_t *service)
{
	_cleanup_free_ char *joined = NULL;
	size_t length, i;
	FILE *stream = open_memstream(&joined, &length);
	const json_t *vip;

	if (!stream)
		return;
	json_array_foreach(json_object_get(service, "vips"), i, vip)
		fprintf(stream, "%s%s", i ? " " : "", json_string_value(vip));
	fclose(stream);
	table_cell(table, COLOUR_NONE, "%s", joined ? joined : "");
}

void print_services(const json_t *services, FILE *to)
{
	static const struct table_column columns[] = {
		{"service", TABLE_LEFT}, {"protocol", TABLE_LEFT}, {"ports", TABLE_RIGHT},
		{"open", TABLE_RIGHT},	 {"agents", TABLE_LEFT},   {"vips", TABLE_LEFT},
	};
	_cleanup_table_ struct table *table = table_new(columns, LENGTH(columns));
	const json_t *service;
	size_t i;

	if (!table)
		return;
	json_array_foreach(services, i, service)
	{
		table_cell(table, COLOUR_NONE, "%s", text(service, "name"));
		table_cell(table, COLOUR_NONE, "%s", text(service, "protocol"));
		ports_cell(table, service);
		open_cell(table, service);
		table_cell(table, COLOUR_NONE, "%s",
			   json_is_false(json_object_get(service, "agents")) ? "none" : "all");
		vips_cell(table, service);
	}
	table_print(table, to);
}

/*
 * What a backend still has that the operator closed: its agent counts the connections; without one it is
 * what this gateway has pinned. A count that an agent gave long ago says nothing of now.
 */
static void drain_state(const json_t *backend, char state[static BACKEND_STATE_MAX])
{
	const json_t *agent = json_object_get(backend, "agent");
	const json_t *left = json_object_get(json_object_get(backend, "load"), "connections");
	long long pins = json_integer_value(json_object_get(backend, "pins"));
	const char *heard = text(agent, "state");

	if (json_is_null(agent) && pins)
		snprintf(state, BACKEND_STATE_MAX, "draining, %lld pinned flows", pins);
	else if (json_is_null(agent))
		snprintf(state, BACKEND_STATE_MAX, "drained, no pinned flow");
	else if (strcmp(heard, "silent") == 0 || strcmp(heard, "left") == 0)
		snprintf(state, BACKEND_STATE_MAX, "draining, but its agent does not say what is left");
	else if (!json_is_integer(left))
		snprintf(state, BACKEND_STATE_MAX, "closed");
	else if (json_integer_value(left))
		snprintf(state, BACKEND_STATE_MAX, "draining, %lld connections",
			 (long long)json_integer_value(left));
	else
		snprintf(state, BACKEND_STATE_MAX, "drained, no connection");
}

/* Then "open" says only that nobody has closed it. */
static bool is_unchecked(const json_t *backend)
{
	return json_is_false(json_object_get(backend, "checked"));
}

/* One that is down is open all the same where all are, and the operator trusts them. */
const char *backend_state(const json_t *backend, char state[static BACKEND_STATE_MAX])
{
	const json_t *health = json_object_get(backend, "health");
	bool open = is_true(backend, "open"), down = json_is_false(json_object_get(health, "up"));

	if (down && (open || is_true(backend, "enabled")))
		snprintf(state, BACKEND_STATE_MAX, "%s it %s, for %.0f s",
			 open ? "open, but" : "closed,", text(health, "reason"),
			 json_number_value(json_object_get(health, "since_s")));
	else if (!open && json_is_false(json_object_get(backend, "enabled")))
		drain_state(backend, state);
	else if (!open)
		snprintf(state, BACKEND_STATE_MAX, "closed");
	else
		snprintf(state, BACKEND_STATE_MAX, "%s",
			 !is_true(backend, "reachable") ? "open, but no route or neighbour"
			 : is_unchecked(backend)	? "open, not checked"
							: "open");
	return state;
}

static void backend_state_cell(struct table *table, const json_t *backend)
{
	char state[BACKEND_STATE_MAX];
	enum colour colour = !is_true(backend, "open")	       ? COLOUR_CARE
			     : !is_true(backend, "reachable") ? COLOUR_BAD
			     : is_unchecked(backend)	      ? COLOUR_NONE
							      : COLOUR_GOOD;

	table_cell(table, colour, "%s", backend_state(backend, state));
}

/* How long ago its agent was heard. */
static void heard_cell(struct table *table, const json_t *backend)
{
	const json_t *agent = json_object_get(backend, "agent");
	const char *state = text(agent, "state");
	double age_s = json_number_value(json_object_get(agent, "age_s"));

	if (strcmp(state, "alive") == 0 || strcmp(state, "late") == 0)
		table_cell(table, COLOUR_NONE, "%.1f s", age_s);
	else if (strcmp(state, "silent") == 0)
		table_cell(table, COLOUR_CARE, "silent %.0f s", age_s);
	else
		table_cell(table, COLOUR_NONE, "%s", strcmp(state, "left") == 0 ? "stopped" : state);
}

static void load_cells(struct table *table, const json_t *backend)
{
	const json_t *figures = json_object_get(backend, "load");

	table_number(table, figures, "connections", 1, "%.0f");
	table_number(table, figures, "opened_per_s", 1, "%.0f");
	table_number(table, figures, "queue", 100, "%.0f %%");
	table_number(table, json_object_get(backend, "agent"), "cpu", 100, "%.0f %%");
	heard_cell(table, backend);
}

void print_backends(const json_t *backends, FILE *to)
{
	static const struct table_column columns[] = {
		{"service", TABLE_LEFT}, {"backend", TABLE_LEFT},    {"id", TABLE_RIGHT},
		{"weight", TABLE_RIGHT}, {"connections", TABLE_RIGHT}, {"new/s", TABLE_RIGHT},
		{"queue", TABLE_RIGHT},	 {"cpu", TABLE_RIGHT},	     {"heard", TABLE_RIGHT},
		{"state", TABLE_LEFT},
	};
	_cleanup_table_ struct table *table = table_new(columns, LENGTH(columns));
	const json_t *backend;
	size_t i;

	if (!table)
		return;
	json_array_foreach(backends, i, backend)
	{
		table_cell(table, COLOUR_NONE, "%s", text(backend, "service"));
		table_cell(table, COLOUR_NONE, "%s", text(backend, "name"));
		table_cell(table, COLOUR_NONE, "%lld",
			   json_integer_value(json_object_get(backend, "id")));
		table_cell(table, COLOUR_NONE, "%lld",
			   json_integer_value(json_object_get(backend, "weight")));
		load_cells(table, backend);
		backend_state_cell(table, backend);
	}
	table_print(table, to);
}

const char *gateway_state(const json_t *gateway)
{
	if (is_true(gateway, "self"))
		return "this one";
	if (!is_true(gateway, "reachable"))
		return "no route or neighbour";
	return json_is_false(json_object_get(gateway, "alive")) ? "silent, routes nothing" : "alive";
}

static void rtt_cell(struct table *table, const json_t *gateway)
{
	const json_t *rtt = json_object_get(gateway, "rtt_us");

	if (json_is_integer(rtt))
		table_cell(table, COLOUR_NONE, "%.1f ms", json_integer_value(rtt) / 1e3);
	else
		table_cell(table, COLOUR_NONE, "-");
}

/* The share of the flows that it routes. */
static void share_cell(struct table *table, const json_t *gateway)
{
	double all = json_number_value(json_object_get(gateway, "rows-all"));

	if (all > 0)
		table_cell(table, COLOUR_NONE, "%.0f %%",
			   json_number_value(json_object_get(gateway, "rows")) / all * 100);
	else
		table_cell(table, COLOUR_NONE, "-");
}

void print_gateways(const json_t *gateways, FILE *to)
{
	static const struct table_column columns[] = {{"gateway", TABLE_LEFT},
						      {"sid", TABLE_LEFT},
						      {"routes", TABLE_RIGHT},
						      {"rtt", TABLE_RIGHT},
						      {"state", TABLE_LEFT}};
	_cleanup_table_ struct table *table = table_new(columns, LENGTH(columns));
	const json_t *gateway;
	size_t i;

	if (!table)
		return;
	json_array_foreach(gateways, i, gateway)
	{
		table_cell(table, COLOUR_NONE, "%s", text(gateway, "name"));
		table_cell(table, COLOUR_NONE, "%s", text(gateway, "sid"));
		share_cell(table, gateway);
		rtt_cell(table, gateway);
		table_cell(table,
			   is_true(gateway, "self") || (is_true(gateway, "reachable") &&
							!json_is_false(json_object_get(gateway, "alive")))
				   ? COLOUR_GOOD
				   : COLOUR_BAD,
			   "%s", gateway_state(gateway));
	}
	table_print(table, to);
}
