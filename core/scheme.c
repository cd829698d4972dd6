/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/scheme.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/suggestion.h"

static const struct row {
	const char *name;
	uint32_t generations;
	uint32_t flags, kept; /* enum service_flag */
} rows[] = {
#define ROW(symbol, name, generations, flags, kept) {name, generations, flags, kept},
	SCHEMES(ROW)
#undef ROW
};

#define N_ROWS (sizeof(rows) / sizeof(*rows))

int scheme_named(const char *name, enum scheme *ret, char complaint[static 320])
{
	struct suggestion suggestion = {.wanted = name};

	for (size_t i = 0; i < N_ROWS; i++) {
		if (strcmp(name, rows[i].name) == 0) {
			*ret = i;
			return 0;
		}
		suggestion_offer(&suggestion, rows[i].name);
	}
	snprintf(complaint, 320, "%s", suggestion_text(&suggestion));
	return -EINVAL;
}

/* Their gateways do not hand flows to each other: each is the router of all that it gets. */
static int route_alone(struct plan *plan)
{
	for (size_t i = 0; i < plan->n_routers; i++)
		if (plan->routers[i].flags & DESTINATION_SELF)
			plan->routers[0] = plan->routers[i];
	if (plan->n_routers == 0)
		return 0;
	plan->n_routers = 1;
	plan->routers[0].number = 1;
	return plan_live_routers(plan, (const bool[]){true});
}

int scheme_apply(enum scheme scheme, struct plan *plan)
{
	if (scheme == SCHEME_HOLDFAST)
		return 0;
	for (size_t i = 0; i < plan->n_services; i++) {
		struct plan_service *service = &plan->services[i];

		service->flags = (service->flags & rows[scheme].kept) | rows[scheme].flags;
		service->generations = rows[scheme].generations;
	}
	return route_alone(plan);
}
