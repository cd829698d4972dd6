/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/plan.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "core/intervals.h"
#include "core/maglev.h"
#include "core/pin_table.h"
#include "core/plan_rows.h"
#include "wire/srv6.h"

/* Rows of routers are sized for this many gateways a site; more still work, less evenly. */
#define ROUTERS_EXPECTED 64

/* Tables have room for a quarter more, so that they need not grow for every service that comes. */
#define SPARE 4 /* one in so many */

#define IPV4_AND_TCP_HEADERS 40
#define IPV6_AND_TCP_HEADERS 60

/* Identities are compared inside one node's maps only, so their key is of no matter. */
static uint64_t identity(const char *name)
{
	return maglev_seed_name(0, name) | 1; /* 0 is a free place */
}

/*
 * A service with rows of another size is another service to the maps: its rows need another place,
 * and `first`, `size` and `banks` cannot change in one store.
 */
static uint64_t service_identity(const char *name, uint32_t size)
{
	return maglev_seed(identity(name), size) | 1;
}

/* As long as nothing is known of their health. */
static int plan_all_members(const struct plan *plan, struct plan_service *service)
{
	_cleanup_free_ bool *up = calloc(service->config->n_members + 1, sizeof(*up));

	if (!up)
		return -ENOMEM;
	for (size_t i = 0; i < service->config->n_members; i++)
		up[i] = true;
	return plan_healthy_members(plan, service, up, NULL);
}

/*
 * An agent writes the cookies and sends replies through gateways, and only TCP has a place for cookies.
 * Without agents nobody but the flow's router can tell where a connection is.
 */
static uint32_t service_flags(const struct config_service *service)
{
	bool tcp = service->protocol == IPPROTO_TCP;
	uint32_t flags = service->return_way == CONFIG_GATEWAY ? SERVICE_RETURN : 0;

	if (service->agentless)
		flags = SERVICE_AGENTLESS;
	else if (tcp && service->cookie)
		flags |= SERVICE_COOKIE;
	if (tcp ? service->agentless : service->sticky)
		flags |= SERVICE_STICKY;
	return flags;
}

static int plan_services(struct plan *plan, const struct config *config)
{
	plan->services = calloc(config->n_services + 1, sizeof(*plan->services));
	if (!plan->services)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_services; i++) {
		const struct config_service *from = &config->services[i];
		struct plan_service *service = &plan->services[plan->n_services++];
		int r;

		service->config = from;
		service->size = maglev_size(from->max_backends);
		service->identity = service_identity(from->name, service->size);
		service->flags = service_flags(from);
		service->generations = CANDIDATES_MAX;
		plan_order(plan, service);
		r = plan_all_members(plan, service);
		if (r < 0)
			return r;
	}
	return 0;
}

/* That a service is at a VIP. */
struct claim {
	const struct network *vip;
	size_t order; /* in the plan: claims of one VIP stand in it, and VIPs in that of their first ones */
	size_t service;
};

static int by_order(const void *left, const void *right)
{
	const struct claim *a = left, *b = right;

	return (a->order > b->order) - (a->order < b->order);
}

static int by_vip(const void *left, const void *right)
{
	const struct claim *a = left, *b = right;
	int order = network_compare(a->vip, b->vip);

	return order ? order : by_order(left, right);
}

static struct claim *list_claims(const struct plan *plan, size_t *ret_n)
{
	struct claim *claims;
	size_t n = 0;

	for (size_t i = 0; i < plan->n_services; i++)
		n += plan->services[i].config->n_vips;
	claims = calloc(n + 1, sizeof(*claims));
	n = 0;
	for (size_t i = 0; claims && i < plan->n_services; i++) {
		const struct config_service *service = plan->services[i].config;

		for (size_t j = 0; j < service->n_vips; j++, n++)
			claims[n] = (struct claim){&service->vips[j], n, i};
	}
	*ret_n = n;
	return claims;
}

/* The claims from `i` on that are of one VIP. */
static size_t count_same(const struct claim *claims, size_t i, size_t n)
{
	size_t end = i + 1;

	while (end < n && network_compare(claims[end].vip, claims[i].vip) == 0)
		end++;
	return end - i;
}

static int fill_vip(const struct plan *plan, const struct claim *claims, size_t n,
		    struct port_rule *rules, struct plan_vip *vip)
{
	for (size_t i = 0; i < n; i++) {
		const struct config_service *service = plan->services[claims[i].service].config;

		rules[i] = (struct port_rule){
			.protocol = service->protocol,
			.first = service->port_first,
			.last = service->port_last,
			.service = claims[i].service,
		};
	}
	vip->network = *claims->vip;
	return intervals_flatten(rules, n, &vip->intervals, &vip->n_intervals);
}

/* Where each VIP's claims begin among those sorted by VIP, in the order of the plan. */
static size_t list_vips(const struct claim *claims, size_t n, struct claim *ret_firsts)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i += count_same(claims, i, n))
		ret_firsts[count++] =
			(struct claim){.vip = claims[i].vip, .order = claims[i].order, .service = i};
	qsort(ret_firsts, count, sizeof(*ret_firsts), by_order);
	return count;
}

/* One entry for each VIP of the planned services, with all its ports. */
static int plan_vips(struct plan *plan)
{
	size_t n, count;
	_cleanup_free_ struct claim *claims = list_claims(plan, &n);
	_cleanup_free_ struct claim *firsts = calloc(n + 1, sizeof(*firsts));
	_cleanup_free_ struct port_rule *rules = calloc(n + 1, sizeof(*rules));
	int r = 0;

	plan->vips = calloc(n + 1, sizeof(*plan->vips));
	if (!claims || !firsts || !rules || !plan->vips)
		return -ENOMEM;
	qsort(claims, n, sizeof(*claims), by_vip);
	count = list_vips(claims, n, firsts);
	for (size_t i = 0; i < count && r == 0; i++) {
		const struct claim *own = &claims[firsts[i].service];
		struct plan_vip *vip = &plan->vips[plan->n_vips++];

		r = fill_vip(plan, own, count_same(claims, firsts[i].service, n), rules, vip);
		plan->vip_prefixes |= vip->network.length < 128;
	}
	return r;
}

static int plan_backends(struct plan *plan, const struct config *config)
{
	plan->backends = calloc(config->n_backends + 1, sizeof(*plan->backends));
	if (!plan->backends)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_backends; i++) {
		const struct config_backend *from = &config->backends[i];
		enum srv6_function v4 = from->agent ? SRV6_ACCEPT : SRV6_DECAP_V4;
		enum srv6_function v6 = from->agent ? SRV6_ACCEPT : SRV6_DECAP_V6;

		plan->backends[plan->n_backends++] = (struct plan_node){
			.name = from->name,
			.identity = identity(from->name),
			.number = from->id,
			.sids = {sid_make(&from->locator, v4), sid_make(&from->locator, v6)},
		};
	}
	return 0;
}

/* The anycast SIDs of the other sites. */
static int plan_sites(struct plan *plan, const struct config *config)
{
	plan->sites = calloc(config->n_sites + 1, sizeof(*plan->sites));
	if (!plan->sites)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_sites; i++) {
		const struct config_site *from = &config->sites[i];
		union address sid = sid_make(&from->locator, SRV6_SITE);

		if (from != plan->site)
			plan->sites[plan->n_sites++] = (struct plan_node){
				.name = from->name,
				.identity = identity(from->name),
				.number = plan_site_number(plan, from),
				.sids = {sid, sid},
			};
	}
	return 0;
}

int plan_live_routers(struct plan *plan, const bool *alive)
{
	_cleanup_free_ struct maglev_entry *entries = calloc(plan->n_routers + 1, sizeof(*entries));
	_cleanup_free_ uint16_t *rows = calloc(plan->router_size, sizeof(*rows));
	size_t n = 0;
	int r;

	if (!entries || !rows)
		return -ENOMEM;
	for (size_t i = 0; i < plan->n_routers; i++) {
		const struct plan_node *router = &plan->routers[i];

		if (alive[i] || router->flags & DESTINATION_SELF)
			entries[n++] = (struct maglev_entry){
				.seed = router->seed, .weight = 1, .value = router->number};
	}
	r = maglev_fill(entries, n, rows, plan->router_size);
	if (r < 0)
		return r;
	free(plan->router_rows);
	plan->router_rows = take(rows);
	return 0;
}

/* The gateways of our own site, and the rows by which every one of them finds a flow's router. */
static int plan_routers(struct plan *plan, const struct config *config,
			const struct config_gateway *self, uint64_t key)
{
	_cleanup_free_ bool *alive = calloc(config->n_gateways + 1, sizeof(*alive));

	plan->routers = calloc(config->n_gateways + 1, sizeof(*plan->routers));
	plan->router_size = maglev_size(ROUTERS_EXPECTED);
	if (!alive || !plan->routers)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_gateways; i++) {
		const struct config_gateway *from = &config->gateways[i];
		union address sid = sid_make(&from->locator, SRV6_ROUTE);

		if (from->site != self->site)
			continue;
		alive[plan->n_routers] = true;
		plan->routers[plan->n_routers] = (struct plan_node){
			.name = from->name,
			.identity = identity(from->name),
			.seed = maglev_seed_name(key, from->name),
			.number = plan->n_routers + 1,
			.sids = {sid, sid},
			.flags = from == self ? DESTINATION_SELF : 0,
		};
		plan->n_routers++;
	}
	return plan_live_routers(plan, alive);
}

int plan_gateway(const struct config *config, const struct config_gateway *self,
		 const struct plan_keys *keys, struct plan **ret)
{
	_cleanup_plan_ struct plan *plan = calloc(1, sizeof(*plan));
	int r;

	if (!plan)
		return -ENOMEM;
	plan->config = config;
	plan->site = self->site;
	plan->drained = !self->site->enabled || !self->enabled;
	plan->rows_key = keys->rows;
	r = plan_services(plan, config);
	if (r == 0)
		r = plan_vips(plan);
	if (r == 0)
		r = plan_backends(plan, config);
	if (r == 0)
		r = plan_sites(plan, config);
	if (r == 0)
		r = plan_routers(plan, config, self, keys->rows);
	if (r < 0)
		return r;
	*ret = take(plan);
	return 0;
}

static bool service_has_member(const struct config_service *service,
			       const struct config_backend *backend)
{
	for (size_t i = 0; i < service->n_members; i++)
		if (service->members[i].backend == backend)
			return true;
	return false;
}

int plan_agent(const struct config *config, const struct config_backend *self, struct plan **ret)
{
	_cleanup_plan_ struct plan *plan = calloc(1, sizeof(*plan));
	int r;

	if (!plan)
		return -ENOMEM;
	plan->config = config;
	plan->services = calloc(config->n_services + 1, sizeof(*plan->services));
	if (!plan->services)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_services; i++)
		if (service_has_member(&config->services[i], self))
			plan->services[plan->n_services++] = (struct plan_service){
				.config = &config->services[i],
				.identity = identity(config->services[i].name),
				.flags = service_flags(&config->services[i]),
			};
	r = plan_vips(plan);
	if (r < 0)
		return r;
	*ret = take(plan);
	return 0;
}

/* Rounded up: a pin lives at least as long as it says. */
static uint16_t ticks_of(uint32_t seconds)
{
	return ((seconds * UINT64_C(1000000000)) >> PIN_TICK_SHIFT) + 1;
}

/* A connection is remembered no shorter than the configuration says, though its pin may be behind by so many ticks. */
#define PIN_LAG (PIN_REFRESH + PIN_RECENT)

static struct pin_settings plan_pins(const struct config_pins *config)
{
	return (struct pin_settings){
		.bucket_bits = pin_table_bits(config->number),
		.timeouts = {[PIN_NEW] = ticks_of(config->new_s) + PIN_LAG,
			     [PIN_ESTABLISHED] = ticks_of(config->established_s) + PIN_LAG,
			     [PIN_DATAGRAMS] = ticks_of(config->datagrams_s),
			     [PIN_CLOSING] = ticks_of(config->closing_s) + PIN_LAG,
			     [PIN_RESET] = ticks_of(config->reset_s) + PIN_LAG},
	};
}

struct gateway_settings plan_gateway_settings(const struct config *config,
					      const struct config_gateway *self,
					      const struct plan_keys *keys, const struct plan *plan)
{
	return (struct gateway_settings){
		.key = keys->flow,
		.infrastructure = network_prefix(&config->infrastructure),
		.route = sid_make(&self->locator, SRV6_ROUTE),
		.site = sid_make(&self->site->locator, SRV6_SITE),
		.cookie = keys->cookie,
		.pins = plan_pins(&config->pins),
		.vip_prefixes = plan->vip_prefixes,
		.fingerprint = keys->fingerprint,
		.who_has = keys->who_has,
	};
}

/* A power of two: only then can the verifier see what a word of members is bounded by. */
uint32_t plan_places(uint64_t services)
{
	uint32_t size = SERVICES_MIN;

	while (size < services && size < SERVICES_MAX)
		size *= 2;
	return size;
}

struct plan_sizes plan_sizes(const struct plan *plan)
{
	uint64_t rows = plan->router_size, services = plan->n_services + 1;

	for (size_t i = 0; i < plan->n_services; i++)
		rows += plan->services[i].size * (plan->services[i].n_others ? 2ULL : 1);
	rows += rows / SPARE;
	return (struct plan_sizes){
		.rows = rows < ROWS_MIN ? ROWS_MIN : rows < ROWS_MAX ? rows : ROWS_MAX,
		.services = plan_places(services + services / SPARE),
	};
}

static bool some_returns(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_services; i++)
		if (plan->services[i].flags & SERVICE_RETURN)
			return true;
	return false;
}

struct agent_settings plan_agent_settings(const struct config *config,
					  const struct config_backend *self,
					  const struct plan_keys *keys, const struct plan *plan)
{
	uint32_t room = config->mtu - SRV6_OVERHEAD(SRV6_SEGMENTS_MAX);

	return (struct agent_settings){
		.infrastructure = network_prefix(&config->infrastructure),
		.accept = sid_make(&self->locator, SRV6_ACCEPT),
		.mss_v4 = room - IPV4_AND_TCP_HEADERS,
		.mss_v6 = room - IPV6_AND_TCP_HEADERS,
		.returns = some_returns(plan),
		.mtu = config->mtu,
		.id = self->id,
		.key = keys->flow,
		.cookie = keys->cookie,
		.who_has = keys->who_has,
		.vip_prefixes = plan->vip_prefixes,
	};
}

struct plan *plan_free(struct plan *plan)
{
	if (!plan)
		return NULL;
	for (size_t i = 0; i < plan->n_vips; i++)
		free(plan->vips[i].intervals);
	for (size_t i = 0; i < plan->n_services; i++) {
		free(plan->services[i].rows);
		free(plan->services[i].home);
		free(plan->services[i].open);
	}
	free(plan->vips);
	free(plan->services);
	free(plan->backends);
	free(plan->sites);
	free(plan->routers);
	free(plan->router_rows);
	free(plan);
	return NULL;
}
