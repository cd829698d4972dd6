/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/errors.h"
#include "core/config_read.h"

int config_from_tree(const struct tree *tree, struct errors *errors, struct config **ret)
{
	_cleanup_config_ struct config *config = calloc(1, sizeof(*config));
	struct config_source source = {.tree = tree, .errors = errors, .config = config};
	size_t before = errors_count(errors);
	int err;

	if (!config)
		return -ENOMEM;
	err = config_read(&source);
	if (err == 0)
		err = config_check(&source);
	if (err < 0)
		return err;
	if (errors_count(errors) > before) {
		errors_sort(errors);
		return -EINVAL;
	}
	*ret = take(config);
	return 0;
}

static void free_texts(char **texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(texts[i]);
	free(texts);
}

struct config *config_free(struct config *config)
{
	if (!config)
		return NULL;
	for (size_t i = 0; i < config->n_sites; i++) {
		free(config->sites[i].name);
		free(config->sites[i].near);
	}
	for (size_t i = 0; i < config->n_policies; i++) {
		free(config->policies[i].name);
		free(config->policies[i].spill.to);
	}
	for (size_t i = 0; i < config->n_gateways; i++) {
		free(config->gateways[i].name);
		free_texts(config->gateways[i].interfaces, config->gateways[i].n_interfaces);
	}
	for (size_t i = 0; i < config->n_backends; i++) {
		free(config->backends[i].name);
		free_texts(config->backends[i].interfaces, config->backends[i].n_interfaces);
	}
	for (size_t i = 0; i < config->n_services; i++) {
		free(config->services[i].name);
		free(config->services[i].health.path);
		free(config->services[i].health.host);
		free(config->services[i].health.body);
		free(config->services[i].health.name);
		free(config->services[i].vips);
		free(config->services[i].members);
	}
	free(config->sites);
	free(config->gateways);
	free(config->backends);
	free(config->policies);
	free(config->services);
	free(config->secret_file);
	free(config->metrics.listen);
	free(config->metrics.agent_listen);
	free(config);
	return NULL;
}

const struct config_gateway *config_gateway(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->n_gateways; i++)
		if (!strcmp(config->gateways[i].name, name))
			return &config->gateways[i];
	return NULL;
}

const struct config_backend *config_backend(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->n_backends; i++)
		if (!strcmp(config->backends[i].name, name))
			return &config->backends[i];
	return NULL;
}
