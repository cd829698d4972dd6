/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/inputs.h"

#include <stdlib.h>
#include <string.h>
#include <errno.h>

#include "base/errors.h"
#include "base/log.h"
#include "base/tree.h"
#include "io/secret.h"
#include "io/yaml.h"

static int derive_keys(const struct secret *secret, struct plan_keys *keys)
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
	keys->cookie = (struct cookie_keys){.live = 1 << 0, .current = 0};
	return secret_derive(secret, "holdfast cookie 0", &keys->cookie.epochs[0],
			     sizeof(keys->cookie.epochs[0]));
}

/* The secret's fault stands where the configuration names it, so that it is found from there. */
static void add_fault(const struct tree *name, const struct errors *faults, struct errors *errors)
{
	for (size_t i = 0; i < errors_count(faults); i++)
		errors_add(errors, name->file, name->line, "secret", "%s", errors_text(faults, i));
}

/* Looks the secret up in the tree: it is read also where the rest of the configuration is wrong. */
static int read_keys(const struct tree *tree, const char *beside, struct errors *errors,
		     struct plan_keys *keys)
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
	return derive_keys(&secret, keys);
}

int inputs_collect(const char *config_path, const char *beside, struct errors *errors,
		   struct inputs **ret)
{
	_cleanup_inputs_ struct inputs *inputs = calloc(1, sizeof(*inputs));
	_cleanup_tree_ struct tree *tree = NULL;
	int r, keys;

	if (!inputs)
		return -ENOMEM;
	r = yaml_tree_read(config_path, errors, &tree);
	if (r < 0)
		return r;
	r = config_from_tree(tree, errors, &inputs->config);
	keys = read_keys(tree, beside ? beside : config_path, errors, &inputs->keys);
	errors_sort(errors);
	if (r < 0 || keys < 0)
		return r < 0 ? r : keys;
	*ret = take(inputs);
	return 0;
}

int inputs_read(const char *config_path, struct inputs **ret)
{
	_cleanup_errors_ struct errors errors = {};
	int r = inputs_collect(config_path, NULL, &errors, ret);

	for (size_t i = 0; i < errors_count(&errors); i++)
		log_error("%s", errors_text(&errors, i));
	if (r < 0 && !errors_count(&errors))
		log_error("%s: %s", config_path, strerror(-r));
	return r;
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
