/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The gateways of a site agree on the shares of a service. Each decides by what all of them hear from the
 * backends, but begins from the shares that it has; what a site is given more or less is a part of those.
 * So two that began apart would stay apart for ever, right only on the average. Therefore each begins its
 * step from the mean of what all of them have: in a few steps they have the same.
 *
 *   - What was not heard again for AGREEMENT_AGE_US counts no more: who is alone decides alone.
 *   - One that has just begun knows nothing: for AGREEMENT_FIRST_STEPS it takes the others' mean, and says
 *     nothing itself.
 *   - Of one gateway only what is newer than the newest counts (wire/heartbeat.h).
 */
#pragma once

#include "core/policy.h"

#define AGREEMENT_PEERS_MAX 16 /* of more, the first that are heard */
#define AGREEMENT_AGE_US (3 * POLICY_STEP_MS * 1000ULL)
#define AGREEMENT_FIRST_STEPS 2

/* Another gateway. */
struct agreement_peer {
	uint64_t gateway; /* whose; 0: a free place */
	uint64_t boot, sequence;
	uint64_t heard_us;
	uint32_t sites[POLICY_SITES_MAX]; /* shares of other sites, thousandths */
};

struct agreement {
	struct agreement_peer peers[AGREEMENT_PEERS_MAX];
	uint32_t steps; /* that we have made */
};

/* A gateway says what the site at place `site` has. False: it is old, or there is no place. */
bool agreement_hear(struct agreement *agreement, const struct agreement_peer *peer, size_t site,
		    uint32_t share);

/* What the next step begins from: `own` are the shares in force here, of `n` sites. Counts the step. */
struct policy_shares agreement_begin(struct agreement *agreement, const struct policy_shares *own,
				     size_t n, uint64_t now_us);

/* May we tell the others of our shares? */
bool agreement_speaks(const struct agreement *agreement);
