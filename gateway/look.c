/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gateway/look.h"

#include <time.h>

#include "gateway/gateway.h"

uint32_t gateway_generation(const struct plan *plan)
{
	uint32_t digest = 0;

	for (size_t i = 0; i < plan->n_services; i++)
		digest = sight_digest(digest, plan->services[i].generation);
	return digest;
}

static void look_at_members(const struct plan_service *service, struct sight *sight)
{
	const struct config_service *config = service->config;

	for (size_t i = 0; i < config->n_members; i++) {
		sight->members++;
		sight->open += service->open[i];
		if (!service->open[i])
			sight_close(sight, config->name, config->members[i].backend->name);
	}
}

/* Each backend's host counts once for each service: the mean is of what new connections meet. */
static void look_at_load(const struct gateway_daemon *gateway, const struct config_service *service,
			 uint64_t now_us, uint32_t *cpu, uint32_t *hosts, struct sight *sight)
{
	const struct load *load = loads_now(gateway->loads);
	struct load_figures figures;

	if (!load || !load_of_site(load, service, gateway->self->site, now_us, &figures))
		return;
	sight->heard = true;
	sight->connections += figures.connections;
	sight->opened_per_s += figures.opened_per_s;
	*cpu += figures.cpu * figures.heard;
	*hosts += figures.heard;
}

void gateway_look(struct sight *ret, void *userdata)
{
	const struct gateway_daemon *gateway = userdata;
	struct sight sight = {.generation = gateway_generation(gateway->plan)};
	uint32_t cpu = 0, hosts = 0;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	for (size_t i = 0; i < gateway->plan->n_services; i++) {
		const struct plan_service *service = &gateway->plan->services[i];

		sight.services++;
		sight.served += service->rows != NULL;
		look_at_members(service, &sight);
		look_at_load(gateway, service->config,
			     now.tv_sec * UINT64_C(1000000) + now.tv_nsec / 1000, &cpu, &hosts, &sight);
	}
	sight.cpu = hosts ? cpu / hosts : 0;
	*ret = sight;
}
