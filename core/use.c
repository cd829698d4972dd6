/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/use.h"

#include <stdio.h>

/* What the open members at a site hold, of those that were heard of. */
struct sum {
	uint64_t weight, heard; /* of the open ones, and of them, those that were heard of */
	double connections, opened, lap, cpu; /* opened fades, lap is of the last one; cpu: by weight */
};

static struct sum sum_up(const struct plan_service *service, const struct config_site *site,
			 const struct load *load, uint64_t now_us)
{
	static const uint16_t needed = HEARTBEAT_CONNECTIONS | HEARTBEAT_OPENED;
	const struct config_service *config = service->config;
	struct sum sum = {};

	for (size_t i = 0; i < config->n_members; i++) {
		const struct config_member *member = &config->members[i];
		struct load_figures figures;

		if (member->backend->site != site || !service->open[i])
			continue;
		sum.weight += member->weight;
		if (!load || !load_of_backend(load, config, member->backend->id, now_us, &figures) ||
		    (figures.known & needed) != needed)
			continue;
		sum.heard += member->weight;
		sum.connections += figures.connections;
		sum.opened += figures.opened_per_s;
		sum.lap += figures.lap_per_s;
		sum.cpu += (double)figures.cpu * member->weight;
	}
	return sum;
}

/* Of the open members, in the measure's unit. */
static uint64_t capacity_of(const struct plan_service *service, const struct plan_members *members)
{
	const struct config_policy *policy = service->config->policy;
	const struct config_capacity *capacity = policy ? &policy->capacity : NULL;
	uint64_t all;

	if (!capacity || !members->all)
		return 0;
	if (capacity->load)
		return capacity->load;
	all = capacity->connections ? capacity->connections : capacity->rate;
	if (capacity->per == CONFIG_PER_BACKEND)
		all *= members->n;
	return all * members->open / members->all;
}

static uint64_t rounded(double value)
{
	return value > 0 ? value + 0.5 : 0;
}

struct policy_load use_of_site(const struct plan_service *service, const struct config_site *site,
			       const struct load *load, uint64_t now_us)
{
	struct plan_members members = plan_members(service, site);
	struct policy_profile profile = plan_profile(service->config);
	struct sum sum = sum_up(service, site, load, now_us);
	struct policy_load use = {
		.healthy = members.open,
		.members = members.all,
		.capacity = capacity_of(service, &members),
		.unknown = !sum.heard,
	};
	double scale;

	if (use.unknown)
		return use;
	scale = (double)sum.weight / sum.heard;
	use.arrivals = rounded(sum.lap * scale * POLICY_STEP_MS / 1000);
	if (profile.measure == POLICY_CONNECTIONS)
		use.used = rounded(sum.connections * scale);
	else if (profile.measure == POLICY_RATE)
		use.used = rounded(sum.opened * scale * POLICY_STEP_MS / 1000);
	else if (profile.measure == POLICY_LOAD)
		use.used = rounded(sum.cpu / sum.heard);
	return use;
}

const char *use_text(const struct policy_profile *profile, const struct policy_load *load,
		     char text[static USE_TEXT_MAX])
{
	static const char *const units[] = {
		[POLICY_CONNECTIONS] = "connections",
		[POLICY_RATE] = "new connections a second",
		[POLICY_LOAD] = "thousandths of its CPUs",
	};

	if (profile->measure == POLICY_UNMEASURED)
		snprintf(text, USE_TEXT_MAX, "no capacity is given");
	else if (load->unknown)
		snprintf(text, USE_TEXT_MAX, "nothing was heard of its use");
	else
		snprintf(text, USE_TEXT_MAX, "%llu of %llu %s", (unsigned long long)load->used,
			 (unsigned long long)load->capacity, units[profile->measure]);
	return text;
}

const char *use_why(const struct plan_service *service, const struct policy_load *load,
		    char text[static USE_TEXT_MAX])
{
	struct policy_profile profile = plan_profile(service->config);
	char use[USE_TEXT_MAX];

	if (!load->healthy)
		snprintf(text, USE_TEXT_MAX, "nobody is open here");
	else if (!policy_able(&profile, load))
		snprintf(text, USE_TEXT_MAX, "%llu %% of the backends are open, min-healthy %u %%",
			 (unsigned long long)(load->healthy * 100 / load->members),
			 profile.min_healthy * 100 / POLICY_WHOLE);
	else if (profile.measure == POLICY_UNMEASURED)
		snprintf(text, USE_TEXT_MAX, "%s",
			 service->shares.keep < POLICY_WHOLE ? "coming home" : "no capacity is given");
	else
		snprintf(text, USE_TEXT_MAX, "%.80s, mark %u %%", use_text(&profile, load, use),
			 profile.spill_at * 100 / POLICY_WHOLE);
	return text;
}

const char *use_shares(const struct plan_service *service, char text[static USE_SHARES_MAX])
{
	size_t used = 0;

	snprintf(text, USE_SHARES_MAX, service->rows ? "all stay" : "nobody takes them");
	for (size_t i = 0; i < service->n_others && used < USE_SHARES_MAX; i++)
		if (service->shares.sites[i])
			used += snprintf(text + used, USE_SHARES_MAX - used, "%s%.3g %% to %s",
					 used ? ", " : "", service->shares.sites[i] * 100.0 / POLICY_WHOLE,
					 service->others[i]->name);
	return text;
}
