/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What becomes of a packet that has ended in a verdict of the gateway's. */
#pragma once

#include "bpf/steps/program.h"
#include "wire/verdicts.h"

/*
 * The actions of wire/verdicts.h as sets of verdicts. A switch would be a search through all of them, for
 * every packet.
 */
#define IF_PASS_PASS(set) (set)
#define IF_PASS_DROP(set) 0
#define IF_PASS_SEND(set) 0
#define IF_SEND_PASS(set) 0
#define IF_SEND_DROP(set) 0
#define IF_SEND_SEND(set) (set)
#define PASSED(symbol, name, action, help) | IF_PASS_##action(1ULL << GATEWAY_##symbol)
#define SENT(symbol, name, action, help) | IF_SEND_##action(1ULL << GATEWAY_##symbol)

static const __u64 passed = 0 GATEWAY_VERDICTS(PASSED), sent = 0 GATEWAY_VERDICTS(SENT);

_Static_assert(GATEWAY_VERDICTS_END <= 64, "a set of verdicts is a word");

step int act(const struct xdp_md *ctx, int verdict, __u32 ifindex)
{
	if (sent >> (verdict & 63) & 1)
		return ifindex == ctx->ingress_ifindex ? XDP_TX : bpf_redirect(ifindex, 0);
	return passed >> (verdict & 63) & 1 ? XDP_PASS : XDP_DROP;
}
