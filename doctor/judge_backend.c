/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What only a backend has: VIPs of its own, and settings on which its replies depend. */
#include <stdio.h>

#include "doctor/checks.h"
#include "doctor/judge.h"

static bool serves(const struct facts *facts, bool v4)
{
	for (size_t i = 0; i < facts->plan->n_vips; i++)
		if (address_is_v4(&facts->plan->vips[i].network.address) == v4)
			return true;
	return false;
}

static bool on_lo(const struct facts *facts, const struct network *vip)
{
	for (size_t i = 0; i < facts->n_addresses; i++)
		if (facts->addresses[i].loopback &&
		    address_equal(&facts->addresses[i].network.address, &vip->address))
			return true;
	return false;
}

JUDGE(judge_vip_on_lo)
{
	for (size_t i = 0; i < facts->plan->n_vips; i++) {
		char vip[NETWORK_TEXT_MAX];

		if (on_lo(facts, &facts->plan->vips[i].network))
			continue;
		network_format(&facts->plan->vips[i].network, vip);
		findings_add(findings, check, vip, mend_with("agent", vip),
			     "the VIP is not on lo: the host drops what the agent hands to it");
	}
}

JUDGE(judge_rp_filter)
{
	if (!serves(facts, true))
		return;
	for (size_t i = 0; i < facts->n_interfaces; i++)
		if (facts->interfaces[i].rp_filter > 0)
			findings_add(
				findings, check, facts->interfaces[i].name,
				mend_with(facts->interfaces[i].name),
				"rp_filter is %d: the host drops clients' packets whose replies "
				"would leave another way",
				facts->interfaces[i].rp_filter);
}

JUDGE(judge_arp)
{
	if (!serves(facts, true))
		return;
	for (size_t i = 0; i < facts->n_interfaces; i++)
		if (facts->interfaces[i].arp_ignore == 0)
			findings_add(findings, check, facts->interfaces[i].name,
				     mend_with(facts->interfaces[i].name),
				     "arp_ignore is 0: this host answers ARP for the VIPs and "
				     "draws their "
				     "traffic past the gateways");
}

static bool stamps(const struct facts *facts)
{
	for (size_t i = 0; i < facts->plan->n_services; i++)
		if (facts->plan->services[i].flags & SERVICE_COOKIE)
			return true;
	return false;
}

/* The agent sets it to 2 when it starts; what was changed since is somebody else's. */
JUDGE(judge_timestamps)
{
	if (!stamps(facts))
		return;
	if (facts->timestamps == 0)
		findings_add(
			findings, check, "net.ipv4.tcp_timestamps", NULL,
			"TCP timestamps are off: connections carry no cookie, so that each needs "
			"its router");
	else if (facts->timestamps == 1)
		findings_add(
			findings, check, "net.ipv4.tcp_timestamps", NULL,
			"TCP timestamps have a random offset: new connections carry no cookie, so "
			"that each needs its router");
}

JUDGE(judge_timestamps_usec)
{
	for (size_t i = 0; stamps(facts) && i < facts->n_usec_routes; i++) {
		char network[NETWORK_TEXT_MAX];

		network_format(&facts->usec_routes[i], network);
		findings_add(findings, check, network, mend_with(network),
			     "TCP timestamps to there are microseconds (tcp_usec_ts): new connections "
			     "carry no cookie, so that each needs its router");
	}
}

JUDGE(judge_return_route)
{
	if (serves(facts, true) && !facts->default_v4)
		findings_add(findings, check, facts->node, mend_with("-4"),
			     "there is no default route for IPv4: replies to clients have no way");
	if (serves(facts, false) && !facts->default_v6)
		findings_add(findings, check, facts->node, mend_with("-6"),
			     "there is no default route for IPv6: replies to clients have no way");
}

JUDGE(judge_stamp)
{
	for (size_t i = 0; i < facts->n_interfaces; i++)
		if (facts->interfaces[i].stamp == NO)
			findings_add(
				findings, check, facts->interfaces[i].name, mend_with("agent"),
				"the agent's filter at tc egress is missing: SYN-ACKs offer an MSS "
				"that does not fit once encapsulated");
}
