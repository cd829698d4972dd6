/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Answers a probe (wire/probe.h) in its own packet, back to the neighbour that it came from. */
#pragma once

#include "bpf/steps/link.h"
#include "wire/maps.h"
#include "wire/probe.h"
#include "wire/srv6.h"

#define PROBE_HOP_LIMIT 64

/* What became of it; each program has verdicts of its own for them. */
enum probe_end {
	PROBE_ANSWERED,
	PROBE_MALFORMED, /* no question of ours */
	PROBE_OUTSIDE,	 /* from outside the infrastructure, and without the secret's fingerprint */
};

step bool probe_is_question(const struct outer_header *ipv6, const struct probe *probe)
{
	return ipv6->next_header == PROBE_PROTOCOL && probe && probe->magic == PROBE_MAGIC &&
	       probe->kind == PROBE_QUESTION;
}

step void probe_fill(struct probe *probe, const volatile struct prefix *infrastructure,
		     __u64 fingerprint)
{
	probe->kind = PROBE_ANSWER;
	probe->layout = bpf_htons(LAYOUT_VERSION);
	probe->fingerprint = fingerprint;
	probe->tai_ns = bpf_cpu_to_be64(bpf_ktime_get_tai_ns());
	probe->infrastructure.base.halves[0] = infrastructure->base.halves[0];
	probe->infrastructure.base.halves[1] = infrastructure->base.halves[1];
	probe->infrastructure.mask.halves[0] = infrastructure->mask.halves[0];
	probe->infrastructure.mask.halves[1] = infrastructure->mask.halves[1];
}

/* `cursor` stands at the IPv6 header, whose destination is our probe SID. To be sent on ANSWERED. */
step enum probe_end probe_answer(struct xdp_md *ctx, struct cursor cursor, __u32 link_size,
				 const volatile struct prefix *infrastructure, __u64 fingerprint)
{
	struct outer_header *ipv6 = cursor_take(&cursor, sizeof(*ipv6));
	struct probe *probe = cursor_take(&cursor, sizeof(*probe));
	struct link_header link;
	union address asker;

	if (!ipv6)
		return PROBE_MALFORMED;
	if (!prefix_holds(infrastructure, &ipv6->source) &&
	    !(probe && probe->fingerprint == fingerprint))
		return PROBE_OUTSIDE;
	if (!probe || !probe_is_question(ipv6, probe) || !link_save(ctx, link_size, &link))
		return PROBE_MALFORMED;
	probe_fill(probe, infrastructure, fingerprint);
	asker = ipv6->source;
	ipv6->source = ipv6->destination;
	ipv6->destination = asker;
	ipv6->hop_limit = PROBE_HOP_LIMIT;
	link_swap(&link);
	return link_restore(ctx, &link, bpf_htons(ETH_P_IPV6)) ? PROBE_ANSWERED : PROBE_MALFORMED;
}
