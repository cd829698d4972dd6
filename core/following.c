/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/following.h"

void following_begin(struct following *following, uint32_t members, uint64_t now_us)
{
	*following = (struct following){.step = FOLLOWING_READ,
					.members = members,
					.heard_us = now_us,
					.retry_us = now_us};
}

static bool answered(struct following *following, uint64_t now_us)
{
	bool news = !following->told || !following->reachable;

	following->told = true;
	following->reachable = true;
	following->heard_us = now_us;
	following->retry_us = now_us;
	following->failures = 0;
	return news;
}

bool following_was_read(struct following *following, int64_t revision, uint64_t now_us)
{
	following->revision = revision;
	following->step = FOLLOWING_WATCH;
	return answered(following, now_us);
}

bool following_was_probed(struct following *following, bool same, int64_t revision, uint64_t now_us)
{
	following->step = same && revision >= following->revision ? FOLLOWING_WATCH : FOLLOWING_READ;
	return answered(following, now_us);
}

/* 250 ms, 500 ms, ... 4 s; of each, between the half and the whole. */
static uint64_t wait_us(uint32_t rounds, uint32_t random)
{
	uint64_t wait_us = FOLLOWING_WAIT_MAX_US;

	if (rounds < 5)
		wait_us = (uint64_t)FOLLOWING_WAIT_MIN_US << (rounds - 1);
	return wait_us / 2 + (wait_us / 2) * (random >> 16) / UINT16_MAX;
}

static bool may_be_electing(const struct following *following, uint64_t now_us)
{
	return following->members > 1 && now_us - following->failed_us < FOLLOWING_ELECTION_US;
}

bool following_failed(struct following *following, bool all, uint64_t now_us, uint32_t random)
{
	uint32_t members = following->members;
	bool news = !following->told || following->reachable;

	if (following->failures == 0)
		following->failed_us = now_us;
	following->failures += all ? members - following->failures % members : 1;
	following->step = following->revision ? FOLLOWING_PROBE : FOLLOWING_READ;
	following->retry_us = now_us;
	if (following->failures % members)
		return false;
	following->retry_us += wait_us(following->failures / members, random);
	if (!all && may_be_electing(following, now_us))
		return false;
	following->told = true;
	following->reachable = false;
	return news;
}

void following_heard(struct following *following, int64_t revision, uint64_t now_us)
{
	if (revision > following->revision)
		following->revision = revision;
	following->heard_us = now_us;
}

void following_was_compacted(struct following *following)
{
	following->revision = 0;
	following->step = FOLLOWING_READ;
}
