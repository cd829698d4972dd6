/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Another gateway asks who has a connection (wire/whohas.h). One of our site wants to know what we
 * remember of it; one of another site what our backends say, which is the daemon's to find out.
 */
#pragma once

#include "bpf/steps/classify.h"
#include "bpf/steps/pins.h"
#include "bpf/steps/unclaimed.h"
#include "bpf/steps/whohas.h"

step int asked_fault(enum whohas_end end)
{
	switch (end) {
	case WHOHAS_OUTSIDE:
		return GATEWAY_OUTSIDE_SID;
	case WHOHAS_FORGED:
		return GATEWAY_ASKED_FORGED;
	default:
		return GATEWAY_MALFORMED;
	}
}

/* The other site has a budget of its own here, and takes nothing from our clients'. */
step int asked_by_site(const struct whohas *question, __u32 number, const union address *asker)
{
	const struct service *service = service_at(number);
	struct whohas_budget *budget = bpf_map_lookup_elem(&whohas_budgets, &number);

	if (!service || !budget)
		return GATEWAY_NO_SERVICE;
	if (!service->ask_interval_ns ||
	    !budget_take(&budget->sites_ns, bpf_ktime_get_ns(), service->ask_interval_ns) ||
	    !whohas_tell(&question->flow, number, 0, false, question, asker))
		return GATEWAY_WHO_HAS_LIMITED;
	return GATEWAY_ASKED_SITE;
}

/* The backend that we have the flow pinned to, or 0. */
step __u16 asked_pin(const struct flow *flow, __u32 number)
{
	__u64 hash = flow_hash(flow, &settings.key);
	int backend = pins_look(PINS_OF(flow, number, hash), 0);

	return backend & PINS_VOID ? 0 : backend;
}

/* What we remember. It may be out of date, so it only tells whom else to ask. */
step int asked_answer(struct xdp_md *ctx, struct cursor cursor, __u32 link_size, __u16 backend)
{
	enum whohas_answer answer = backend ? WHOHAS_PINNED : WHOHAS_NOT_MINE;

	if (!whohas_reply(ctx, cursor, link_size, answer, backend, &settings.who_has))
		return GATEWAY_MALFORMED;
	return backend ? GATEWAY_ASKED_PINNED : GATEWAY_ASKED_NOT_PINNED;
}

/* `cursor` stands at the IPv6 header, whose destination is our who-has SID. */
step int asked(struct xdp_md *ctx, struct cursor cursor, __u32 link_size)
{
	enum whohas_end end;
	struct whohas question;
	union address asker;
	__u64 vip;
	int number;

	end = whohas_read(cursor, &settings.infrastructure, &settings.who_has, &question, &asker);
	if (end != WHOHAS_FINE)
		return asked_fault(end);
	vip = vip_find(&question.flow.vip, &settings.vip_prefixes);
	number = vip ? service_find(vip, question.flow.protocol, question.flow.vip_port) : -1;
	if (number < 0 || question.flow.protocol != IPPROTO_TCP)
		return GATEWAY_NO_SERVICE;
	if (question.scope == WHOHAS_SITE)
		return asked_by_site(&question, number, &asker);
	return asked_answer(ctx, cursor, link_size, asked_pin(&question.flow, number));
}
