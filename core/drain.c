/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/drain.h"

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
		drain->before_per_s = drain_rate(drain);
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

bool drain_look(struct drain *drain, const struct drain_rules *rules, uint64_t packets,
		uint64_t now_us)
{
	drain->seen += packets;
	rate_take(&drain->rate, drain->seen, false, now_us - drain->looked_us);
	drain->looked_us = now_us;
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

double drain_rate(const struct drain *drain)
{
	return rate_of(&drain->rate);
}
