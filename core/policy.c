/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/policy.h"

#include <string.h>

#define SMOOTH 16	  /* of arrivals and ends: the unit of what is kept */
#define SMOOTH_WEIGHT 2	  /* a new value counts a half */
#define APPROACH_STEPS 10 /* in which use comes to its mark, about */
#define KEEP_MIN 10	  /* of an open site: else it would never learn that it may take more */
#define RISE_MAX 100
#define ROOM_PART 4

struct policy policy_new(void)
{
	return (struct policy){
		.shares = {.keep = POLICY_WHOLE},
	};
}

static int64_t clamp(int64_t value, int64_t least, int64_t most)
{
	return value < least ? least : value > most ? most : value;
}

static bool can_serve(const struct policy_profile *profile, const struct policy_load *load)
{
	return load->healthy &&
	       load->healthy * POLICY_WHOLE >= load->members * profile->min_healthy;
}

static void measure(struct policy *policy, const struct policy_load *load)
{
	int64_t ended = (int64_t)load->arrivals - ((int64_t)load->used - (int64_t)policy->used_before);

	if (!policy->began) {
		policy->arrivals = load->arrivals * SMOOTH;
		policy->ending = 0;
	} else {
		policy->arrivals += (int64_t)(load->arrivals * SMOOTH - policy->arrivals) / SMOOTH_WEIGHT;
		policy->ending += (ended * SMOOTH - policy->ending) / SMOOTH_WEIGHT;
	}
	policy->began = true;
	policy->used_before = load->used;
	if (policy->shares.keep)
		policy->offered = policy->arrivals * POLICY_WHOLE / policy->shares.keep / SMOOTH;
}

/* New connections a step that bring use to the mark. */
static int64_t wanted(const struct policy *policy, const struct policy_profile *profile,
		      const struct policy_load *load, uint32_t mark)
{
	int64_t at = load->capacity * mark / POLICY_WHOLE, used = load->used;
	int64_t arrivals = policy->arrivals / SMOOTH;

	switch (profile->measure) {
	case POLICY_RATE:
		return at;
	case POLICY_CONNECTIONS:
		return policy->ending / SMOOTH + (at - used) / APPROACH_STEPS;
	case POLICY_LOAD:
		return used ? arrivals * at / used : INT64_MAX / POLICY_WHOLE;
	default:
		return INT64_MAX / POLICY_WHOLE;
	}
}

/* The share that brings so many in, now that the present one brings `arrivals`. */
static int64_t share_for(const struct policy *policy, int64_t want)
{
	uint64_t arrivals = policy->arrivals / SMOOTH;

	if (want < 0)
		return 0;
	if (!arrivals || !policy->shares.keep || (uint64_t)want > arrivals * POLICY_WHOLE)
		return POLICY_WHOLE;
	return (uint64_t)want * policy->shares.keep / arrivals;
}

/* What we would keep if others took all the rest. */
static uint32_t keep_for(const struct policy *policy, const struct policy_profile *profile,
			 const struct policy_load *load)
{
	uint32_t keep = policy->shares.keep;
	uint64_t use = load->capacity ? load->used * POLICY_WHOLE / load->capacity : POLICY_WHOLE + 1;

	if (!can_serve(profile, load))
		return 0;
	if (profile->measure == POLICY_UNMEASURED)
		return POLICY_WHOLE;
	if (use > profile->spill_at)
		return clamp(share_for(policy, wanted(policy, profile, load, profile->spill_at)),
			     KEEP_MIN, keep > KEEP_MIN ? keep : KEEP_MIN);
	if (use < profile->recover)
		return clamp(share_for(policy, wanted(policy, profile, load, profile->recover)), keep,
			     keep + RISE_MAX < POLICY_WHOLE ? keep + RISE_MAX : POLICY_WHOLE);
	return keep;
}

/* The most that a site may have of us, by the room that it tells of. */
static uint32_t share_most(const struct policy *policy, const struct policy_site *site, uint32_t has,
			   bool urgent)
{
	int64_t more;

	if (!site->open)
		return 0;
	if (site->room == POLICY_ANY_ROOM || (!policy->offered && site->room > 0))
		return POLICY_WHOLE;
	if (!policy->offered)
		return has;
	more = clamp(site->room, -INT32_MAX, INT32_MAX) * POLICY_WHOLE / (int64_t)policy->offered;
	if (!urgent && more > 0)
		more /= ROOM_PART;
	return clamp(has + more, 0, POLICY_WHOLE);
}

/* Nearest first. Returns what found no room. */
static uint32_t spread(const struct policy *policy, const struct policy_site *sites, size_t n,
		       uint32_t rest, bool urgent, struct policy_shares *ret)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t most = share_most(policy, &sites[i], policy->shares.sites[i], urgent);

		ret->sites[i] = rest < most ? rest : most;
		rest -= ret->sites[i];
	}
	return rest;
}

static uint32_t *nearest_open(const struct policy_site *sites, size_t n, struct policy_shares *shares)
{
	for (size_t i = 0; i < n; i++)
		if (sites[i].open)
			return &shares->sites[i];
	return NULL;
}

static bool differs(uint32_t exact, uint32_t shown)
{
	uint32_t by = exact > shown ? exact - shown : shown - exact;

	return by >= POLICY_QUANTUM || (by && (!exact || exact == POLICY_WHOLE || !shown));
}

/* What comes in follows at once, so it need not be measured first: else the next step cut it again. */
static bool take(struct policy *policy, const struct policy_shares *next, size_t n)
{
	uint32_t before = policy->shares.keep;
	bool change = differs(next->keep, before);

	for (size_t i = 0; i < n; i++)
		change |= differs(next->sites[i], policy->shares.sites[i]);
	if (!change)
		return false;
	policy->shares = *next;
	if (before)
		policy->arrivals = policy->arrivals * next->keep / before;
	return true;
}

bool policy_step(struct policy *policy, const struct policy_profile *profile,
		 const struct policy_load *load, const struct policy_site *sites, size_t n)
{
	struct policy_shares next = {};
	uint32_t rest, *nearest;

	if (n > POLICY_SITES_MAX)
		n = POLICY_SITES_MAX;
	measure(policy, load);
	next.keep = keep_for(policy, profile, load);
	rest = spread(policy, sites, n, POLICY_WHOLE - next.keep, !next.keep, &next);
	nearest = nearest_open(sites, n, &next);
	if (next.keep || (!nearest && load->healthy))
		next.keep += rest;
	else if (nearest)
		*nearest += rest;
	return take(policy, &next, n);
}

/* As with one's own: room up to the lower mark, too much above the upper one, calm in between. */
static int64_t room(const struct policy *policy, const struct policy_profile *profile,
		    const struct policy_load *load)
{
	uint64_t use = load->capacity ? load->used * POLICY_WHOLE / load->capacity : POLICY_WHOLE + 1;
	uint32_t mark = use > profile->spill_at ? profile->spill_at : profile->recover;
	int64_t arrivals = profile->measure == POLICY_RATE ? load->used : policy->arrivals / SMOOTH;

	if (use >= profile->recover && use <= profile->spill_at)
		return 0;
	return wanted(policy, profile, load, mark) - arrivals;
}

struct policy_site policy_offer(const struct policy *policy, const struct policy_profile *profile,
				const struct policy_load *load)
{
	struct policy_site offer = {.open = can_serve(profile, load)};

	if (!offer.open)
		return offer;
	offer.room = profile->measure == POLICY_UNMEASURED ? POLICY_ANY_ROOM
							   : room(policy, profile, load);
	return offer;
}
