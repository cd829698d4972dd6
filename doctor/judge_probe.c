/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the answers to the probes say: is the agent there, by a path that is wide enough, with our
 * secret, prefix and time? Where every agent differs from us, and there are several, it is we who
 * do.
 */
#include <arpa/inet.h>
#include <linux/icmpv6.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/checks.h"
#include "doctor/judge.h"
#include "wire/srv6.h"

#define CLOCK_TOLERANCE_NS 1000000000LL
#define TAI_LESS_UTC_NS 37000000000LL /* since 2017 (IERS Bulletin C) */

const char *target_where(const struct fact_target *target, char text[static WHERE_MAX])
{
	char sid[ADDRESS_TEXT_MAX];

	snprintf(text, WHERE_MAX, "%s (%s)", target->name, address_format(&target->sid, sid));
	return text;
}

const char *target_locator(const struct fact_target *target, char text[static NETWORK_TEXT_MAX])
{
	struct network locator = {.length = SRV6_LOCATOR_BITS};

	locator.address.halves[0] = target->sid.halves[0];
	network_format(&locator, text);
	return text;
}

JUDGE(judge_probe_source)
{
	union address own = {};
	const struct config_gateway *gateway = config_gateway(facts->config, facts->node);
	const struct config_backend *backend = config_backend(facts->config, facts->node);
	char address[ADDRESS_TEXT_MAX];

	if (facts->probe_source || !facts->n_targets)
		return;
	own.halves[0] = gateway ? gateway->locator.halves[0] : backend->locator.halves[0];
	own.bytes[15] = 1;
	findings_add(
		findings, check, facts->node, mend_with(address_format(&own, address)),
		"no address of this node is inside the infrastructure prefix: agents take its own "
		"packets for an intruder's");
}

static const char *unreachable_text(const struct probe_outcome *outcome)
{
	switch (outcome->code) {
	case ICMPV6_NOROUTE:
		return "has no route to the SID";
	case ICMPV6_ADM_PROHIBITED:
	case ICMPV6_POLICY_FAIL:
		return "forbids packets to the SID";
	case ICMPV6_REJECT_ROUTE:
		return "rejects packets to the SID";
	default:
		return "cannot reach the next hop to the SID";
	}
}

JUDGE(judge_sid_unreachable)
{
	for (size_t i = 0; i < facts->n_targets; i++) {
		const struct fact_target *target = &facts->targets[i];
		char where[WHERE_MAX], locator[NETWORK_TEXT_MAX], router[ADDRESS_TEXT_MAX];

		if (target->small.end != PROBE_UNREACHABLE)
			continue;
		findings_add(findings, check, target_where(target, where),
			     mend_with(target_locator(target, locator), target->name),
			     "the router %s %s", address_format(&target->small.offender, router),
			     unreachable_text(&target->small));
	}
}

JUDGE(judge_agent_silent)
{
	for (size_t i = 0; i < facts->n_targets; i++) {
		const struct fact_target *target = &facts->targets[i];
		char where[WHERE_MAX];

		if (target->small.end == PROBE_SILENCE)
			findings_add(findings, check, target_where(target, where),
				     mend_with(target->name), "the agent does not answer");
	}
}

/* Our own link is too narrow: interface-mtu has said so. */
static bool narrow_at_home(const struct facts *facts, const struct fact_target *target)
{
	if (target->full.end != PROBE_UNSENT)
		return false;
	for (size_t i = 0; i < facts->n_interfaces; i++)
		if (facts->interfaces[i].mtu < facts->config->mtu)
			return true;
	return false;
}

static void add_narrow(struct findings *findings, const struct check *check,
		       const struct facts *facts, const struct fact_target *target)
{
	char where[WHERE_MAX], wanted[16], fits[16] = "what fits", router[ADDRESS_TEXT_MAX];
	char why[64 + ADDRESS_TEXT_MAX] = "smaller ones do";

	snprintf(wanted, sizeof(wanted), "%u", facts->config->mtu);
	if (target->full.end == PROBE_TOO_BIG) {
		snprintf(fits, sizeof(fits), "%u", target->full.mtu);
		snprintf(why, sizeof(why), "the router %s takes at most %s",
			 address_format(&target->full.offender, router), fits);
	} else if (target->fits) {
		snprintf(fits, sizeof(fits), "%u", target->fits);
		snprintf(why, sizeof(why), "%s is the most that does", fits);
	}
	findings_add(findings, check, target_where(target, where),
		     mend_with(wanted, facts->config_file, fits),
		     "the MTU to the SID is too small: packets of %s bytes do not come through, %s",
		     wanted, why);
}

JUDGE(judge_path_mtu)
{
	for (size_t i = 0; i < facts->n_targets; i++) {
		const struct fact_target *target = &facts->targets[i];

		if (target->small.end == PROBE_ANSWERED && target->full.end != PROBE_ANSWERED &&
		    !narrow_at_home(facts, target))
			add_narrow(findings, check, facts, target);
	}
}

/* What differs between two nodes */

typedef bool (*differs_fn)(const struct facts *facts, const struct fact_target *target);

static size_t count_answers(const struct facts *facts, differs_fn differs)
{
	size_t n = 0;

	for (size_t i = 0; i < facts->n_targets; i++)
		n += facts->targets[i].small.end == PROBE_ANSWERED &&
		     (!differs || differs(facts, &facts->targets[i]));
	return n;
}

/* We differ from everybody, who are at least two. */
static bool is_odd(const struct facts *facts, differs_fn differs)
{
	size_t n = count_answers(facts, NULL);

	return n >= 2 && count_answers(facts, differs) == n;
}

static bool secret_differs(const struct facts *facts, const struct fact_target *target)
{
	return target->fingerprint != facts->fingerprint;
}

static bool prefix_differs(const struct facts *facts, const struct fact_target *target)
{
	struct prefix own = network_prefix(&facts->config->infrastructure);

	return memcmp(&own, &target->infrastructure, sizeof(own)) != 0;
}

/*
 * Packets are claimed by an agent whose daemon is away, so this is not what agent-silent finds. An agent that
 * does not answer either is not heard, of course, nor is one of another secret or prefix.
 */
JUDGE(judge_heartbeat)
{
	for (size_t i = 0; i < facts->n_targets; i++) {
		const struct fact_target *target = &facts->targets[i];
		char where[WHERE_MAX];
		const char *what = NULL;

		if (!target->heartbeat || target->small.end != PROBE_ANSWERED ||
		    secret_differs(facts, target) || prefix_differs(facts, target))
			continue;
		if (target->replayed)
			what = "heartbeats come in its name that are older than one that was heard: its "
			       "clock went back, or another host has its id";
		else if (strcmp(target->heartbeat, "silent") == 0)
			what = "the agent was heard, and is silent now: its load is not known";
		else if (strcmp(target->heartbeat, "left") == 0)
			what = "the agent's daemon was stopped: its load is not known";
		else if (strcmp(target->heartbeat, "never") == 0)
			what = "the agent was never heard: its load is not known";
		if (what)
			findings_add(findings, check, target_where(target, where),
				     mend_with(target->name), "%s", what);
	}
}

/*
 * One of two kernels may not know of leap seconds, and take UTC for TAI: that is no fault of the
 * clock. (A clock that is wrong by just that much goes unnoticed.)
 */
static int64_t clock_ahead(const struct fact_target *target)
{
	int64_t ahead = target->clock_ahead_ns, nearest = ahead;

	if (llabs(ahead - TAI_LESS_UTC_NS) < llabs(nearest))
		nearest = ahead - TAI_LESS_UTC_NS;
	if (llabs(ahead + TAI_LESS_UTC_NS) < llabs(nearest))
		nearest = ahead + TAI_LESS_UTC_NS;
	return nearest;
}

static bool clock_differs(const struct facts *facts, const struct fact_target *target)
{
	return llabs(clock_ahead(target)) > CLOCK_TOLERANCE_NS;
}

#define for_each_differing(facts, target, differs)                                                 \
	for (const struct fact_target *target = (facts)->targets;                                  \
	     target < (facts)->targets + (facts)->n_targets; target++)                             \
		if (target->small.end == PROBE_ANSWERED && differs(facts, target))

JUDGE(judge_secret)
{
	bool odd = is_odd(facts, secret_differs);

	for_each_differing(facts, target, secret_differs) {
		const char *node = odd ? facts->node : target->name;

		findings_add(findings, check, node,
			     mend_with(node, odd ? role_daemon(facts->role) : "agent"),
			     odd ? "the secret of this node differs from that of all backends"
				 : "its secret differs from this node's");
		if (odd)
			return;
	}
}

static void prefix_text(const struct prefix *prefix, char text[static NETWORK_TEXT_MAX])
{
	struct network network = {.address = prefix->base};

	for (int i = 0; i < 4; i++)
		network.length += __builtin_popcount(prefix->mask.words[i]);
	network_format(&network, text);
}

JUDGE(judge_prefix)
{
	struct prefix own_prefix = network_prefix(&facts->config->infrastructure);
	bool odd = is_odd(facts, prefix_differs);
	char own[NETWORK_TEXT_MAX], other[NETWORK_TEXT_MAX];

	prefix_text(&own_prefix, own);
	for_each_differing(facts, target, prefix_differs) {
		const char *node = odd ? facts->node : target->name;

		prefix_text(&target->infrastructure, other);
		findings_add(
			findings, check, node, mend_with(odd ? other : own, node),
			odd ? "the infrastructure prefix of this node is %s, and that of the "
			      "backends %s"
			    : "the wrong infrastructure prefix: this node's is %s and its own is "
			      "%s",
			own, other);
		if (odd)
			return;
	}
}

JUDGE(judge_clock)
{
	bool odd = is_odd(facts, clock_differs);

	for_each_differing(facts, target, clock_differs) {
		const char *node = odd ? facts->node : target->name;
		int64_t ahead = odd ? -clock_ahead(target) : clock_ahead(target);

		findings_add(findings, check, node, mend_with(node),
			     "its clock is %.1f s %s that of %s", llabs(ahead) / 1e9,
			     ahead > 0 ? "ahead of" : "behind", odd ? "the backends" : facts->node);
		if (odd)
			return;
	}
}
