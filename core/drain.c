/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/drain.h"

const char *drain_phase_name(enum drain_phase phase)
{
	static const char *const names[] = {
		[DRAIN_NONE] = "none", [DRAIN_LEAVING] = "leaving", [DRAIN_LEFT] = "left"};

	return names[phase];
}

static void enter(struct drain *drain, enum drain_phase phase, uint64_t now_us)
{
	drain->phase = phase;
	drain->since_us = now_us;
}

static void leave(struct drain *drain, enum drain_end end, uint64_t took_us, uint64_t now_us)
{
	drain->end = end;
	drain->took_us = took_us;
	enter(drain, DRAIN_LEFT, now_us);
}

static void be_quiet_from(struct drain *drain, uint64_t now_us)
{
	drain->quiet_us = now_us;
	drain->strays = 0;
}

bool drain_want(struct drain *drain, const struct drain_rules *rules, bool wanted, bool standing,
		uint64_t now_us)
{
	if (wanted == (drain->phase != DRAIN_NONE))
		return false;
	if (!wanted) {
		enter(drain, DRAIN_NONE, now_us);
	} else if (!standing || !rules->limit_s) {
		leave(drain, standing ? DRAIN_LIMIT : DRAIN_EMPTY, 0, now_us);
	} else {
		drain->before_per_s = drain->per_s;
		be_quiet_from(drain, now_us);
		enter(drain, DRAIN_LEAVING, now_us);
	}
	return true;
}

/* What may come in the time that has to be quiet. */
static double strays_allowed(const struct drain *drain, const struct drain_rules *rules)
{
	double per_s = drain->before_per_s * rules->below_percent / 100;

	if (per_s < DRAIN_STRAYS_PER_S)
		per_s = DRAIN_STRAYS_PER_S;
	return per_s * rules->settle_ms / 1000;
}

/* Whole seconds: what has stopped is not seen any more in the one after the next. */
static void count(struct drain *drain, uint64_t packets, uint64_t now_us)
{
	uint64_t took_us = now_us - drain->second_us;

	drain->in_second += packets;
	if (took_us < 1000000)
		return;
	drain->per_s = drain->in_second * 1e6 / took_us;
	drain->in_second = 0;
	drain->second_us = now_us;
}

bool drain_look(struct drain *drain, const struct drain_rules *rules, uint64_t packets,
		uint64_t now_us)
{
	count(drain, packets, now_us);
	if (drain->phase != DRAIN_LEAVING)
		return false;
	drain->strays += packets;
	if (drain->strays > strays_allowed(drain, rules))
		be_quiet_from(drain, now_us);
	if (now_us - drain->quiet_us >= rules->settle_ms * 1000ULL)
		leave(drain, DRAIN_QUIET, drain->quiet_us - drain->since_us, now_us);
	else if (now_us - drain->since_us >= rules->limit_s * 1000000ULL)
		leave(drain, DRAIN_LIMIT, now_us - drain->since_us, now_us);
	else
		return false;
	return true;
}
