/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/store.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/errors.h"
#include "base/log.h"
#include "base/tree.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/session.h"
#include "core/edits.h"
#include "io/yaml.h"
#include "io/yaml_print.h"

static int run(const struct command *command, session_edit_fn edit, bool whole)
{
	_cleanup_session_ struct session session = {};
	int r = session_open(command, &session);

	return r < 0 ? r : session_change(&session, edit, whole);
}

/* The whole of it */

static int edit_push(struct tree **root, const struct command *command)
{
	_cleanup_errors_ struct errors errors = {};
	_cleanup_tree_ struct tree *tree = NULL;
	int r = yaml_tree_read(command->values[0], &errors, &tree);

	errors_print(&errors, stderr);
	if (r < 0)
		return r;
	tree_free(*root);
	*root = take(tree);
	return 0;
}

int config_push_run(const struct command *command)
{
	return run(command, edit_push, true);
}

int config_pull_run(const struct command *command)
{
	_cleanup_(documents_clear) struct documents documents = {};
	_cleanup_session_ struct session session = {};
	_cleanup_errors_ struct errors errors = {};
	_cleanup_tree_ struct tree *tree = NULL;
	_cleanup_free_ char *text = NULL;
	int r = session_open(command, &session);

	if (r < 0)
		return r;
	r = shared_fetch(&session.shared, session.event, &errors, &documents);
	r = r < 0 ? r : shared_tree(session.shared.name, &documents, &errors, &tree);
	r = r < 0 ? r : yaml_tree_print(tree, &text);
	errors_print(&errors, stderr);
	if (r < 0)
		return r;
	printf("# %s, revision %lld\n%s", session.shared.name,
	       (long long)documents_revision(&documents), text);
	return 0;
}

/* One object of it */

static int complain(int r, const char *why)
{
	if (r == -ENOENT || r == -EEXIST || r == -ENOSPC)
		log_error("%s", why);
	else if (r < 0)
		log_error("%s", strerror(-r));
	return r;
}

/* An argument in YAML: {id: 4, ...}, 80, [a, b]. */
static int read_value(const char *text, struct tree **ret)
{
	_cleanup_errors_ struct errors errors = {};
	int r = yaml_tree_parse(text, strlen(text), "argument", &errors, ret);

	errors_print(&errors, stderr);
	return r;
}

static int edit_add_backend(struct tree **root, const struct command *command)
{
	_cleanup_tree_ struct tree *value = NULL;
	char why[EDIT_WHY_MAX];
	int r = read_value(command->values[1], &value);

	if (r < 0)
		return r;
	r = edit_backend_give_id(*root, value, time(NULL), why);
	if (r == 0)
		r = edit_backend_add(*root, command->values[0], take(value), command->values + 2,
				     command->n_values - 2, why);
	return complain(r, why);
}

static int edit_drain_backend(struct tree **root, const struct command *command)
{
	char why[EDIT_WHY_MAX];

	return complain(edit_backend_drain(*root, command->values[0], true, why), why);
}

static int edit_undrain_backend(struct tree **root, const struct command *command)
{
	char why[EDIT_WHY_MAX];

	return complain(edit_backend_drain(*root, command->values[0], false, why), why);
}

static int edit_remove_backend(struct tree **root, const struct command *command)
{
	char why[EDIT_WHY_MAX];

	return complain(edit_backend_remove(*root, command->values[0], why), why);
}

static int edit_add_service(struct tree **root, const struct command *command)
{
	char why[EDIT_WHY_MAX];
	struct tree *value;
	int r = read_value(command->values[1], &value);

	return r < 0 ? r : complain(edit_service_add(*root, command->values[0], value, why), why);
}

static int edit_set_service(struct tree **root, const struct command *command)
{
	char why[EDIT_WHY_MAX];
	struct tree *value;
	int r = read_value(command->values[2], &value);

	if (r < 0)
		return r;
	return complain(edit_service_set(*root, command->values[0], command->values[1], value, why),
			why);
}

static int edit_remove_service(struct tree **root, const struct command *command)
{
	char why[EDIT_WHY_MAX];

	return complain(edit_service_remove(*root, command->values[0], why), why);
}

static int edit_drain_site(struct tree **root, const struct command *command)
{
	char why[EDIT_WHY_MAX];

	return complain(edit_site_drain(*root, command->values[0], true, why), why);
}

static int edit_undrain_site(struct tree **root, const struct command *command)
{
	char why[EDIT_WHY_MAX];

	return complain(edit_site_drain(*root, command->values[0], false, why), why);
}

static int edit_drain_gateway(struct tree **root, const struct command *command)
{
	char why[EDIT_WHY_MAX];

	return complain(edit_gateway_drain(*root, command->values[0], true, why), why);
}

static int edit_undrain_gateway(struct tree **root, const struct command *command)
{
	char why[EDIT_WHY_MAX];

	return complain(edit_gateway_drain(*root, command->values[0], false, why), why);
}

/* What remains */

#define UNKNOWN (-1LL)

/*
 * As its agent counts them, for all gateways; without one, what this gateway has pinned. An agent that is
 * not heard is no reason to think that nothing remains.
 */
static long long remaining_on(const json_t *member)
{
	const json_t *load = json_object_get(member, "load");
	const json_t *count = json_object_get(load, "connections");

	if (json_is_integer(count))
		return json_integer_value(count);
	if (!json_is_object(load) && json_is_object(json_object_get(member, "agent")))
		return UNKNOWN;
	return json_integer_value(json_object_get(member, "pins"));
}

/* Those that a gateway knows of: of the service, or of the backend in all of them. Or UNKNOWN. */
static long long count_remaining(const json_t *status, const char *service, const char *backend)
{
	const json_t *entry, *member;
	long long count = 0, here;
	size_t i, j;

	json_array_foreach(json_object_get(status, "services"), i, entry)
	{
		const char *name = json_string_value(json_object_get(entry, "name"));

		if (service && strcmp(service, name ?: "") != 0)
			continue;
		json_array_foreach(json_object_get(entry, "backends"), j, member)
		{
			name = json_string_value(json_object_get(member, "name"));
			if (backend && strcmp(backend, name ?: "") != 0)
				continue;
			here = remaining_on(member);
			if (here == UNKNOWN)
				return UNKNOWN;
			count += here;
		}
	}
	return count;
}

/* 0: nothing remains, as far as the gateway here can tell, or it does not matter. */
static int refuse_remaining(const struct command *command, const char *service, const char *backend)
{
	json_t *status = NULL;
	long long count;
	int r;

	if (command->force)
		return 0;
	r = client_get(command->socket, "/status", NULL, &status);
	if (r < 0 || strcmp(json_string_value(json_object_get(status, "role")) ?: "", "gateway")) {
		json_decref(status);
		log_error("whether connections remain only a gateway can tell: ask on one, with "
			  "--socket, or --force");
		return -EAGAIN;
	}
	count = count_remaining(status, service, backend);
	json_decref(status);
	if (count == 0)
		return 0;
	if (count == UNKNOWN) {
		log_error("%s: an agent is not heard, so whether connections remain is not known: "
			  "--force, if they may end", command->values[0]);
		return -EAGAIN;
	}
	log_error("%s: has %lld connections, which its removal would end: drain it and wait, or --force",
		  command->values[0], count);
	return -EBUSY;
}

/* The verbs */

int backend_add_run(const struct command *command)
{
	return run(command, edit_add_backend, false);
}

int backend_drain_run(const struct command *command)
{
	return run(command, edit_drain_backend, false);
}

int backend_undrain_run(const struct command *command)
{
	return run(command, edit_undrain_backend, false);
}

int backend_remove_run(const struct command *command)
{
	int r = refuse_remaining(command, NULL, command->values[0]);

	return r < 0 ? r : run(command, edit_remove_backend, false);
}

int service_add_run(const struct command *command)
{
	return run(command, edit_add_service, false);
}

int service_set_run(const struct command *command)
{
	return run(command, edit_set_service, false);
}

int service_remove_run(const struct command *command)
{
	int r = refuse_remaining(command, command->values[0], NULL);

	return r < 0 ? r : run(command, edit_remove_service, false);
}

int gateway_drain_run(const struct command *command)
{
	return run(command, edit_drain_gateway, false);
}

int gateway_undrain_run(const struct command *command)
{
	return run(command, edit_undrain_gateway, false);
}

int site_drain_run(const struct command *command)
{
	return run(command, edit_drain_site, false);
}

int site_undrain_run(const struct command *command)
{
	return run(command, edit_undrain_site, false);
}
