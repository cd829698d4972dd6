/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/entry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "config_build.h"
#include "core/drain.h"

struct entry {
	entry_look_fn look;
	void *userdata;
	char *role, *node, *site; /* NULL: not known yet */
	int64_t revision;
	bool news; /* of these, not yet said */
	struct sight said;
	uint64_t said_us;
	time_t since;
};

static void add_sight(json_t *json, const struct sight *sight, bool gateway)
{
	char generation[16];

	if (gateway) {
		snprintf(generation, sizeof(generation), "%08x", sight->generation);
		json_object_set_new(json, "generation", json_string(generation));
		json_object_set_new(json, "members", json_integer(sight->members));
		json_object_set_new(json, "open", json_integer(sight->open));
		json_object_set_new(json, "closed", json_string(sight->closed));
		json_object_set_new(json, "drain", json_string(drain_phase_name(sight->drain)));
		json_object_set_new(json, "served", json_integer(sight->served));
	}
	json_object_set_new(json, "services", json_integer(sight->services));
	if (!sight->heard)
		return;
	json_object_set_new(json, "connections", json_integer(sight->connections));
	json_object_set_new(json, "opened_per_s", json_integer((json_int_t)(sight->opened_per_s + 0.5)));
	json_object_set_new(json, "cpu", json_real(sight->cpu / 1000.0));
}

char *entry_text(struct entry *entry, uint64_t now_us)
{
	struct sight now = {};
	bool state = false, due;
	json_t *json;
	char *text;

	if (!entry->node)
		return NULL;
	entry->look(&now, entry->userdata);
	due = sight_due(&entry->said, &now, now_us - entry->said_us, &state);
	if (!entry->news && !due)
		return NULL;
	if (state || !entry->since)
		entry->since = time(NULL);
	json = json_pack("{s:s s:s s:I s:s s:I}", "role", entry->role, "site", entry->site, "revision",
			 (json_int_t)entry->revision, "version", HOLDFAST_VERSION, "since",
			 (json_int_t)entry->since);
	if (json)
		add_sight(json, &now, strcmp(entry->role, "gateway") == 0);
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (!text)
		return NULL;
	entry->said = now;
	entry->said_us = now_us;
	entry->news = false;
	return text;
}

int entry_is(struct entry *entry, const char *role, const char *node, const char *site, int64_t revision)
{
	_cleanup_free_ char *new_role = strdup(role), *new_node = strdup(node), *new_site = strdup(site);

	if (!new_role || !new_node || !new_site)
		return -ENOMEM;
	free(entry->role);
	free(entry->node);
	free(entry->site);
	entry->role = take(new_role);
	entry->node = take(new_node);
	entry->site = take(new_site);
	entry->revision = revision;
	entry->news = true;
	return 0;
}

const char *entry_node(const struct entry *entry)
{
	return entry->node;
}

int entry_new(entry_look_fn look, void *userdata, struct entry **ret)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return -ENOMEM;
	*entry = (struct entry){.look = look, .userdata = userdata};
	*ret = entry;
	return 0;
}

struct entry *entry_free(struct entry *entry)
{
	if (!entry)
		return NULL;
	free(entry->role);
	free(entry->node);
	free(entry->site);
	free(entry);
	return NULL;
}
