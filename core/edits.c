/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/edits.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/tree.h"
#include "core/config.h"
#include "core/rests.h"

/* The mapping under the key, made where it is missing or empty. NULL: no memory. */
static struct tree *mapping_at(struct tree *parent, const char *key)
{
	const struct tree_entry *entry = tree_entry(parent, key);
	struct tree *made;

	if (entry && entry->value->kind == TREE_MAPPING)
		return entry->value;
	made = tree_new_mapping(parent->file, parent->line);
	return made && tree_put(parent, key, made) == 0 ? made : NULL;
}

/* The item of that name in the group; NULL, and `why` says so. */
static struct tree *item_at(struct tree *root, const char *group, const char *name,
			    char why[static EDIT_WHY_MAX])
{
	const struct tree_entry *entry = tree_entry(tree_get(root, group), name);

	if (!entry) {
		snprintf(why, EDIT_WHY_MAX, "%s: there is no %.64s", group, name);
		return NULL;
	}
	/* "b1:" and nothing behind it is an item that leaves everything out. */
	return mapping_at(mapping_at(root, group), name);
}

static int add_item(struct tree *root, const char *group, const char *name, struct tree *value,
		    char why[static EDIT_WHY_MAX])
{
	_cleanup_tree_ struct tree *owned = value;
	struct tree *items;

	if (tree_entry(tree_get(root, group), name)) {
		snprintf(why, EDIT_WHY_MAX, "%s: there is a %.64s already", group, name);
		return -EEXIST;
	}
	items = mapping_at(root, group);
	return items ? tree_put(items, name, take(owned)) : -ENOMEM;
}

static int remove_item(struct tree *root, const char *group, const char *name,
		       char why[static EDIT_WHY_MAX])
{
	if (!item_at(root, group, name, why))
		return -ENOENT;
	tree_drop(mapping_at(root, group), name);
	return 0;
}

/* What is enabled by default says nothing. */
static int set_enabled(struct tree *item, bool enabled)
{
	struct tree *value;

	tree_drop(item, "enabled");
	if (enabled)
		return 0;
	value = tree_new_scalar(item->file, item->line, "false", true);
	return value ? tree_put(item, "enabled", value) : -ENOMEM;
}

static size_t count_of(const struct tree *group)
{
	return group && group->kind == TREE_MAPPING ? group->n_entries : 0;
}

int edit_backend_give_id(const struct tree *root, struct tree *value, uint64_t now_s,
			 char why[static EDIT_WHY_MAX])
{
	_cleanup_config_ struct config *config = NULL;
	_cleanup_rests_ struct rests rests = {};
	struct tree *id;
	char text[16];
	int r;

	if (value->kind != TREE_MAPPING || tree_entry(value, "id"))
		return 0;
	r = config_salvage(root, &config);
	r = r < 0 ? r : rests_take(&rests, config, now_s);
	if (r < 0)
		return r;
	if (!rests_free_id(&rests)) {
		snprintf(why, EDIT_WHY_MAX, "backends: no id is free, remove one, and it is when it has rested");
		return -ENOSPC;
	}
	snprintf(text, sizeof(text), "%u", rests_free_id(&rests));
	id = tree_new_scalar(value->file, value->line, text, true);
	return id ? tree_put(value, "id", id) : -ENOMEM;
}

int edit_backend_add(struct tree *root, const char *name, struct tree *value,
		     char *const *services, size_t n_services, char why[static EDIT_WHY_MAX])
{
	int r = add_item(root, "backends", name, value, why);

	for (size_t i = 0; r == 0 && i < n_services; i++) {
		struct tree *service = item_at(root, "services", services[i], why);
		struct tree *members, *member;

		if (!service)
			return -ENOENT;
		members = mapping_at(service, "backends");
		member = tree_new_mapping(root->file, root->line);
		if (!members || !member) {
			tree_free(member);
			return -ENOMEM;
		}
		r = tree_put(members, name, member);
	}
	return r;
}

int edit_backend_drain(struct tree *root, const char *name, bool drained,
		       char why[static EDIT_WHY_MAX])
{
	const struct tree *services = tree_get(root, "services");
	size_t found = 0;

	if (!item_at(root, "backends", name, why))
		return -ENOENT;
	for (size_t i = 0; i < count_of(services); i++) {
		struct tree *service = services->entries[i].value, *members;
		int r;

		if (!tree_entry(tree_get(service, "backends"), name))
			continue;
		members = mapping_at(service, "backends");
		r = members ? set_enabled(mapping_at(members, name), !drained) : -ENOMEM;
		if (r < 0)
			return r;
		found++;
	}
	if (found)
		return 0;
	snprintf(why, EDIT_WHY_MAX, "services: none has %.64s", name);
	return -ENOENT;
}

int edit_backend_remove(struct tree *root, const char *name, char why[static EDIT_WHY_MAX])
{
	const struct tree *services = tree_get(root, "services");

	for (size_t i = 0; i < count_of(services); i++) {
		struct tree *service = services->entries[i].value;

		if (tree_entry(tree_get(service, "backends"), name))
			tree_drop(mapping_at(service, "backends"), name);
	}
	return remove_item(root, "backends", name, why);
}

int edit_service_add(struct tree *root, const char *name, struct tree *value,
		     char why[static EDIT_WHY_MAX])
{
	return add_item(root, "services", name, value, why);
}

int edit_service_set(struct tree *root, const char *name, const char *path, struct tree *value,
		     char why[static EDIT_WHY_MAX])
{
	_cleanup_tree_ struct tree *owned = value;
	struct tree *at = item_at(root, "services", name, why);
	char part[64];
	const char *dot;

	if (!at)
		return -ENOENT;
	for (; (dot = strchr(path, '.')); path = dot + 1) {
		snprintf(part, sizeof(part), "%.*s", (int)(dot - path), path);
		at = mapping_at(at, part);
		if (!at)
			return -ENOMEM;
	}
	return tree_put(at, path, take(owned));
}

int edit_service_remove(struct tree *root, const char *name, char why[static EDIT_WHY_MAX])
{
	return remove_item(root, "services", name, why);
}

int edit_site_drain(struct tree *root, const char *name, bool drained, char why[static EDIT_WHY_MAX])
{
	struct tree *site = item_at(root, "sites", name, why);

	return site ? set_enabled(site, !drained) : -ENOENT;
}

int edit_gateway_drain(struct tree *root, const char *name, bool drained,
		       char why[static EDIT_WHY_MAX])
{
	struct tree *gateway = item_at(root, "gateways", name, why);

	return gateway ? set_enabled(gateway, !drained) : -ENOENT;
}
