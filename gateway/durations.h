/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How long health checks take, and how many fail: of each service, and of each site that has backends of it. One of
 * each backend would be a dozen numbers for each of ten thousand.
 *
 * Whoever is checked again after another configuration goes on with what was counted.
 */
#pragma once

#include <jansson.h>

#include "core/config.h"
#include "core/histogram.h"

struct duration {
	struct histogram passed;
	uint64_t failed;
	char *service, *site;
	bool used; /* by this configuration */
};

struct durations;

struct durations *durations_new(void);
struct durations *durations_free(struct durations *durations);

/*
 * Between the two, those of a configuration are asked for; then all others go. A duration lives until the
 * durations_end behind which nobody has asked for it. NULL: no memory.
 */
void durations_begin(struct durations *durations);
struct duration *durations_of(struct durations *durations, const struct config_service *service,
			      const struct config_site *site);
void durations_end(struct durations *durations);

/* [{"service", "site", "failed", "seconds": as daemon/metrics.h wants a histogram}, ...] */
json_t *durations_json(const struct durations *durations);
