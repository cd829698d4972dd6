/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The machine itself, gateway or backend: daemon, interfaces, programs, what its counters say. */
#include <stdio.h>
#include <string.h>

#include "doctor/checks.h"

#define for_each_interface(facts, i)                                                               \
	for (const struct fact_interface *i = (facts)->interfaces;                                 \
	     i < (facts)->interfaces + (facts)->n_interfaces; i++)

static const char *daemon_of(const struct facts *facts)
{
	return role_daemon(facts->role);
}

static const char *program_of(const struct facts *facts)
{
	return facts->role == ROLE_GATEWAY ? "gateway" : "agent_accept";
}

static bool has_our_program(const struct facts *facts, const struct fact_interface *interface)
{
	return interface->xdp != XDP_NONE && !strcmp(interface->program, program_of(facts));
}

JUDGE(judge_daemon)
{
	bool attached = false;

	if (facts->daemon)
		return;
	for_each_interface(facts, interface)
		attached |= has_our_program(facts, interface);
	findings_add(findings, check, facts->socket, mend_with(daemon_of(facts), daemon_of(facts)),
		     "holdfast-%s does not answer (%s)", daemon_of(facts),
		     attached ? "its program goes on without it, but follows no change"
			      : "and its program is not attached");
}

JUDGE(judge_interface_missing)
{
	for_each_interface(facts, interface)
		if (!interface->ifindex)
			findings_add(
				findings, check, facts->config_file,
				mend_with(interface->name, facts->config_file, daemon_of(facts)),
				"there is no interface %s", interface->name);
}

JUDGE(judge_interface_down)
{
	for_each_interface(facts, interface)
		if (interface->ifindex && !interface->running)
			findings_add(findings, check, interface->name, mend_with(interface->name),
				     "the interface is down or has no carrier");
}

JUDGE(judge_interface_mtu)
{
	char mtu[16];

	snprintf(mtu, sizeof(mtu), "%u", facts->config->mtu);
	for_each_interface(facts, interface)
		if (interface->ifindex && interface->mtu < facts->config->mtu)
			findings_add(findings, check, interface->name,
				     mend_with(interface->name, mtu, facts->config_file),
				     "its MTU is %u and the configured one %s", interface->mtu,
				     mtu);
}

JUDGE(judge_xdp_missing)
{
	for_each_interface(facts, interface)
		if (interface->ifindex && interface->xdp == XDP_NONE)
			findings_add(findings, check, interface->name, mend_with(daemon_of(facts)),
				     facts->role == ROLE_GATEWAY
					     ? "the gateway's XDP program is not attached"
					     : "the agent's XDP program is not attached, so nobody "
					       "takes packets out of SRv6");
}

JUDGE(judge_xdp_foreign)
{
	for_each_interface(facts, interface)
		if (interface->xdp != XDP_NONE && !has_our_program(facts, interface))
			findings_add(findings, check, interface->name,
				     mend_with(interface->name, daemon_of(facts)),
				     "another XDP program (%s) is in the place of ours",
				     *interface->program ? interface->program : "without a name");
}

JUDGE(judge_xdp_generic)
{
	for_each_interface(facts, interface)
		if (interface->xdp == XDP_GENERIC && has_our_program(facts, interface))
			findings_add(
				findings, check, interface->name,
				mend_with(interface->name, daemon_of(facts)),
				"generic XDP instead of native: several times slower, and merged "
				"segments arrive whole and are too large to send on");
}

/* Where the setting cannot be seen (another network namespace), the program itself tells. */
JUDGE(judge_jit)
{
	bool interpreted = facts->jit == NO;

	for_each_interface(facts, interface)
		interpreted |= interface->interpreted;
	if (interpreted)
		findings_add(findings, check, "net.core.bpf_jit_enable",
			     mend_with(daemon_of(facts)),
			     "BPF programs are interpreted, not compiled: several times slower");
}

JUDGE(judge_lro)
{
	for_each_interface(facts, interface)
		if (interface->lro)
			findings_add(
				findings, check, interface->name, mend_with(interface->name),
				"large receive offload is on: merged segments are too large to "
				"send on");
}

JUDGE(judge_veth_peer_xdp)
{
	for_each_interface(facts, interface)
		if (interface->veth && interface->peer_xdp == NO)
			findings_add(
				findings, check, interface->name,
				mend_with(*interface->peer ? interface->peer : NULL),
				"the other end of this veth has no XDP program: frames that ours "
				"sends are lost");
}

JUDGE(judge_veth_checksum)
{
	for_each_interface(facts, interface)
		if (interface->veth && interface->peer_checksum == YES)
			findings_add(findings, check, interface->name, mend_with(interface->peer),
				     "the other end of this veth (%s) leaves checksums to the "
				     "hardware: packets that XDP sends on have wrong ones",
				     interface->peer);
}

/* A verdict is here only if no healthy network makes it rise. */
static const struct {
	enum role role;
	const char *verdict, *hint;
} faulty[] = {
	{ROLE_GATEWAY, "outside-sid",
	 "filter the infrastructure prefix as a source and destination at the network's edge"},
	{ROLE_GATEWAY, "no-router", "holdfast status: none of the site's gateways is reachable"},
	{ROLE_GATEWAY, "no-next-hop", "see to the routes and neighbours of the backends' SIDs"},
	{ROLE_GATEWAY, "no-backend", "holdfast status: open a backend for the service"},
	{ROLE_GATEWAY, "no-room", "raise the driver's headroom, or use native XDP"},
	{ROLE_BACKEND, "outside-sid",
	 "compare infrastructure in the configuration with the gateways', and filter the prefix at "
	 "the "
	 "network's edge"},
	{ROLE_BACKEND, "no-service",
	 "give this node the configuration that the gateways have, then systemctl reload "
	 "holdfast-agent"},
	{ROLE_BACKEND, "no-room", "use native XDP"},
};

JUDGE(judge_store)
{
	if (facts->store && facts->store_why)
		findings_add(findings, check, facts->store, mend_with(),
			     "the store cannot be reached, the last state goes on: %s",
			     facts->store_why);
	else if (facts->store && facts->store_refused)
		findings_add(findings, check, facts->store, mend_with(),
			     "the store is refused, the last state goes on: %s",
			     facts->store_refused);
}

JUDGE(judge_drops)
{
	for (size_t i = 0; i < facts->n_drops; i++) {
		const struct fact_drop *drop = &facts->drops[i];

		for (size_t j = 0; drop->rose && j < sizeof(faulty) / sizeof(*faulty); j++)
			if (faulty[j].role == facts->role &&
			    !strcmp(faulty[j].verdict, drop->verdict))
				findings_add(findings, check, facts->node,
					     mend_with(faulty[j].hint),
					     "packets are being dropped as %s (%s)", drop->verdict,
					     drop->help);
	}
}
