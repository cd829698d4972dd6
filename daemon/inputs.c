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
	return secret_derive(secret, "holdfast fingerprint", &keys->fingerprint,
			     sizeof(keys->fingerprint));
}

static int read_all(const char *path, struct errors *errors, struct inputs *inputs)
{
	_cleanup_tree_ struct tree *tree = NULL;
	_cleanup_free_ char *secret_file = NULL;
	_cleanup_(secret_erase) struct secret secret = {};
	int r;

	r = yaml_tree_read(path, errors, &tree);
	if (r == 0)
		r = config_from_tree(tree, errors, &inputs->config);
	if (r == 0)
		r = secret_path(path, inputs->config->secret_file, &secret_file);
	if (r == 0)
		r = secret_read(secret_file, errors, &secret);
	if (r == 0)
		r = derive_keys(&secret, &inputs->keys);
	return r;
}

int inputs_read(const char *config_path, struct inputs **ret)
{
	_cleanup_errors_ struct errors errors = {};
	_cleanup_inputs_ struct inputs *inputs = calloc(1, sizeof(*inputs));
	int r;

	if (!inputs)
		return -ENOMEM;
	r = read_all(config_path, &errors, inputs);
	for (size_t i = 0; i < errors_count(&errors); i++)
		log_error("%s", errors_text(&errors, i));
	if (r < 0) {
		if (!errors_count(&errors))
			log_error("%s: %s", config_path, strerror(-r));
		return r;
	}
	*ret = take(inputs);
	return 0;
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
