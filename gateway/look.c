/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gateway/look.h"

#include <math.h>
#include <time.h>

#include "gateway/gateway.h"

static uint64_t monotonic_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * UINT64_C(1000000) + now.tv_nsec / 1000;
}

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

/* Adds what is known, and leaves unknown what is not. */
static void add(float *sum, bool known, double value)
{
	if (known)
		*sum = (isnan(*sum) ? 0 : *sum) + value;
}

static void add_service(const struct gateway_daemon *gateway, const struct plan_service *service,
			uint64_t now_us, struct history_line *line, struct history_lines *lines)
{
	const struct config *config = gateway->inputs->config;
	const struct load *load = loads_now(gateway->loads);

	for (size_t i = 0; load && i < lines->n_sites; i++) {
		struct history_line *site = &lines->of_sites[i];
		struct load_figures figures;

		if (!load_of_site(load, service->config, &config->sites[i], now_us, &figures))
			continue;
		add(&line->connections, figures.known & HEARTBEAT_CONNECTIONS, figures.connections);
		add(&site->connections, figures.known & HEARTBEAT_CONNECTIONS, figures.connections);
		add(&line->opened_per_s, figures.known & HEARTBEAT_OPENED, figures.opened_per_s);
		add(&site->opened_per_s, figures.known & HEARTBEAT_OPENED, figures.opened_per_s);
	}
	line->open = 0;
	for (size_t i = 0; i < service->config->n_members; i++)
		line->open += service->open[i];
	if (service->rows)
		line->stay = service->shares.keep * 100.0 / POLICY_WHOLE;
}

/* Sites are of all services, of which the first ones have a line. */
void gateway_lines(struct history_lines *ret, void *userdata)
{
	const struct gateway_daemon *gateway = userdata;
	const struct config *config = gateway->inputs->config;
	const struct history_line unknown = {NAN, NAN, NAN, NAN};
	uint64_t now_us = monotonic_us();

	for (; ret->n_sites < config->n_sites && ret->n_sites < HISTORY_SITES_MAX; ret->n_sites++) {
		ret->sites[ret->n_sites] = config->sites[ret->n_sites].name;
		ret->of_sites[ret->n_sites] = unknown;
	}
	for (size_t i = 0; i < gateway->plan->n_services; i++) {
		const struct plan_service *service = &gateway->plan->services[i];
		struct history_line line = unknown;

		add_service(gateway, service, now_us, &line, ret);
		if (ret->n_services == HISTORY_SERVICES_MAX)
			continue;
		ret->services[ret->n_services] = service->config->name;
		ret->of_services[ret->n_services++] = line;
	}
}

void gateway_look(struct sight *ret, void *userdata)
{
	const struct gateway_daemon *gateway = userdata;
	struct sight sight = {.generation = gateway_generation(gateway->plan),
			      .drain = leaving_phase(gateway->leaving)};
	uint32_t cpu = 0, hosts = 0;
	uint64_t now_us = monotonic_us();

	for (size_t i = 0; i < gateway->plan->n_services; i++) {
		const struct plan_service *service = &gateway->plan->services[i];

		sight.services++;
		sight.served += service->rows != NULL;
		look_at_members(service, &sight);
		look_at_load(gateway, service->config, now_us, &cpu, &hosts, &sight);
	}
	sight.cpu = hosts ? cpu / hosts : 0;
	*ret = sight;
}
