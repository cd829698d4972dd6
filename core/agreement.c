/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/agreement.h"

/* The gateway's place, or a free or the longest unheard one. */
static struct agreement_peer *place_of(struct agreement *agreement, const struct agreement_peer *peer)
{
	struct agreement_peer *oldest = &agreement->peers[0];

	for (size_t i = 0; i < AGREEMENT_PEERS_MAX; i++) {
		struct agreement_peer *place = &agreement->peers[i];

		if (place->gateway == peer->gateway)
			return place;
		if (place->heard_us < oldest->heard_us)
			oldest = place;
	}
	return peer->heard_us - oldest->heard_us > AGREEMENT_AGE_US ? oldest : NULL;
}

static bool is_older(const struct agreement_peer *said, const struct agreement_peer *than)
{
	return said->boot != than->boot ? said->boot < than->boot : said->sequence < than->sequence;
}

bool agreement_hear(struct agreement *agreement, const struct agreement_peer *peer, size_t site,
		    uint32_t share)
{
	struct agreement_peer *place = place_of(agreement, peer);

	if (!place || site >= POLICY_SITES_MAX || share > POLICY_WHOLE)
		return false;
	if (place->gateway != peer->gateway)
		*place = (struct agreement_peer){.gateway = peer->gateway};
	if (is_older(peer, place))
		return false;
	place->boot = peer->boot;
	place->sequence = peer->sequence;
	place->heard_us = peer->heard_us;
	place->sites[site] = share;
	return true;
}

struct policy_shares agreement_begin(struct agreement *agreement, const struct policy_shares *own,
				     size_t n, uint64_t now_us)
{
	uint32_t own_counts = agreement->steps >= AGREEMENT_FIRST_STEPS, count = own_counts, left;
	struct policy_shares mean = {};

	agreement->steps++;
	for (size_t i = 0; i < n; i++)
		mean.sites[i] = own_counts * own->sites[i];
	for (size_t i = 0; i < AGREEMENT_PEERS_MAX; i++) {
		const struct agreement_peer *peer = &agreement->peers[i];

		if (!peer->gateway || now_us - peer->heard_us > AGREEMENT_AGE_US)
			continue;
		count++;
		for (size_t j = 0; j < n; j++)
			mean.sites[j] += peer->sites[j];
	}
	if (!count)
		return *own;
	left = POLICY_WHOLE;
	for (size_t i = 0; i < n; i++) {
		mean.sites[i] = (mean.sites[i] + count / 2) / count;
		if (!own->sites[i] && mean.sites[i] < POLICY_QUANTUM)
			mean.sites[i] = 0; /* no change of rows for that */
		mean.sites[i] = mean.sites[i] < left ? mean.sites[i] : left;
		left -= mean.sites[i];
	}
	mean.keep = left;
	return mean;
}

bool agreement_speaks(const struct agreement *agreement)
{
	return agreement->steps > AGREEMENT_FIRST_STEPS;
}
