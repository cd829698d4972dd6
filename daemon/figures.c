/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/figures.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

static bool is_down(const json_t *backend)
{
	return json_is_false(json_object_get(json_object_get(backend, "health"), "up"));
}

static bool is_open(const json_t *backend)
{
	return json_is_true(json_object_get(backend, "open"));
}

static const char *state_of(const json_t *backend)
{
	if (is_down(backend))
		return "down";
	return is_open(backend) ? "open" : "closed";
}

static void copy(json_t *to, const json_t *from, const char *name)
{
	json_t *value = json_object_get(from, name);

	if (value)
		json_object_set(to, name, value);
}

static json_t *backend_json(const json_t *backend)
{
	const json_t *load = json_object_get(backend, "load"), *health = json_object_get(backend, "health");
	json_t *json = json_pack("{s:s}", "state", state_of(backend));

	copy(json, backend, "name");
	copy(json, backend, "weight");
	copy(json, backend, "pins");
	copy(json, load, "connections");
	copy(json, json_object_get(backend, "agent"), "cpu");
	if (is_down(backend)) {
		copy(json, health, "reason");
		copy(json, health, "since_s");
	}
	return json;
}

/* Two turns: those in trouble come first, and so are not left out. */
static json_t *backends_json(const json_t *backends)
{
	json_t *list = json_array(), *backend;
	size_t i;

	for (int turn = 0; turn < 2; turn++)
		json_array_foreach(backends, i, backend)
			if ((turn == 0) == (strcmp(state_of(backend), "open") != 0) &&
			    json_array_size(list) < FIGURES_BACKENDS_MAX)
				json_array_append_new(list, backend_json(backend));
	return list;
}

/* NULL: nobody says. */
static json_t *sum_of_loads(const json_t *backends, const char *name)
{
	const json_t *backend;
	bool any = false;
	double sum = 0;
	size_t i;

	json_array_foreach(backends, i, backend)
	{
		const json_t *value = json_object_get(json_object_get(backend, "load"), name);

		any |= json_is_number(value);
		sum += json_number_value(value);
	}
	return any ? json_real(sum) : json_null();
}

static json_t *service_json(const json_t *service)
{
	const json_t *backends = json_object_get(service, "backends"), *backend;
	static const char *const kept[] = {"name", "vips", "protocol", "ports", "off", "away", "connections"};
	size_t i, open = 0, down = 0;
	json_t *json = json_object();

	for (i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		copy(json, service, kept[i]);
	if (!backends)
		return json; /* an agent's */
	json_array_foreach(backends, i, backend)
	{
		open += is_open(backend);
		down += is_down(backend);
	}
	json_object_set_new(json, "members", json_integer(json_array_size(backends)));
	json_object_set_new(json, "open", json_integer(open));
	json_object_set_new(json, "down", json_integer(down));
	json_object_set_new(json, "connections", sum_of_loads(backends, "connections"));
	json_object_set_new(json, "opened_per_s", sum_of_loads(backends, "opened_per_s"));
	json_object_set_new(json, "backends", backends_json(backends));
	return json;
}

json_t *figures_json(const json_t *state)
{
	static const char *const kept[] = {"node", "site", "role", "version", "pins", "gateways",
					   "vips", "who-has", "process", "config-refused"};
	json_t *json = json_object(), *services = json_array(), *service;
	struct timespec now;
	size_t i;

	for (i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		copy(json, state, kept[i]);
	json_array_foreach(json_object_get(state, "services"), i, service)
		json_array_append_new(services, service_json(service));
	json_object_set_new(json, "services", services);
	clock_gettime(CLOCK_REALTIME, &now);
	json_object_set_new(json, "time", json_real(now.tv_sec + now.tv_nsec / 1e9));
	return json;
}
