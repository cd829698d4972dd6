/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/policy.h"

#include <string.h>

#define SMOOTH 16	  /* of arrivals and ends: the unit of what is kept */
#define SMOOTH_WEIGHT 2	  /* a new value counts a half */
#define APPROACH_STEPS 10 /* in which use comes to its mark, about */
#define AHEAD_STEPS 3	  /* from a need to its end: use is told, gateways agree, and others take a part at a time */
#define KEEP_MIN 10	  /* of an open site: else it would never learn that it may take more */
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

bool policy_able(const struct policy_profile *profile, const struct policy_load *load)
{
	return load->healthy &&
	       load->healthy * POLICY_WHOLE >= load->members * profile->min_healthy;
}

/* Of the open ones: the nearest that is able and meant for it; else able; else any. NULL: none is open. */
static const struct policy_site *nearest_open(const struct policy_site *sites, size_t n)
{
	const struct policy_site *able = NULL, *any = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!sites[i].open)
			continue;
		if (!sites[i].weak && !sites[i].reserve)
			return &sites[i];
		if (!sites[i].weak && !able)
			able = &sites[i];
		if (!any)
			any = &sites[i];
	}
	return able ? able : any;
}

void policy_settle(struct policy_shares *shares, bool able, bool any,
		   const struct policy_site *sites, size_t n)
{
	const struct policy_site *nearest = nearest_open(sites, n);
	uint32_t placed = 0;

	if (!any || (!able && nearest && !nearest->weak))
		shares->keep = 0;
	for (size_t i = 0; i < n; i++) {
		if (!sites[i].open)
			shares->sites[i] = 0;
		placed += shares->sites[i];
	}
	placed += shares->keep;
	if (shares->keep || (any && (!nearest || nearest->weak)))
		shares->keep += POLICY_WHOLE - placed;
	else if (nearest)
		shares->sites[nearest - sites] += POLICY_WHOLE - placed;
}

void policy_measure(struct policy_meter *meter, const struct policy_load *load)
{
	int64_t ended = (int64_t)load->arrivals - ((int64_t)load->used - (int64_t)meter->used_before);

	if (load->unknown)
		return;
	if (!meter->began) {
		meter->arrivals = load->arrivals * SMOOTH;
		meter->ending = 0;
	} else {
		meter->arrivals += (int64_t)(load->arrivals * SMOOTH - meter->arrivals) / SMOOTH_WEIGHT;
		meter->ending += (ended * SMOOTH - meter->ending) / SMOOTH_WEIGHT;
	}
	meter->began = true;
	meter->used_before = load->used;
}

/* New connections a step that bring use to the mark. */
static int64_t wanted(const struct policy_meter *meter, const struct policy_profile *profile,
		      const struct policy_load *load, uint32_t mark)
{
	int64_t at = load->capacity * mark / POLICY_WHOLE, used = load->used;
	int64_t arrivals = meter->arrivals / SMOOTH;
	int64_t ending = meter->ending > 0 ? meter->ending / SMOOTH : 0; /* the two are counted at two places */

	switch (profile->measure) {
	case POLICY_RATE:
		return at;
	case POLICY_CONNECTIONS:
		return ending + (at - used) / APPROACH_STEPS;
	case POLICY_LOAD:
		return used ? arrivals * at / used : INT64_MAX / POLICY_WHOLE;
	default:
		return INT64_MAX / POLICY_WHOLE;
	}
}

/* The share that brings so many in. */
static int64_t share_for(const struct policy *policy, int64_t want)
{
	if (want < 0)
		return 0;
	if ((uint64_t)want >= policy->offered)
		return POLICY_WHOLE;
	return (uint64_t)want * POLICY_WHOLE / policy->offered;
}

static uint64_t use_of(const struct policy_load *load, uint64_t used)
{
	return load->capacity ? used * POLICY_WHOLE / load->capacity : POLICY_WHOLE + 1;
}

/* A rate is used by what is to be expected: what came in one step is that, and noise. */
static uint64_t own_use(const struct policy *policy, const struct policy_profile *profile,
			const struct policy_load *load)
{
	return use_of(load, profile->measure == POLICY_RATE ? policy->meter.arrivals / SMOOTH : load->used);
}

/*
 * What comes before a smaller share has taken effect cannot be handed on any more. Only where most of it stays: of
 * short connections as many end as come, and the difference is noise.
 */
static bool will_pass(const struct policy *policy, const struct policy_profile *profile,
		      const struct policy_load *load)
{
	int64_t arrivals = policy->meter.arrivals / SMOOTH;
	int64_t rise = arrivals - policy->meter.ending / SMOOTH;

	return profile->measure == POLICY_CONNECTIONS && rise * 2 > arrivals &&
	       (load->used + rise * AHEAD_STEPS) * POLICY_WHOLE > load->capacity * profile->spill_at;
}

/* By what is used: keep is above 0, or it has been long enough that we were not able. */
static uint32_t keep_measured(const struct policy *policy, const struct policy_profile *profile,
			      const struct policy_load *load)
{
	uint32_t keep = policy->shares.keep, most = keep > KEEP_MIN ? keep : KEEP_MIN;
	uint32_t risen = keep + profile->rise < POLICY_WHOLE ? keep + profile->rise : POLICY_WHOLE;
	uint64_t use = own_use(policy, profile, load);

	if (profile->measure == POLICY_UNMEASURED || policy->blind > POLICY_BLIND_STEPS)
		return risen;
	if (policy->blind)
		return keep ? keep : risen;
	if (use > profile->spill_at || will_pass(policy, profile, load))
		return clamp(share_for(policy, wanted(&policy->meter, profile, load, profile->spill_at)),
			     KEEP_MIN, most);
	if (use < profile->recover)
		return clamp(share_for(policy, wanted(&policy->meter, profile, load, profile->recover)),
			     keep, risen);
	return keep;
}

/* What we would keep if others took all the rest. */
static uint32_t keep_for(const struct policy *policy, const struct policy_profile *profile,
			 const struct policy_load *load)
{
	if (!policy->able || (!policy->shares.keep && policy->able <= profile->after))
		return 0;
	return keep_measured(policy, profile, load);
}

/* The most that a site may have of us, by the room that it tells of. */
static uint32_t share_most(const struct policy *policy, const struct policy_site *site, uint32_t has,
			   bool urgent)
{
	int64_t more;

	if (!site->open || site->weak || site->reserve)
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

static bool differs(uint32_t exact, uint32_t shown)
{
	uint32_t by = exact > shown ? exact - shown : shown - exact;

	return by >= POLICY_QUANTUM || (by && (!exact || exact == POLICY_WHOLE || !shown));
}

bool policy_differ(const struct policy_shares *exact, const struct policy_shares *shown, size_t n)
{
	bool differ = differs(exact->keep, shown->keep);

	for (size_t i = 0; i < n; i++)
		differ |= differs(exact->sites[i], shown->sites[i]);
	return differ;
}

/* What comes in follows a share at once, so it need not be measured first: else the next step cut it again. */
static void expect(struct policy *policy)
{
	policy->meter.arrivals = policy->offered * SMOOTH * policy->shares.keep / POLICY_WHOLE;
}

static bool take(struct policy *policy, const struct policy_shares *next, size_t n)
{
	bool differ = policy_differ(next, &policy->shares, n);

	if (differ)
		policy->shares = *next;
	policy->kept = policy->shares.keep;
	expect(policy);
	return differ;
}

/* Since the last step. The shares are the mean of all gateways' now; theirs have changed in between. */
static double kept(const struct policy *policy)
{
	uint32_t before = policy->kept ? policy->kept : policy->shares.keep;

	return (before + policy->shares.keep) / 2.0 / POLICY_WHOLE;
}

static void take_in(struct policy *policy, const struct policy_profile *profile,
		    const struct policy_load *load)
{
	policy->able = policy_able(profile, load) ? policy->able + 1 : 0;
	policy->blind = load->unknown ? policy->blind + 1 : 0;
	if (load->unknown)
		return;
	policy_measure(&policy->meter, load);
	demand_take(&policy->demand, load->arrivals, kept(policy));
	policy->offered = demand_of(&policy->demand) + 0.5;
	expect(policy);
}

bool policy_step(struct policy *policy, const struct policy_profile *profile,
		 const struct policy_load *load, const struct policy_site *sites, size_t n)
{
	struct policy_shares next = {};
	bool failover;

	if (n > POLICY_SITES_MAX)
		n = POLICY_SITES_MAX;
	take_in(policy, profile, load);
	next.keep = keep_for(policy, profile, load);
	failover = !next.keep;
	next.keep += spread(policy, sites, n, POLICY_WHOLE - next.keep,
			    failover || demand_jumped(&policy->demand), &next);
	if (failover)
		next.keep = 0;
	policy_settle(&next, policy->able, load->healthy, sites, n);
	return take(policy, &next, n);
}

/* As with one's own: room up to the lower mark, too much above the upper one, calm in between. */
static int64_t room_of(const struct policy_meter *meter, const struct policy_profile *profile,
		    const struct policy_load *load)
{
	uint64_t use = use_of(load, load->used);
	uint32_t mark = use > profile->spill_at ? profile->spill_at : profile->recover;
	int64_t arrivals = profile->measure == POLICY_RATE ? load->used : meter->arrivals / SMOOTH;
	int64_t room;

	if (use >= profile->recover && use <= profile->spill_at)
		return 0;
	room = wanted(meter, profile, load, mark) - arrivals;
	/* It fills faster than it need: so be it, until it is above the upper one. */
	return use < profile->recover && room < 0 ? 0 : room;
}

struct policy_site policy_offer(const struct policy_meter *meter,
				const struct policy_profile *profile,
				const struct policy_load *load)
{
	struct policy_site offer = {.open = load->healthy, .weak = !policy_able(profile, load)};

	if (!offer.open || (load->unknown && profile->measure != POLICY_UNMEASURED))
		return offer;
	offer.room = profile->measure == POLICY_UNMEASURED ? POLICY_ANY_ROOM
							   : room_of(meter, profile, load);
	return offer;
}
