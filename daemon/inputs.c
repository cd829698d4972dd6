/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/inputs.h"

#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <time.h>

#include "base/errors.h"
#include "base/log.h"
#include "base/tree.h"
#include "core/config_read.h"
#include "core/rests.h"
#include "daemon/last_state.h"
#include "daemon/shared.h"
#include "daemon/store.h"
#include "io/secret.h"
#include "io/yaml.h"

#define FORCE "rest: 0" /* an option, as rests_judge tells it */

/* A label of its own for each epoch, although only the lowest bit of its number travels. */
static int derive_cookie_key(const struct secret *secret, uint32_t epoch, struct cookie_keys *keys)
{
	uint32_t at = epoch % COOKIE_EPOCHS;
	char label[sizeof("holdfast cookie 4294967295")];

	snprintf(label, sizeof(label), "holdfast cookie %u", epoch);
	keys->live |= 1 << at;
	return secret_derive(secret, label, &keys->epochs[at], sizeof(keys->epochs[at]));
}

/* New connections carry the current epoch's cookies; those of the one before go on. */
static int derive_cookie_keys(const struct secret *secret, uint32_t epoch, struct cookie_keys *ret)
{
	int r = 0;

	*ret = (struct cookie_keys){.current = epoch % COOKIE_EPOCHS};
	if (epoch > 0)
		r = derive_cookie_key(secret, epoch - 1, ret);
	return r < 0 ? r : derive_cookie_key(secret, epoch, ret);
}

static int derive_keys(const struct secret *secret, uint32_t epoch, struct plan_keys *keys)
{
	int r = secret_derive(secret, "holdfast flow hash", &keys->flow, sizeof(keys->flow));

	if (r < 0)
		return r;
	r = secret_derive(secret, "holdfast rows", &keys->rows, sizeof(keys->rows));
	if (r < 0)
		return r;
	r = secret_derive(secret, "holdfast fingerprint", &keys->fingerprint,
			  sizeof(keys->fingerprint));
	if (r < 0)
		return r;
	r = secret_derive(secret, "holdfast who has", &keys->who_has, sizeof(keys->who_has));
	if (r < 0)
		return r;
	r = secret_derive(secret, "holdfast heartbeat", &keys->heartbeat, sizeof(keys->heartbeat));
	if (r < 0)
		return r;
	return derive_cookie_keys(secret, epoch, &keys->cookie);
}

/* The secret's fault stands where the configuration names it, so that it is found from there. */
static void add_fault(const struct tree *name, const struct errors *faults, struct errors *errors)
{
	const struct error *fault;

	for (size_t i = 0; (fault = errors_at(faults, i)); i++)
		errors_add(errors, name->file, name->line, "secret", "the file %.*s %s",
			   fault->file_length, fault->text, fault->what);
}

/* Looks the secret up in the tree: it is read also where the rest of the configuration is wrong. */
static int read_keys(const struct tree *tree, const char *beside, uint32_t epoch,
		     struct errors *errors, struct plan_keys *keys)
{
	const struct tree *name = tree_get(tree, "secret");
	_cleanup_free_ char *path = NULL;
	_cleanup_errors_ struct errors faults = {};
	_cleanup_(secret_erase) struct secret secret = {};
	int r;

	if (!name || name->kind != TREE_SCALAR || !*name->scalar)
		return -EINVAL; /* the configuration's own error says so */
	r = secret_path(beside, name->scalar, &path);
	if (r == 0)
		r = secret_read(path, &faults, &secret);
	add_fault(name, &faults, errors);
	if (r < 0)
		return r;
	return derive_keys(&secret, epoch, keys);
}

/* For who does not follow it: all of the store, read and waited for. */
static int fetch_tree(const struct config *local, const char *path, struct errors *errors,
		      struct tree **ret)
{
	_cleanup_(documents_clear) struct documents documents = {};
	_cleanup_(shared_close) struct shared shared = {};
	sd_event *event = NULL;
	int r = sd_event_new(&event);

	if (r >= 0)
		r = shared_open(event, local, path, errors, &shared);
	if (r >= 0)
		r = shared_fetch(&shared, event, errors, &documents);
	if (r >= 0)
		r = shared_tree(shared.name, &documents, errors, ret);
	shared_close(&shared);
	sd_event_unref(event);
	return r;
}

/* The one place where daemons and the command line get a configuration from: the file, or its store. */
static int read_tree(const char *path, struct store *store, struct errors *errors,
		     struct tree **ret, bool *ret_shared)
{
	_cleanup_tree_ struct tree *tree = NULL;
	_cleanup_config_ struct config *local = NULL;
	int r = yaml_tree_read(path, errors, &tree);

	if (r < 0)
		return r;
	if (config_names_store(tree)) {
		r = config_store_from_tree(tree, errors, &local);
		if (r < 0)
			return r;
		*ret_shared = true;
		if (!store)
			return fetch_tree(local, path, errors, ret);
	}
	r = store ? store_use(store, local, path, errors) : 0;
	if (r < 0)
		return r;
	if (local)
		return store_tree(store, errors, ret);
	*ret = take(tree);
	return 0;
}

/*
 * What rests is not used again yet (core/rests.h): by what the configuration itself says, and by what is
 * known of the time before it (NULL: nothing).
 */
static int judge_rests(const struct tree *tree, struct config *config, const struct rests *known,
		       struct errors *errors)
{
	const struct config_source source = {tree, errors, config};
	_cleanup_rests_ struct rests said = {};
	struct config bare = *config; /* uses nothing, says what rests */
	uint64_t now_s = time(NULL);
	int r, judged;

	bare.n_backends = 0;
	r = rests_of_config(&bare, now_s, &said);
	if (r < 0)
		return r;
	r = rests_judge(&said, &source, FORCE, now_s);
	judged = known ? rests_judge(known, &source, FORCE, now_s) : 0;
	return r ?: judged;
}

static int of_tree(const struct tree *tree, const char *beside, const struct rests *known,
		   struct errors *errors, struct inputs **ret)
{
	_cleanup_inputs_ struct inputs *inputs = calloc(1, sizeof(*inputs));
	int r, keys;

	if (!inputs)
		return -ENOMEM;
	r = config_from_tree(tree, errors, &inputs->config);
	if (r == 0)
		r = judge_rests(tree, inputs->config, known, errors);
	keys = read_keys(tree, beside, inputs->config ? inputs->config->cookie_epoch : 0, errors, &inputs->keys);
	errors_sort(errors);
	if (r < 0 || keys < 0)
		return r < 0 ? r : keys;
	*ret = take(inputs);
	return 0;
}

/* What is in a store was judged when it was written there, once for all nodes. */
static int collect(const char *config_path, const char *beside, struct store *store,
		   const struct rests *known, struct errors *errors, struct inputs **ret)
{
	_cleanup_tree_ struct tree *tree = NULL;
	bool shared = false;
	int r = read_tree(config_path, store, errors, &tree, &shared);

	return r < 0 ? r
		     : of_tree(tree, beside ? beside : config_path, shared ? NULL : known, errors, ret);
}

int inputs_collect_state(const char *state, const char *local, struct errors *errors,
			 struct inputs **ret)
{
	_cleanup_(documents_clear) struct documents documents = {};
	_cleanup_tree_ struct tree *tree = NULL;
	int r = last_state_read(state, &documents);

	if (r < 0) {
		errors_add(errors, state, 0, NULL, "cannot be read: %s", strerror(-r));
		return r;
	}
	r = shared_tree(state, &documents, errors, &tree);
	return r < 0 ? r : of_tree(tree, local, NULL, errors, ret);
}

int inputs_collect(const char *config_path, const char *beside, const struct rests *known,
		   struct errors *errors, struct inputs **ret)
{
	return collect(config_path, beside, NULL, known, errors, ret);
}

static int read_and_tell(const char *config_path, struct store *store, const struct rests *known,
			 struct inputs **ret)
{
	_cleanup_errors_ struct errors errors = {};
	int r = collect(config_path, NULL, store, known, &errors, ret);

	for (size_t i = 0; i < errors_count(&errors); i++)
		log_error("%s", errors_text(&errors, i));
	if (r < 0 && !errors_count(&errors))
		log_error("%s: %s", config_path, strerror(-r));
	return r;
}

int inputs_read(const char *config_path, struct store *store, const struct rests *known,
		struct inputs **ret)
{
	int r = read_and_tell(config_path, store, known, ret);

	if (r < 0 && store && store_fall_back(store)) {
		log_error("store: its configuration is wrong, the last one that was right goes on");
		r = read_and_tell(config_path, store, known, ret);
	}
	return r;
}

void inputs_compare_epochs(const struct inputs *before, const struct inputs *after)
{
	uint32_t from, to;

	if (!before)
		return;
	from = before->config->cookie_epoch;
	to = after->config->cookie_epoch;
	if (to != from && to != from + 1)
		log_warning("cookie-epoch: from %u to %u: connections of epoch %u are not found by their "
			    "cookies any more, raise it by one at a time",
			    from, to, from);
}

json_t *inputs_cookie_epochs(const struct inputs *inputs)
{
	uint32_t epoch = inputs->config->cookie_epoch;
	json_t *list = json_array();

	json_array_append_new(list, json_integer(epoch));
	if (epoch > 0)
		json_array_append_new(list, json_integer(epoch - 1));
	return list;
}

struct inputs *inputs_free(struct inputs *inputs)
{
	if (!inputs)
		return NULL;
	config_free(inputs->config);
	explicit_bzero(&inputs->keys, sizeof(inputs->keys));
	free(inputs);
	return NULL;
}
