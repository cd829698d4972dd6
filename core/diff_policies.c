/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/diff_parts.h"

#include <stdio.h>
#include <string.h>

static void name_text(const struct plan_service *service, char text[static DIFF_VALUE_MAX])
{
	const struct config_policy *policy = service->config->policy;

	snprintf(text, DIFF_VALUE_MAX, "%s", policy ? policy->name : "none");
}

static void capacity_text(const struct plan_service *service, char text[static DIFF_VALUE_MAX])
{
	const struct config_policy *policy = service->config->policy;
	const struct config_capacity *capacity = policy ? &policy->capacity : NULL;
	const char *per = capacity && capacity->per == CONFIG_PER_SITE ? "site" : "backend";

	if (capacity && capacity->connections)
		snprintf(text, DIFF_VALUE_MAX, "%u connections a %s", capacity->connections, per);
	else if (capacity && capacity->rate)
		snprintf(text, DIFF_VALUE_MAX, "%u new a second a %s", capacity->rate, per);
	else if (capacity && capacity->load)
		snprintf(text, DIFF_VALUE_MAX, "load %u", capacity->load);
	else
		snprintf(text, DIFF_VALUE_MAX, "none");
}

static void spill_text(const struct plan_service *service, char text[static DIFF_VALUE_MAX])
{
	const struct config_policy *policy = service->config->policy;

	snprintf(text, DIFF_VALUE_MAX, "%u %%", policy ? policy->spill.at : 0);
}

static void recover_text(const struct plan_service *service, char text[static DIFF_VALUE_MAX])
{
	const struct config_policy *policy = service->config->policy;
	const struct config_recover *recover = policy ? &policy->recover : NULL;

	if (recover)
		snprintf(text, DIFF_VALUE_MAX, "below %u %%, %u %% a second, after %u s",
			 recover->below, recover->step, recover->after_s);
	else
		snprintf(text, DIFF_VALUE_MAX, "at once");
}

static void healthy_text(const struct plan_service *service, char text[static DIFF_VALUE_MAX])
{
	const struct config_policy *policy = service->config->policy;

	snprintf(text, DIFF_VALUE_MAX, "%u %%", policy ? policy->min_healthy : 0);
}

/* In the order in which they are given new connections. What does not fit is cut off. */
static void sites_text(const struct plan_service *service, char text[static DIFF_VALUE_MAX])
{
	size_t used = 0;

	snprintf(text, DIFF_VALUE_MAX, "none");
	for (size_t i = 0; i < service->n_meant && used < DIFF_VALUE_MAX; i++)
		used += snprintf(text + used, DIFF_VALUE_MAX - used, "%s%s", i ? ", " : "",
				 service->others[i]->name);
}

static const struct field {
	const char *name;
	void (*text)(const struct plan_service *service, char text[static DIFF_VALUE_MAX]);
} fields[] = {
	{"policy", name_text},	       {"capacity", capacity_text},   {"spill at", spill_text},
	{"spill to", sites_text},      {"recover", recover_text},     {"min-healthy", healthy_text},
};

int diff_policies(struct diff *diff, const struct plan_service *before,
		  const struct plan_service *after)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(fields) / sizeof(*fields); i++) {
		char from[DIFF_VALUE_MAX], to[DIFF_VALUE_MAX];

		fields[i].text(before, from);
		fields[i].text(after, to);
		r = diff_field(diff, DIFF_SERVICE, after->config->name, fields[i].name, from, to);
	}
	return r;
}
