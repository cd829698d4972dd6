/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What no single row can see: values that must differ, lie within each other, or go together.
 *
 * A check works on the model and passes over what is zero: that could not be read, and has its
 * error already. The tree tells the lines. Each check stands in the table at the end of this file.
 */
#include "core/config_read.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/suggestion.h"
#include "base/tree.h"
#include "core/config.h"
#include "core/config_place.h"
#include "wire/maps.h"
#include "wire/srv6.h"

/* --- sites ----------------------------------------------------------------------------------- */

static void give_site(struct config_source *source, const char *kind, const char *name,
		      const struct config_site **site)
{
	const struct config *config = source->config;
	struct suggestion sites = {.wanted = ""};

	/* A site that was given is resolved, or an error already; without any site all is one. */
	if (*site || !name || !config->n_sites)
		return;
	if (tree_get(tree_get(tree_get(source->tree, kind), name), "site"))
		return;
	if (config->n_sites == 1) {
		*site = &config->sites[0];
		return;
	}
	for (size_t i = 0; i < config->n_sites; i++)
		if (config->sites[i].name)
			suggestion_offer(&sites, config->sites[i].name);
	wrong(source, PLACE(kind, name, "site"), "missing, %s", suggestion_text(&sites));
}

static int check_sites(struct config_source *source)
{
	struct config *config = source->config;

	for (size_t i = 0; i < config->n_gateways; i++)
		give_site(source, "gateways", config->gateways[i].name, &config->gateways[i].site);
	for (size_t i = 0; i < config->n_backends; i++)
		give_site(source, "backends", config->backends[i].name, &config->backends[i].site);
	return 0;
}

/* --- backends -------------------------------------------------------------------------------- */

static int check_ids(struct config_source *source)
{
	const struct config *config = source->config;
	_cleanup_free_ const struct config_backend **owners =
		calloc(UINT16_MAX + 1, sizeof(*owners));

	if (!owners)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_backends; i++) {
		const struct config_backend *backend = &config->backends[i];
		const struct config_backend *owner = owners[backend->id];

		if (!backend->name || !backend->id)
			continue;
		if (owner)
			wrong(source, PLACE("backends", backend->name, "id"),
			      "%u is taken by %s on line %u, allowed: an id of its own",
			      backend->id, owner->name,
			      config_line(source, PLACE("backends", owner->name, "id")));
		else
			owners[backend->id] = backend;
	}
	return 0;
}

/* Not where `agent` itself is wrong, and false only because it could not be read. */
static bool says_agentless(const struct tree *backend)
{
	const struct tree *agent = tree_get(backend, "agent");

	return agent && agent->kind == TREE_SCALAR && agent->plain &&
	       !strcmp(agent->scalar, "false");
}

static int check_interfaces(struct config_source *source)
{
	const struct config *config = source->config;
	const struct tree *backends = tree_get(source->tree, "backends");

	for (size_t i = 0; i < config->n_backends; i++) {
		const struct config_backend *backend = &config->backends[i];
		const struct tree *tree = backend->name ? tree_get(backends, backend->name) : NULL;
		const struct config_place *place = PLACE("backends", backend->name, "interfaces");
		bool given = tree_get(tree, "interfaces");

		if (tree && backend->agent && !given)
			wrong(source, place,
			      "missing, allowed: names of interfaces, like [eth0], or agent: "
			      "false");
		if (given && says_agentless(tree))
			wrong(source, place, "given, but agent is false, allowed: one of both");
	}
	return 0;
}

/* --- locators -------------------------------------------------------------------------------- */

struct locator {
	const char *kind, *name;
	union address address;
	size_t order; /* in the file, so that the second one is the wrong one */
};

static int by_address(const void *left, const void *right)
{
	const struct locator *a = left, *b = right;
	int order = address_compare(&a->address, &b->address);

	return order ? order : (a->order > b->order) - (a->order < b->order);
}

static void add_locator(struct locator *list, size_t *n, const char *kind, const char *name,
			const union address *address)
{
	if (!name || address_equal(address, &(union address){}))
		return;
	list[*n] = (struct locator){.kind = kind, .name = name, .address = *address, .order = *n};
	++*n;
}

static void check_locator(struct config_source *source, const struct locator *locator,
			  const struct locator *before)
{
	const struct network *infrastructure = &source->config->infrastructure;
	const struct network network = {.address = locator->address, .length = SRV6_LOCATOR_BITS};
	const struct config_place *place = PLACE(locator->kind, locator->name, "locator");
	char text[NETWORK_TEXT_MAX], outer[NETWORK_TEXT_MAX];

	network_format(&network, text);
	if (infrastructure->length && !network_contains(infrastructure, &network))
		wrong(source, place, "%s is outside the infrastructure, allowed: inside %s", text,
		      network_format(infrastructure, outer));
	if (before && address_equal(&before->address, &locator->address))
		wrong(source, place,
		      "%s is taken by %s.%s on line %u, allowed: a locator of its own", text,
		      before->kind, before->name,
		      config_line(source, PLACE(before->kind, before->name, "locator")));
}

static int check_locators(struct config_source *source)
{
	const struct config *config = source->config;
	size_t n = 0, most = config->n_sites + config->n_gateways + config->n_backends;
	_cleanup_free_ struct locator *list = calloc(most + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_sites; i++)
		add_locator(list, &n, "sites", config->sites[i].name, &config->sites[i].locator);
	for (size_t i = 0; i < config->n_gateways; i++)
		add_locator(list, &n, "gateways", config->gateways[i].name,
			    &config->gateways[i].locator);
	for (size_t i = 0; i < config->n_backends; i++)
		add_locator(list, &n, "backends", config->backends[i].name,
			    &config->backends[i].locator);
	qsort(list, n, sizeof(*list), by_address);
	for (size_t i = 0; i < n; i++)
		check_locator(source, &list[i], i ? &list[i - 1] : NULL);
	return 0;
}

/* --- VIPs ------------------------------------------------------------------------------------ */

/* What a service claims with one of its VIPs. */
struct claim {
	const struct config_service *service;
	const struct network *vip;
	size_t order;
};

/* An exact port goes before a range and a range before any: only equals can be in each other's way.
 */
static int exactness(const struct config_service *service)
{
	if (service->port_first == service->port_last)
		return 0;
	return service->port_first == 0 ? 2 : 1;
}

/* Those that could be in each other's way: the same network, protocol and exactness. */
static int compare_claims(const struct claim *a, const struct claim *b)
{
	int order = network_compare(a->vip, b->vip);

	if (order == 0)
		order = a->service->protocol - b->service->protocol;
	return order ? order : exactness(a->service) - exactness(b->service);
}

static int by_claim(const void *left, const void *right)
{
	const struct claim *a = left, *b = right;
	int order = compare_claims(a, b);

	if (order == 0)
		order = a->service->port_first - b->service->port_first;
	return order ? order : (a->order > b->order) - (a->order < b->order);
}

static const char *ports_text(const struct config_service *service, char text[static 16])
{
	int kind = exactness(service);

	if (kind == 2)
		snprintf(text, 16, "any");
	else if (kind == 0)
		snprintf(text, 16, "%u", service->port_first);
	else
		snprintf(text, 16, "%u-%u", service->port_first, service->port_last);
	return text;
}

static const char *vip_index(const struct claim *claim, char text[static 24])
{
	snprintf(text, 24, "[%zu]", (size_t)(claim->vip - claim->service->vips));
	return text;
}

/* Says it at the later one in the file. */
static void refuse_overlap(struct config_source *source, const struct claim *a,
			   const struct claim *b)
{
	const struct claim *later = a->order > b->order ? a : b, *first = later == a ? b : a;
	char vip[NETWORK_TEXT_MAX], mine[16], theirs[16], at[24], first_at[24];

	vip_index(later, at);
	vip_index(first, first_at);
	wrong(source, PLACE("services", later->service->name, "vips", at),
	      "%s %s %s overlaps %s of %s on line %u, allowed: ports apart, or one more exact",
	      network_format(later->vip, vip),
	      later->service->protocol == IPPROTO_TCP ? "tcp" : "udp",
	      ports_text(later->service, mine), ports_text(first->service, theirs),
	      first->service->name,
	      config_line(source, PLACE("services", first->service->name, "vips", first_at)));
}

/* Sorted by first port, an overlap is seen against the one that reaches furthest so far. */
static void check_claims(struct config_source *source, struct claim *claims, size_t n)
{
	const struct claim *furthest = NULL;

	qsort(claims, n, sizeof(*claims), by_claim);
	for (size_t i = 0; i < n; i++) {
		if (furthest && compare_claims(furthest, &claims[i]))
			furthest = NULL;
		if (furthest && claims[i].service->port_first <= furthest->service->port_last)
			refuse_overlap(source, furthest, &claims[i]);
		if (!furthest || claims[i].service->port_last > furthest->service->port_last)
			furthest = &claims[i];
	}
}

static bool can_claim(const struct config_service *service, const struct network *vip)
{
	/* 0 to 0 is no port: it could not be read. */
	return service->name && service->protocol && service->port_last && vip->length;
}

static int check_overlaps(struct config_source *source)
{
	const struct config *config = source->config;
	_cleanup_free_ struct claim *claims = NULL;
	size_t n = 0;

	for (size_t i = 0; i < config->n_services; i++)
		n += config->services[i].n_vips;
	claims = calloc(n + 1, sizeof(*claims));
	if (!claims)
		return -ENOMEM;
	n = 0;
	for (size_t i = 0; i < config->n_services; i++) {
		const struct config_service *service = &config->services[i];

		for (size_t j = 0; j < service->n_vips; j++)
			if (can_claim(service, &service->vips[j])) {
				claims[n] = (struct claim){service, &service->vips[j], n};
				n++;
			}
	}
	check_claims(source, claims, n);
	return 0;
}

static void check_vip(struct config_source *source, const struct config_service *service, size_t i)
{
	const struct network *infrastructure = &source->config->infrastructure;
	const struct claim claim = {.service = service, .vip = &service->vips[i]};
	char vip[NETWORK_TEXT_MAX], inside[NETWORK_TEXT_MAX], at[24];

	/* Also a VIP network around the infrastructure would draw clients to SIDs. */
	if (claim.vip->length && infrastructure->length &&
	    network_overlaps(claim.vip, infrastructure))
		wrong(source, PLACE("services", service->name, "vips", vip_index(&claim, at)),
		      "%s overlaps the infrastructure, allowed: outside %s",
		      network_format(claim.vip, vip), network_format(infrastructure, inside));
}

static int check_vips(struct config_source *source)
{
	const struct config *config = source->config;

	for (size_t i = 0; i < config->n_services; i++)
		for (size_t j = 0; config->services[i].name && j < config->services[i].n_vips; j++)
			check_vip(source, &config->services[i], j);
	return 0;
}

/* --- members --------------------------------------------------------------------------------- */

static void check_service(struct config_source *source, struct config_service *service)
{
	const struct config_backend *with = NULL, *without = NULL;
	const struct config_place *place = PLACE("services", service->name, "backends");
	size_t enabled = 0;

	for (size_t i = 0; i < service->n_members; i++) {
		const struct config_backend *backend = service->members[i].backend;

		enabled += service->members[i].enabled;
		if (!backend || !backend->name)
			continue;
		if (backend->agent)
			with = with ? with : backend;
		else
			without = without ? without : backend;
	}
	service->agentless = without && !with;
	if (with && without)
		wrong(source, place, "%s has an agent and %s has none, allowed: all or none",
		      with->name, without->name);
	if (service->agentless && service->return_way == CONFIG_GATEWAY)
		wrong(source, PLACE("services", service->name, "return"),
		      "gateway, but %s has no agent, allowed: direct, or backends with agents",
		      without->name);
	if (service->max_backends && enabled > service->max_backends)
		wrong(source, place, "%zu enabled backends are too many, allowed: max-backends, %u",
		      enabled, service->max_backends);
}

static int check_members(struct config_source *source)
{
	struct config *config = source->config;

	for (size_t i = 0; i < config->n_services; i++)
		if (config->services[i].name)
			check_service(source, &config->services[i]);
	return 0;
}

/* --- health ---------------------------------------------------------------------------------- */

static uint8_t protocol_of_check(uint8_t check)
{
	return check == CONFIG_CHECK_DNS ? IPPROTO_UDP : IPPROTO_TCP;
}

/* A service on one TCP port can always be asked; of any other nobody knows what it would answer. */
static void resolve_check(struct config_service *service)
{
	struct config_health *health = &service->health;
	bool one = service->port_first == service->port_last;

	if (one && !health->port)
		health->port = service->port_first;
	if (health->check != CONFIG_CHECK_AUTO)
		return;
	health->unasked = service->protocol != IPPROTO_TCP || !health->port;
	health->check = health->unasked ? CONFIG_CHECK_OFF : CONFIG_CHECK_TCP;
}

/* Probes go to the VIP, where there is nothing but the service. */
static void check_what_is_asked(struct config_source *source, const struct config_service *service)
{
	const struct config_health *health = &service->health;

	if (service->protocol && protocol_of_check(health->check) != service->protocol)
		wrong(source, PLACE("services", service->name, "health", "check"),
		      "a service on %s cannot be asked that, allowed: off%s",
		      service->protocol == IPPROTO_TCP ? "tcp" : "udp",
		      service->protocol == IPPROTO_TCP ? ", tcp, http or https" : " or dns");
	if (!health->port && service->port_last)
		wrong(source, PLACE("services", service->name, "health", "port"),
		      "missing, allowed: one of the service's ports");
	if (health->port && (health->port < service->port_first || health->port > service->port_last))
		wrong(source, PLACE("services", service->name, "health", "port"),
		      "%u is not the service's, allowed: %u to %u", health->port,
		      service->port_first, service->port_last);
	if (health->check == CONFIG_CHECK_DNS && !health->name)
		wrong(source, PLACE("services", service->name, "health", "name"),
		      "missing, allowed: a domain name, like www.example");
}

static int check_health(struct config_source *source)
{
	struct config *config = source->config;

	for (size_t i = 0; i < config->n_services; i++) {
		struct config_service *service = &config->services[i];
		const struct config_health *health = &service->health;

		if (!service->name)
			continue;
		resolve_check(service);
		if (health->check != CONFIG_CHECK_OFF)
			check_what_is_asked(source, service);
		if (health->timeout_ms > health->interval_ms && health->interval_ms)
			wrong(source, PLACE("services", service->name, "health", "timeout"),
			      "%u ms is longer than the interval, allowed: up to %u",
			      health->timeout_ms, health->interval_ms);
	}
	return 0;
}

/* --- what rests ------------------------------------------------------------------------------ */

static void check_number(struct config_source *source, const char *list, const char *name,
			 uint64_t least, uint64_t most)
{
	uint64_t number;

	if (name && (number_parse(name, most, &number) < 0 || number < least))
		wrong(source, PLACE(list, name), "not a number of those, allowed: %llu to %llu",
		      (unsigned long long)least, (unsigned long long)most);
}

static int check_resting(struct config_source *source)
{
	const struct config *config = source->config;

	for (size_t i = 0; i < config->n_resting_ids; i++)
		check_number(source, "resting-ids", config->resting_ids[i].name, 1, BACKENDS_MAX - 1);
	for (size_t i = 0; i < config->n_resting_epochs; i++)
		check_number(source, "resting-epochs", config->resting_epochs[i].name, 0, UINT16_MAX);
	return 0;
}

int config_check(struct config_source *source)
{
	static int (*const checks[])(struct config_source * source) = {
		check_sites, check_ids,	     check_interfaces, check_locators,
		check_vips,  check_overlaps, check_members,    check_health,
		config_check_policies,   check_resting,
	};
	int err = 0;

	for (size_t i = 0; err == 0 && i < sizeof(checks) / sizeof(checks[0]); i++)
		err = checks[i](source);
	return err;
}

int config_check_store(struct config_source *source)
{
	const struct config_etcd *etcd = &source->config->etcd;

	if (!etcd->n_endpoints)
		wrong(source, PLACE("etcd", "endpoints"),
		      "missing, allowed: a list like [https://192.0.2.1:2379]");
	if (!etcd->certificate != !etcd->key)
		wrong(source, PLACE("etcd", etcd->key ? "certificate" : "key"),
		      "missing, allowed: a certificate and its key, or neither");
	if (!etcd->user != !etcd->password_file)
		wrong(source, PLACE("etcd", etcd->user ? "password-file" : "user"),
		      "missing, allowed: a user and a file with the password, or neither");
	return 0;
}
