/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/health.h"

struct health health_new(bool up, uint64_t now_us)
{
	return (struct health){
		.up = up,
		.since_us = now_us,
		.reason = up ? HEALTH_PASSED : HEALTH_UNKNOWN,
	};
}

static uint64_t next_hold(const struct health *health, uint64_t now_us)
{
	uint64_t hold = health->hold_us ? health->hold_us * 2 : HEALTH_HOLD_FIRST_US;

	if (!health->returned || now_us - health->returned_us >= HEALTH_STABLE_US)
		return 0;
	return hold < HEALTH_HOLD_MAX_US ? hold : HEALTH_HOLD_MAX_US;
}

static bool fell(struct health *health, uint64_t now_us)
{
	health->held = false;
	if (!health->up)
		return false;
	health->hold_us = next_hold(health, now_us);
	health->up = false;
	health->since_us = now_us;
	health->falls++;
	return true;
}

static bool rose(struct health *health, uint64_t now_us)
{
	health->up = true;
	health->held = false;
	health->returned = true;
	health->returned_us = health->since_us = now_us;
	return true;
}

static bool passed(struct health *health, const struct health_rules *rules, uint64_t now_us)
{
	health->failures = 0;
	if (health->silent && rules->required)
		return false;
	if (health->up) {
		health->reason = HEALTH_PASSED;
		return false;
	}
	if (++health->passes < rules->rise)
		return false;
	health->held = now_us - health->failed_us < health->hold_us;
	health->reason = health->held ? HEALTH_HELD : HEALTH_PASSED;
	if (health->held)
		return false;
	return rose(health, now_us);
}

bool health_probed(struct health *health, const struct health_rules *rules,
		   enum health_reason reason, uint64_t now_us)
{
	uint32_t enough = health->silent ? 1 : rules->fall;

	if (reason == HEALTH_PASSED)
		return passed(health, rules, now_us);
	health->reason = reason;
	health->failed_us = now_us;
	health->passes = 0;
	return ++health->failures >= enough && fell(health, now_us);
}

bool health_agent(struct health *health, const struct health_rules *rules, enum health_agent agent,
		  uint64_t now_us)
{
	health->silent = agent == HEALTH_AGENT_SILENT;
	if (agent == HEALTH_AGENT_ALONE)
		health->reason = HEALTH_NO_LISTENER;
	else if (health->silent && rules->required)
		health->reason = HEALTH_SILENT;
	else
		return false;
	health->failed_us = now_us;
	health->passes = 0;
	return fell(health, now_us);
}

uint64_t health_wait_us(const struct health *health, const struct health_rules *rules,
			uint32_t random)
{
	bool doubt = health->up && health->failures;
	uint64_t wait = (uint64_t)(doubt ? rules->timeout_ms : rules->interval_ms) * 1000;
	uint64_t early = doubt ? 0 : wait * rules->jitter / 100;

	return wait - (early * (random & 0xffff) >> 16);
}

void health_open(const bool *up, size_t n, bool trust_all, bool *open)
{
	bool any = false;

	for (size_t i = 0; i < n; i++)
		any |= open[i] && up[i];
	if (!any && trust_all)
		return;
	for (size_t i = 0; i < n; i++)
		open[i] = open[i] && up[i];
}

const char *health_reason_text(enum health_reason reason)
{
	static const char *const texts[HEALTH_REASONS] = {
		[HEALTH_PASSED] = "answers",
		[HEALTH_REFUSED] = "refuses connections",
		[HEALTH_TIMEOUT] = "does not answer",
		[HEALTH_UNREACHABLE] = "cannot be reached",
		[HEALTH_WRONG] = "gives a wrong answer",
		[HEALTH_INSECURE] = "fails TLS",
		[HEALTH_NO_LISTENER] = "has nobody who listens",
		[HEALTH_SILENT] = "has a silent agent",
		[HEALTH_HELD] = "has come back too often of late",
		[HEALTH_UNKNOWN] = "has not answered yet",
	};

	return texts[reason];
}
