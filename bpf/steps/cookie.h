/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ladder's first rung: a packet that carries the backend's id itself (wire/cookie.h). One segment,
 * no router and no generation, so it holds whatever has changed since the connection began. Whose
 * number decodes to no member of the service, forged or never stamped, goes down the ladder; a member
 * that does not know the connection sends it back, and it goes down too (ladder.h).
 */
#pragma once

#include "bpf/steps/packet.h"
#include "bpf/steps/settings.h"
#include "bpf/steps/table.h"
#include "wire/cookie.h"
#include "wire/maps.h"

/* A bit for each service and backend: open or closed, it holds connections. */
TABLE(members, __u64, MEMBER_WORDS_MIN);

step bool is_member(__u32 service, __u32 id)
{
	__u32 first;

	service = opaque(service);
	if (service >= settings.services)
		return false;
	first = opaque(member_word(service, 0)); /* so that the sum is no OR: see bounded() */
	return *members_at(first + member_word(0, id % BACKENDS_MAX)) >> (id % 64) & 1;
}

/* The id of the backend that the packet says it belongs to, a member of the service; else 0. */
step __u32 cookie_backend(const struct packet *packet, __u32 service, __u64 hash,
			  const volatile struct cookie_keys *keys)
{
	__u32 id;

	if (!packet->timestamps || packet->tcp_flags & TCP_SYN)
		return 0;
	id = opaque(cookie_decode(packet->cookie, hash, keys));
	if (id >= BACKENDS_MAX) /* it never is: see bounded(), which the next step would wait for */
		return 0;
	return is_member(service, id) ? id : 0; /* no service has number 0 for a member */
}
