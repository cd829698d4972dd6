/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How much of a service's capacity a site uses: what its backends' agents tell (core/load.h), as a policy
 * counts it (core/policy.h).
 *
 *   - Capacity is that of the members that are open, by weight; only what those hold counts as used. A
 *     member that died, or is drained, takes its connections and its part of the capacity along.
 *   - Where not all of them were heard of, the others are taken to be like those that were.
 *   - Where none was heard of, the use is unknown.
 */
#pragma once

#include "core/load.h"
#include "core/plan.h"

/* `load` may be NULL: nothing was heard. */
struct policy_load use_of_site(const struct plan_service *service, const struct config_site *site,
			       const struct load *load, uint64_t now_us);

#define USE_TEXT_MAX 160

/* For people: "96 of 100 connections", "nothing was heard of its use". Returns `text`. */
const char *use_text(const struct policy_profile *profile, const struct policy_load *load,
		     char text[static USE_TEXT_MAX]);

/* Why the shares are as they are: "96 of 100 connections, mark 90 %". Of our own site. */
const char *use_why(const struct plan_service *service, const struct policy_load *load,
		    char text[static USE_TEXT_MAX]);

#define USE_SHARES_MAX 512

/* Where new connections go: "12 % to lon, 3 % to par", "all stay". Returns `text`. */
const char *use_shares(const struct plan_service *service, char text[static USE_SHARES_MAX]);
