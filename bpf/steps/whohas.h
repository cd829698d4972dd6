/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reads a question of who has a connection (wire/whohas.h), and answers it in its own packet, back to the
 * neighbour that it came from. What the answer is, each program knows itself.
 */
#pragma once

#include "bpf/steps/link.h"
#include "wire/srv6.h"
#include "wire/whohas.h"

#define WHOHAS_HOP_LIMIT 64

enum whohas_end {
	WHOHAS_FINE,
	WHOHAS_MALFORMED,
	WHOHAS_OUTSIDE, /* from outside the infrastructure */
	WHOHAS_FORGED,	/* whoever made it does not know the secret */
};

/* An IPv6 header and what the tag is over: they share the addresses. */
struct whohas_packet {
	__u64 before_addresses;
	struct whohas_sealed sealed;
};

_Static_assert(offsetof(struct whohas_packet, sealed.message) == sizeof(struct outer_header),
	       "the message follows the header at once");

/* `cursor` stands at the IPv6 header, whose destination is our who-has SID. */
step enum whohas_end whohas_read(struct cursor cursor, const volatile struct prefix *infrastructure,
				 const volatile struct siphash_key *key, struct whohas *ret,
				 union address *ret_asker)
{
	const struct outer_header *ipv6 = cursor.at;
	const struct whohas_packet *packet = cursor_take(&cursor, sizeof(*packet));
	const struct whohas *message;

	if (!packet)
		return WHOHAS_MALFORMED;
	if (!prefix_holds(infrastructure, &packet->sealed.source))
		return WHOHAS_OUTSIDE;
	message = &packet->sealed.message;
	if (ipv6->next_header != WHOHAS_PROTOCOL || message->magic != WHOHAS_MAGIC ||
	    message->kind != WHOHAS_QUESTION)
		return WHOHAS_MALFORMED;
	if (whohas_tag(&packet->sealed, key) != message->tag)
		return WHOHAS_FORGED;
	*ret = *message;
	*ret_asker = packet->sealed.source;
	return WHOHAS_FINE;
}

/* Turns the question that whohas_read found fine into its answer. False: out of the frame. */
step bool whohas_reply(struct xdp_md *ctx, struct cursor cursor, __u32 link_size,
		       enum whohas_answer answer, __u16 backend,
		       const volatile struct siphash_key *key)
{
	struct outer_header *ipv6 = cursor.at;
	struct whohas_packet *packet = cursor_take(&cursor, sizeof(*packet));
	struct link_header link;
	union address asker;

	if (!packet || !link_save(ctx, link_size, &link))
		return false;
	asker = packet->sealed.source;
	packet->sealed.source = packet->sealed.destination;
	packet->sealed.destination = asker;
	ipv6->hop_limit = WHOHAS_HOP_LIMIT;
	packet->sealed.message.kind = WHOHAS_ANSWER;
	packet->sealed.message.answer = answer;
	packet->sealed.message.backend = bpf_htons(backend);
	packet->sealed.message.tag = whohas_tag(&packet->sealed, key);
	link_swap(&link);
	return link_restore(ctx, &link, bpf_htons(ETH_P_IPV6));
}
