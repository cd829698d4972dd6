/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/following.h"

void following_begin(struct following *following, uint64_t now_us)
{
	*following = (struct following){.step = FOLLOWING_READ, .heard_us = now_us, .retry_us = now_us};
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

bool following_was_probed(struct following *following, bool same, uint64_t now_us)
{
	following->step = same ? FOLLOWING_WATCH : FOLLOWING_READ;
	return answered(following, now_us);
}

/* 250 ms, 500 ms, ... 4 s; of each, between the half and the whole. */
bool following_failed(struct following *following, uint64_t now_us, uint32_t random)
{
	bool news = !following->told || following->reachable;
	uint64_t wait_us = FOLLOWING_WAIT_MAX_US;

	if (following->failures < 4)
		wait_us = (uint64_t)FOLLOWING_WAIT_MIN_US << following->failures;
	following->failures++;
	following->retry_us = now_us + wait_us / 2 + (wait_us / 2) * (random >> 16) / UINT16_MAX;
	following->step = following->revision ? FOLLOWING_PROBE : FOLLOWING_READ;
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
