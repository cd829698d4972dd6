/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The rows of services: over members that are open, and other sites by the policy's shares. */
#include "core/plan_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/health.h"
#include "core/maglev.h"
#include "core/sight.h"
#include "core/spread.h"

#define PERMILLE(percent) ((percent) * (POLICY_WHOLE / 100))

static bool member_open(const struct config_member *member)
{
	return member->enabled && member->weight > 0;
}

static struct maglev_entry member_entry(const struct config_member *member, uint64_t key)
{
	return (struct maglev_entry){
		.seed = maglev_seed(key, member->backend->id),
		.weight = member->weight,
		.value = member->backend->id,
	};
}

uint16_t plan_site_number(const struct plan *plan, const struct config_site *site)
{
	return ROW_SITE | (site - plan->config->sites + 1);
}

/* Whom they lead to */

struct plan_members plan_members(const struct plan_service *service, const struct config_site *site)
{
	const struct config_service *config = service->config;
	struct plan_members sum = {};

	for (size_t i = 0; i < config->n_members; i++) {
		const struct config_member *member = &config->members[i];

		if (member->backend->site != site || !member_open(member) || !site->enabled)
			continue;
		sum.n++;
		sum.all += member->weight;
		sum.open += service->open && service->open[i] ? member->weight : 0;
	}
	return sum;
}

static bool has_members(const struct config_service *config, const struct config_site *site)
{
	for (size_t i = 0; i < config->n_members; i++)
		if (config->members[i].backend->site == site)
			return true;
	return false;
}

static void add_other(const struct plan *plan, struct plan_service *service,
		      const struct config_site *site)
{
	if (site == plan->site || service->n_others == POLICY_SITES_MAX ||
	    !has_members(service->config, site))
		return;
	for (size_t i = 0; i < service->n_others; i++)
		if (service->others[i] == site)
			return;
	service->others[service->n_others++] = site;
}

/* Those that the policy names, those that are near, and the rest. */
void plan_order(const struct plan *plan, struct plan_service *service)
{
	const struct config_policy *policy = service->config->policy;

	for (size_t i = 0; policy && i < policy->spill.n_to; i++)
		add_other(plan, service, policy->spill.to[i]);
	service->n_meant = service->n_others;
	for (size_t i = 0; i < plan->site->n_near; i++)
		add_other(plan, service, plan->site->near[i]);
	for (size_t i = 0; i < plan->config->n_sites; i++)
		add_other(plan, service, &plan->config->sites[i]);
	if (!policy || !policy->spill.n_to)
		service->n_meant = service->n_others;
	service->wanted = policy_new().shares;
}

struct policy_profile plan_profile(const struct config_service *service)
{
	const struct config_policy *policy = service->policy;

	if (!policy)
		return (struct policy_profile){.rise = POLICY_WHOLE};
	return (struct policy_profile){
		.measure = policy->capacity.connections ? POLICY_CONNECTIONS
			   : policy->capacity.rate	? POLICY_RATE
			   : policy->capacity.load	? POLICY_LOAD
							: POLICY_UNMEASURED,
		.spill_at = PERMILLE(policy->spill.at),
		.recover = PERMILLE(policy->recover.below),
		.min_healthy = PERMILLE(policy->min_healthy),
		.rise = PERMILLE(policy->recover.step),
		.after = policy->recover.after_s * 1000 / POLICY_STEP_MS,
	};
}

static bool is_able(const struct policy_profile *profile, const struct plan_members *members)
{
	return policy_able(profile, &(struct policy_load){.healthy = members->open,
							 .members = members->all});
}

void plan_others(const struct plan_service *service, struct policy_site *ret)
{
	struct policy_profile profile = plan_profile(service->config);

	for (size_t i = 0; i < service->n_others; i++) {
		struct plan_members members = plan_members(service, service->others[i]);

		ret[i] = (struct policy_site){
			.open = members.open,
			.weak = !is_able(&profile, &members),
			.reserve = i >= service->n_meant,
		};
	}
}

/* The shares in force: what is wanted, as far as it can be now. */
static struct policy_shares settle(const struct plan *plan, const struct plan_service *service)
{
	struct policy_profile profile = plan_profile(service->config);
	struct plan_members own = plan_members(service, plan->site);
	struct policy_site sites[POLICY_SITES_MAX];
	struct policy_shares shares = service->wanted;

	plan_others(service, sites);
	policy_settle(&shares, is_able(&profile, &own), own.open, sites, service->n_others);
	return shares;
}

/* The rows */

/* Over our own open members; 0 in all of them without one. */
static int fill_home(const struct plan *plan, const struct plan_service *service, uint16_t *rows)
{
	const struct config_service *config = service->config;
	_cleanup_free_ struct maglev_entry *entries = calloc(config->n_members + 1, sizeof(*entries));
	size_t n = 0;
	int r;

	if (!entries)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_members; i++)
		if (service->open[i] && config->members[i].backend->site == plan->site)
			entries[n++] = member_entry(&config->members[i], plan->rows_key);
	r = maglev_fill(entries, n, rows, service->size);
	return r == -ENOENT ? 0 : r;
}

static int spread(const struct plan *plan, const struct plan_service *service,
		  const struct policy_shares *shares, uint16_t *rows)
{
	struct spread_site sites[POLICY_SITES_MAX];

	if (shares->keep == POLICY_WHOLE)
		return 0;
	for (size_t i = 0; i < service->n_others; i++)
		sites[i] = (struct spread_site){plan_site_number(plan, service->others[i]),
						shares->sites[i]};
	return spread_rows(rows, service->size, sites, service->n_others, plan->rows_key);
}

static const struct config_site *most_of(const struct plan_service *service,
					 const struct policy_shares *shares)
{
	size_t most = 0;

	if (shares->keep)
		return NULL;
	for (size_t i = 1; i < service->n_others; i++)
		if (shares->sites[i] > shares->sites[most])
			most = i;
	return service->n_others && shares->sites[most] ? service->others[most] : NULL;
}

static uint32_t digest_of(const uint16_t *rows, uint32_t size)
{
	uint32_t digest = 0;

	for (uint32_t i = 0; rows && i < size; i++)
		digest = sight_digest(digest, rows[i]);
	return digest;
}

/* Without anybody, there are no rows. Rows for what comes from other sites only where they differ. */
static int fill_rows(const struct plan *plan, struct plan_service *service)
{
	struct policy_shares shares = settle(plan, service);
	bool own = plan_members(service, plan->site).open;
	size_t bytes = service->size * sizeof(uint16_t);
	_cleanup_free_ uint16_t *home = calloc(service->size, sizeof(*home));
	_cleanup_free_ uint16_t *rows = malloc(bytes);
	const struct config_site *away = most_of(service, &shares);
	int r;

	if (!home || !rows)
		return -ENOMEM;
	r = fill_home(plan, service, home);
	if (r < 0)
		return r;
	memcpy(rows, home, bytes);
	r = spread(plan, service, &shares, rows);
	if (r < 0)
		return r;
	free(service->rows);
	free(service->home);
	service->rows = own || away ? take(rows) : NULL;
	service->generation = digest_of(service->rows, service->size);
	service->home = own && shares.keep < POLICY_WHOLE ? take(home) : NULL;
	service->shares = shares;
	service->away = away;
	return 0;
}

/* The members of our own site (`ours`), or those of the others. */
static void allowed_members(const struct plan *plan, const struct config_service *config, bool ours,
			    bool *ret)
{
	for (size_t i = 0; i < config->n_members; i++) {
		const struct config_site *site = config->members[i].backend->site;

		ret[i] = member_open(&config->members[i]) && site->enabled &&
			 (site == plan->site) == ours;
	}
}

/*
 * Those that are `fit`, of all sites: true if there are any. What is trusted when all are down are our own
 * members: of others we hear that they are up. `others` is room for as many.
 */
static bool open_members(const struct plan *plan, const struct config_service *config,
			 const bool *fit, bool *open, bool *others)
{
	bool any = false;

	allowed_members(plan, config, true, open);
	health_open(fit, config->n_members, config->health.all_down == CONFIG_TRUST_ALL, open);
	allowed_members(plan, config, false, others);
	health_open(fit, config->n_members, false, others);
	for (size_t i = 0; i < config->n_members; i++) {
		open[i] |= others[i];
		any |= open[i];
	}
	return any;
}

int plan_healthy_members(const struct plan *plan, struct plan_service *service, const bool *up,
			 const bool *held)
{
	const struct config_service *config = service->config;
	_cleanup_free_ bool *open = calloc(config->n_members + 1, sizeof(*open));
	_cleanup_free_ bool *others = calloc(config->n_members + 1, sizeof(*others));
	bool *before = service->open;
	int r;

	if (!open || !others)
		return -ENOMEM;
	if (!open_members(plan, config, up, open, others) && held)
		open_members(plan, config, held, open, others);
	service->open = open;
	r = fill_rows(plan, service);
	if (r < 0) {
		service->open = before;
		return r;
	}
	free(before);
	take(open);
	return 0;
}
