/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What no single row can see of policies, and of sites that stand in for each other. */
#include "core/config_read.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>

#include "core/config.h"
#include "core/config_place.h"

#define BELOW_THE_MARK 10 /* percent: where recovery begins, unless it is given */
#define INDEX_MAX 24

static const char *index_text(size_t i, char text[static INDEX_MAX])
{
	snprintf(text, INDEX_MAX, "[%zu]", i);
	return text;
}

static bool stands_before(const struct config_site *const *list, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (list[j] == list[i])
			return true;
	return false;
}

/* --- nearness -------------------------------------------------------------------------------- */

static void check_near(struct config_source *source, const struct config_site *site)
{
	char at[INDEX_MAX];

	for (size_t i = 0; i < site->n_near; i++) {
		const struct config_place *place =
			PLACE("sites", site->name, "near", index_text(i, at));

		if (!site->near[i])
			continue;
		if (site->near[i] == site)
			wrong(source, place, "%s is the site itself, allowed: other sites", site->name);
		else if (stands_before(site->near, i))
			wrong(source, place, "%s is given a second time, allowed: once",
			      site->near[i]->name);
	}
}

/* --- policies -------------------------------------------------------------------------------- */

static void check_capacity(struct config_source *source, const struct config_policy *policy)
{
	const struct config_capacity *capacity = &policy->capacity;

	if (!!capacity->connections + !!capacity->rate + !!capacity->load > 1)
		wrong(source, PLACE("policies", policy->name, "capacity"),
		      "more than one measure, allowed: connections, rate or load");
}

static void check_recover(struct config_source *source, struct config_policy *policy)
{
	struct config_recover *recover = &policy->recover;
	uint32_t at = policy->spill.at;

	if (!recover->below)
		recover->below = at > BELOW_THE_MARK ? at - BELOW_THE_MARK : at / 2;
	else if (at && recover->below >= at)
		wrong(source, PLACE("policies", policy->name, "recover", "below"),
		      "%u is not below spill.at, allowed: less than %u", recover->below, at);
}

static void check_spill(struct config_source *source, const struct config_policy *policy)
{
	const struct config_spill *spill = &policy->spill;
	char at[INDEX_MAX];

	for (size_t i = 0; i < spill->n_to; i++)
		if (spill->to[i] && stands_before(spill->to, i))
			wrong(source, PLACE("policies", policy->name, "spill", "to", index_text(i, at)),
			      "%s is given a second time, allowed: once", spill->to[i]->name);
}

/* --- services that use them -------------------------------------------------------------------- */

static bool serves_at(const struct config_service *service, const struct config_site *site)
{
	for (size_t i = 0; i < service->n_members; i++)
		if (service->members[i].backend && service->members[i].backend->site == site)
			return true;
	return false;
}

static bool serves_only_at(const struct config_service *service, const struct config_site *site)
{
	for (size_t i = 0; i < service->n_members; i++)
		if (!service->members[i].backend || service->members[i].backend->site != site)
			return false;
	return true;
}

static void check_targets(struct config_source *source, const struct config_service *service)
{
	const struct config_spill *spill = &service->policy->spill;
	const struct config_place *place = PLACE("services", service->name, "policy");

	for (size_t i = 0; i < spill->n_to; i++) {
		const struct config_site *to = spill->to[i];

		if (!to || !to->name)
			continue;
		if (!serves_at(service, to))
			wrong(source, place,
			      "%s spills to %s, where %s has no backend, allowed: sites that serve it",
			      service->policy->name, to->name, service->name);
		else if (spill->n_to == 1 && serves_only_at(service, to))
			wrong(source, place,
			      "%s would have %s spill to itself, allowed: a site besides it",
			      service->policy->name, to->name);
	}
}

/* What nobody counts is no capacity. */
static void check_measure(struct config_source *source, const struct config_service *service)
{
	const struct config_capacity *capacity = &service->policy->capacity;
	const struct config_place *place = PLACE("services", service->name, "policy");

	if (!capacity->connections && !capacity->rate && !capacity->load)
		return;
	if (service->protocol == IPPROTO_UDP)
		wrong(source, place,
		      "%s has a capacity, but nobody counts what begins and ends on udp, allowed: one "
		      "without",
		      service->policy->name);
	else if (service->agentless)
		wrong(source, place,
		      "%s has a capacity, but nobody tells how much of it backends without agents "
		      "use, allowed: one without, or agents",
		      service->policy->name);
}

int config_check_policies(struct config_source *source)
{
	struct config *config = source->config;

	for (size_t i = 0; i < config->n_sites; i++)
		if (config->sites[i].name)
			check_near(source, &config->sites[i]);
	for (size_t i = 0; i < config->n_policies; i++) {
		if (!config->policies[i].name)
			continue;
		check_capacity(source, &config->policies[i]);
		check_recover(source, &config->policies[i]);
		check_spill(source, &config->policies[i]);
	}
	for (size_t i = 0; i < config->n_services; i++) {
		const struct config_service *service = &config->services[i];

		if (!service->name || !service->policy || !service->policy->name)
			continue;
		check_targets(source, service);
		check_measure(source, service);
	}
	return 0;
}
