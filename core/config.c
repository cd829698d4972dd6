/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/errors.h"
#include "base/tree.h"
#include "core/config_read.h"

static int from_tree(const struct tree *tree, int (*read)(struct config_source *source),
		     int (*check)(struct config_source *source), struct errors *errors,
		     struct config **ret)
{
	_cleanup_config_ struct config *config = calloc(1, sizeof(*config));
	struct config_source source = {.tree = tree, .errors = errors, .config = config};
	size_t before = errors_count(errors);
	int err;

	if (!config)
		return -ENOMEM;
	err = read(&source);
	if (err == 0)
		err = check(&source);
	if (err < 0)
		return err;
	if (errors_count(errors) > before) {
		errors_sort(errors);
		return -EINVAL;
	}
	*ret = take(config);
	return 0;
}

int config_from_tree(const struct tree *tree, struct errors *errors, struct config **ret)
{
	return from_tree(tree, config_read, config_check, errors, ret);
}

int config_salvage(const struct tree *tree, struct config **ret)
{
	_cleanup_errors_ struct errors errors = {};
	_cleanup_config_ struct config *config = calloc(1, sizeof(*config));
	struct config_source source = {.tree = tree, .errors = &errors, .config = config};
	int err = config ? config_read(&source) : -ENOMEM;

	if (err < 0)
		return err;
	*ret = take(config);
	return 0;
}

bool config_names_store(const struct tree *tree)
{
	const struct tree *store = tree_get(tree, "store");

	return store && (store->kind != TREE_SCALAR || strcmp(store->scalar, "file") != 0);
}

int config_store_from_tree(const struct tree *tree, struct errors *errors, struct config **ret)
{
	return from_tree(tree, config_read_store, config_check_store, errors, ret);
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
		free(config->services[i].requests);
		free(config->services[i].vips);
		free(config->services[i].members);
	}
	for (size_t i = 0; i < config->n_resting_ids; i++) {
		free(config->resting_ids[i].name);
		free(config->resting_ids[i].was);
		free(config->resting_ids[i].since);
	}
	for (size_t i = 0; i < config->n_resting_epochs; i++) {
		free(config->resting_epochs[i].name);
		free(config->resting_epochs[i].since);
	}
	free_texts(config->etcd.endpoints, config->etcd.n_endpoints);
	free(config->etcd.prefix);
	free(config->etcd.ca);
	free(config->etcd.certificate);
	free(config->etcd.key);
	free(config->etcd.user);
	free(config->etcd.password_file);
	free(config->resting_ids);
	free(config->resting_epochs);
	free(config->sites);
	free(config->gateways);
	free(config->backends);
	free(config->policies);
	free(config->services);
	free(config->secret_file);
	free(config->metrics.listen);
	free(config->metrics.agent_listen);
	free(config->metrics.influx.url);
	free(config->metrics.influx.token_file);
	free(config);
	return NULL;
}

bool config_is_checked(const struct config_service *service)
{
	return service->health.check != CONFIG_CHECK_OFF ||
	       (service->health.heartbeat == CONFIG_HEARTBEAT_REQUIRED && !service->agentless);
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
