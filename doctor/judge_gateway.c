/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What only a gateway has: announced VIPs, and routes and neighbours towards the SIDs. */
#include <errno.h>
#include <stdio.h>

#include "doctor/checks.h"
#include "doctor/judge.h"

JUDGE(judge_vip_announced)
{
	for (size_t i = 0; i < facts->n_vips; i++) {
		char vip[NETWORK_TEXT_MAX];

		if (facts->vips[i].wanted != YES || facts->vips[i].announced)
			continue;
		network_format(facts->vips[i].network, vip);
		findings_add(findings, check, vip, mend_with("gateway", vip),
			     "the VIP is not announced, its blackhole route is missing");
	}
}

JUDGE(judge_vip_stale)
{
	char vip[NETWORK_TEXT_MAX];

	for (size_t i = 0; i < facts->n_vips; i++)
		if (facts->vips[i].wanted == NO && facts->vips[i].announced) {
			network_format(facts->vips[i].network, vip);
			findings_add(findings, check, vip, mend_with(vip),
				     "the VIP is announced, but this gateway cannot serve it or is "
				     "switched off");
		}
	for (size_t i = 0; i < facts->n_strays; i++) {
		network_format(&facts->strays[i], vip);
		findings_add(findings, check, vip, mend_with(vip),
			     "an address is announced that is no VIP");
	}
}

JUDGE(judge_vip_on_gateway)
{
	for (size_t i = 0; i < facts->n_vips; i++)
		for (size_t j = 0; j < facts->n_addresses; j++) {
			const struct network *vip = facts->vips[i].network;
			char text[NETWORK_TEXT_MAX];

			if (!network_holds(vip, &facts->addresses[j].network.address))
				continue;
			network_format(vip, text);
			findings_add(
				findings, check, text, mend_with(text),
				"the gateway has the VIP as an address: the host would answer in "
				"the place of the servers");
			break;
		}
}

JUDGE(judge_sid_route)
{
	for (size_t i = 0; i < facts->n_targets; i++) {
		const struct fact_target *target = &facts->targets[i];
		char where[WHERE_MAX], locator[NETWORK_TEXT_MAX];

		if (target->route == -ENETUNREACH)
			findings_add(findings, check, target_where(target, where),
				     mend_with(target_locator(target, locator)),
				     "this node has no route to the SID");
	}
}

JUDGE(judge_neighbour)
{
	for (size_t i = 0; i < facts->n_targets; i++) {
		const struct fact_target *target = &facts->targets[i];
		char where[WHERE_MAX], hop[ADDRESS_TEXT_MAX];

		if (target->route != 0)
			continue;
		address_format(&target->hop.address, hop);
		findings_add(findings, check, target_where(target, where), mend_with(hop, hop),
			     "the neighbour %s on %s, which leads to the SID, is unresolved", hop,
			     *target->hop_interface ? target->hop_interface : "no running link");
	}
}
