/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Before a configuration is put in place: what it would change on a node. The two files are read
 * and planned as the daemon does it; core/diff.c compares the plans.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/errors.h"
#include "base/log.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/print.h"
#include "cli/rests.h"
#include "core/diff.h"
#include "daemon/inputs.h"

/* --- for people and as JSON ------------------------------------------------------------------ */

static void print_change(const struct diff_change *change, FILE *to)
{
	if (change->service[0])
		fprintf(to, "service %s: ", change->service);
	fprintf(to, "%s %s: ", diff_about_name(change->about), change->name);
	if (change->field)
		fprintf(to, "%s ", change->field);
	if (change->what == DIFF_CHANGED && change->before[0])
		fprintf(to, "%s -> %s\n", change->before, change->after);
	else if (change->what == DIFF_ADDED && change->after[0])
		fprintf(to, "%s, %s\n", diff_what_name(change->what), change->after);
	else
		fprintf(to, "%s\n", diff_what_name(change->what));
}

void config_diff_print(const struct diff *diff, FILE *to)
{
	if (diff_is_empty(diff)) {
		fprintf(to, "the data plane stays as it is\n");
		return;
	}
	for (size_t i = 0; i < diff->n_changes; i++)
		print_change(&diff->changes[i], to);
	for (size_t i = 0; i < diff->n_shares; i++)
		if (diff->shares[i].moved > 0)
			fprintf(to, "service %s: %.1f %% of its rows move\n",
				diff->shares[i].service, diff->shares[i].moved * 100);
	if (diff->routers_moved > 0)
		fprintf(to, "gateways: %.1f %% of the site's flows get another router\n",
			diff->routers_moved * 100);
	fprintf(to, "programs: %s\n",
		diff->reload ? "loaded anew, exchanged under traffic" : "stay");
}

static json_t *change_json(const struct diff_change *change)
{
	json_t *object = json_pack("{s:s s:s s:s}", "about", diff_about_name(change->about), "name",
				   change->name, "what", diff_what_name(change->what));

	if (change->service[0])
		json_object_set_new(object, "service", json_string(change->service));
	if (change->field)
		json_object_set_new(object, "field", json_string(change->field));
	if (change->before[0])
		json_object_set_new(object, "before", json_string(change->before));
	if (change->after[0])
		json_object_set_new(object, "after", json_string(change->after));
	return object;
}

json_t *config_diff_json(const struct diff *diff)
{
	json_t *changes = json_array(), *moved = json_object();

	for (size_t i = 0; i < diff->n_changes; i++)
		json_array_append_new(changes, change_json(&diff->changes[i]));
	for (size_t i = 0; i < diff->n_shares; i++)
		json_object_set_new(moved, diff->shares[i].service,
				    json_real(diff->shares[i].moved * 100));
	return json_pack("{s:o s:o s:f s:b}", "changes", changes, "rows-moved-percent", moved,
			 "routers-moved-percent", diff->routers_moved * 100, "reload",
			 diff->reload);
}

/* --- a node, as a file makes it -------------------------------------------------------------- */

struct node {
	struct inputs *inputs;
	struct plan *plan;
	struct gateway_settings gateway;
	struct agent_settings agent;
	struct diff_side side;
};

static void node_clear(struct node *node)
{
	plan_free(node->plan);
	inputs_free(node->inputs);
}

static int make_gateway(const struct config_gateway *self, struct node *node)
{
	const struct config *config = node->inputs->config;
	int r = plan_gateway(config, self, &node->inputs->keys, &node->plan);

	if (r < 0)
		return r;
	node->gateway = plan_gateway_settings(config, self, &node->inputs->keys, node->plan);
	node->side = (struct diff_side){.plan = node->plan,
					.gateway = &node->gateway,
					.interfaces = self->interfaces,
					.n_interfaces = self->n_interfaces};
	return 0;
}

static int make_agent(const struct config_backend *self, struct node *node)
{
	const struct config *config = node->inputs->config;
	int r = plan_agent(config, self, &node->plan);

	if (r < 0)
		return r;
	node->agent = plan_agent_settings(config, self, &node->inputs->keys, node->plan);
	node->side = (struct diff_side){.plan = node->plan,
					.agent = &node->agent,
					.interfaces = self->interfaces,
					.n_interfaces = self->n_interfaces};
	return 0;
}

/* `state`: of the store that the file names, as the daemon keeps it; NULL: the file is all. */
static int node_read(const char *file, const char *state, const char *beside,
		     const struct rests *known, const char *name, struct node *node)
{
	_cleanup_errors_ struct errors errors = {};
	const struct config_gateway *gateway;
	const struct config_backend *backend;
	int r = state ? inputs_collect_state(state, file, &errors, &node->inputs)
		      : inputs_collect(file, beside, known, &errors, &node->inputs);

	errors_print(&errors, stderr);
	if (r < 0) {
		if (!errors_count(&errors))
			log_error("%s: %s", file, strerror(-r));
		return r;
	}
	gateway = config_gateway(node->inputs->config, name);
	if (gateway)
		return make_gateway(gateway, node);
	backend = config_backend(node->inputs->config, name);
	if (backend && backend->agent)
		return make_agent(backend, node);
	log_error(
		"%s: neither gateways nor backends with an agent have %s, name a node with --node",
		file, name);
	return -ENOENT;
}

/* --- the verb -------------------------------------------------------------------------------- */

/* What the daemon on this machine says of itself. The strings are of *ret_status. */
static int ask_daemon(const struct command *command, const char **against, const char **node,
		      json_t **ret_status)
{
	int r = client_get(command->socket, "/status", NULL, ret_status);

	if (r < 0)
		return r;
	if (!*against)
		*against = json_string_value(json_object_get(*ret_status, "config"));
	if (!*node)
		*node = json_string_value(json_object_get(*ret_status, "node"));
	if (*against && *node)
		return 0;
	log_error("%s: its status names no configuration and node, give --against and --node",
		  command->socket);
	return -EBADMSG;
}

bool config_is_same_file(const char *a, const char *b)
{
	struct stat one, other;

	return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

/* The daemon's file, edited in place, is no longer what the daemon read. */
static int refuse_same(const char *file, const char *against)
{
	if (!config_is_same_file(file, against))
		return 0;
	log_error("%s: is the very file that it is compared with: write the change to a copy",
		  file);
	return -EINVAL;
}

static int compare(const struct command *command, const char *against, const json_t *status,
		   const char *name)
{
	const char *state = json_string_value(json_object_get(json_object_get(status, "store"), "state"));
	_cleanup_(node_clear) struct node before = {}, after = {};
	_cleanup_diff_ struct diff *diff = NULL;
	_cleanup_rests_ struct rests known = {};
	const char *file = command->values[0];
	int r = refuse_same(file, against);

	if (r == 0)
		r = rests_ask(command, status, &known);
	if (r == 0)
		r = node_read(against, state, NULL, NULL, name, &before);
	if (r == 0)
		r = node_read(file, NULL, against, &known, name, &after);
	if (r == 0 && !before.side.gateway != !after.side.gateway) {
		log_error("%s: %s is a gateway in one of the files and an agent in the other", file,
			  name);
		r = -EINVAL;
	}
	if (r == 0)
		r = diff_sides(&before.side, &after.side, &diff);
	if (r < 0)
		return r;
	if (command->json) {
		json_t *answer = config_diff_json(diff);

		json_object_set_new(answer, "node", json_string(name));
		print_json(answer);
		json_decref(answer);
	} else {
		config_diff_print(diff, stdout);
	}
	return 0;
}

int config_diff_run(const struct command *command)
{
	const char *against = command->against, *node = command->node;
	json_t *status = NULL;
	int r = 0;

	if (!against || !node)
		r = ask_daemon(command, &against, &node, &status);
	if (r == 0)
		r = compare(command, against, command->against ? NULL : status, node);
	json_decref(status);
	return r;
}
