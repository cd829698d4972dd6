/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What IPv6 from outside the infrastructure is, that is for it or that carries what only its nodes may send. */
#pragma once

#include "bpf/steps/outer.h"
#include "bpf/steps/packet.h"
#include "bpf/steps/settings.h"

#define PORTS_HANDED_OUT 32768 /* ip-sysctl, ip_local_port_range: from here on */

/*
 * A backend answers our daemon's health probe (gateway/monitor.h), from the VIP that was asked and not
 * encapsulated. No service of this host listens where answers go: on ports that are handed out
 * (ip_local_port_range).
 */
step bool is_health_answer(struct cursor cursor, const struct outer_header *ipv6)
{
	const __be16 *ports;

	if (ipv6->destination.halves[0] != settings.route.halves[0] ||
	    ipv6->destination.groups[SID_FUNCTION_GROUP] != bpf_htons(SRV6_HOST) ||
	    (ipv6->next_header != IPPROTO_TCP && ipv6->next_header != IPPROTO_UDP))
		return false;
	cursor_take(&cursor, sizeof(*ipv6));
	ports = cursor_take(&cursor, 2 * sizeof(*ports));
	return ports && bpf_ntohs(ports[1]) >= PORTS_HANDED_OUT;
}

step bool is_extension(__u8 next_header)
{
	return next_header == IPPROTO_HOPOPTS || next_header == IPPROTO_DSTOPTS ||
	       next_header == IPPROTO_ROUTING;
}

/*
 * From outside, a routing header of type 4 is an attempt to steer our nodes (RFC 8754, 5.1), ours or
 * not: the host, and the backends, would follow it behind options too.
 */
step bool has_segments(struct cursor cursor, const struct outer_header *ipv6)
{
	__u8 next_header = ipv6->next_header;

	cursor_take(&cursor, sizeof(*ipv6));
	for (int i = 0; i < EXTENSIONS_MAX; i++) {
		const struct segment_routing_header *header;

		if (!is_extension(next_header))
			return false;
		header = cursor_take(&cursor, sizeof(*header));
		if (!header)
			return false;
		if (next_header == IPPROTO_ROUTING && header->type == SRV6_ROUTING_TYPE)
			return true;
		next_header = header->next_header;
		cursor_skip(&cursor, header->length * 8);
		cursor_settle(&cursor);
	}
	return false;
}

/*
 * A neighbour on our link asks whether we are still there (RFC 4861, 7.3.3): from its link-local
 * address, to the infrastructure's. The hop limit proves that no router passed it on.
 */
step bool is_neighbour_discovery(const struct outer_header *ipv6)
{
	return ipv6->next_header == IPPROTO_ICMPV6 && ipv6->hop_limit == 255 &&
	       (ipv6->source.words[0] & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000);
}
