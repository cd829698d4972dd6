/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The Ethernet header with none, one or two VLAN tags (802.1Q, 802.1ad): passed over on the way in,
 * and carried along where the packet's front moves but the link stays.
 */
#pragma once

#include "bpf/steps/cursor.h"

#define VLAN_TAG_SIZE 4
#define VLAN_TAGS_MAX 2

struct vlan_tag {
	__be16 tci;
	__be16 inner_type;
};

step bool is_vlan(__be16 type)
{
	return type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD);
}

/*
 * Both MAC addresses at once. The compiler takes struct ethhdr for a string of bytes and would copy it as
 * such.
 */
step void macs_copy(void *to, const void *from)
{
	*(__u64 *)to = *(const __u64 *)from;
	*(__u32 *)(to + sizeof(__u64)) = *(const __u32 *)(from + sizeof(__u64));
}

#define LINK_MACS_SIZE (2 * ETH_ALEN)

_Static_assert(LINK_MACS_SIZE == sizeof(__u64) + sizeof(__u32), "macs_copy copies them all");

step __be16 link_type(const struct ethhdr *ethernet)
{
	return *(const __be16 *)((const void *)ethernet + LINK_MACS_SIZE);
}

/* Past the tags that begin with this type, if any; returns what follows. 0: the frame ends before. */
step __be16 link_parse_tags(struct cursor *cursor, __be16 type)
{
#pragma unroll
	for (int i = 0; i < VLAN_TAGS_MAX; i++) {
		const struct vlan_tag *tag;

		if (!is_vlan(type))
			break;
		tag = cursor_take(cursor, sizeof(*tag));
		if (!tag)
			return 0;
		type = tag->inner_type;
	}
	cursor_settle(cursor);
	return type;
}

/* Advances to the network header and returns its type; 0 when the frame ends before. */
step __be16 link_parse(struct cursor *cursor)
{
	const struct ethhdr *ethernet = cursor_take(cursor, sizeof(*ethernet));

	return ethernet ? link_parse_tags(cursor, link_type(ethernet)) : 0;
}

/* The same, and the header's size; that of a frame without tags is a constant, which saves its arithmetic. */
step __be16 link_parse_sized(struct cursor *cursor, __u32 *ret_size)
{
	const struct ethhdr *ethernet = cursor->at;
	__be16 type;

	*ret_size = sizeof(*ethernet);
	if (!cursor_has(cursor, sizeof(*ethernet)))
		return 0;
	type = link_type(ethernet);
	cursor->at += sizeof(*ethernet);
	if (!is_vlan(type))
		return type;
	type = link_parse_tags(cursor, type);
	*ret_size = cursor_offset(cursor);
	return type;
}

/* A saved link header: the two MAC addresses, then the tags with their types. */
struct link_header {
	__u16 macs[ETH_ALEN] __attribute__((aligned(8)));
	__u32 tags[VLAN_TAGS_MAX]; /* type and tci, as on the wire */
	__u32 size;                /* 14, 18 or 22 */
};

#define LINK_HEADER_MAX (ETH_HLEN + VLAN_TAGS_MAX * VLAN_TAG_SIZE)

/* `size` is what link_parse passed over. False: the frame is too short, which parsing ruled out. */
step bool link_save(struct xdp_md *ctx, __u32 size, struct link_header *ret)
{
	void *data = (void *)(long)ctx->data;

	if (data + LINK_HEADER_MAX > (void *)(long)ctx->data_end)
		return false;
	macs_copy(ret->macs, data);
	ret->tags[0] = *(__u32 *)(data + LINK_MACS_SIZE);
	ret->tags[1] = *(__u32 *)(data + LINK_MACS_SIZE + VLAN_TAG_SIZE);
	ret->size = size;
	return true;
}

/* Writes it at the front of the packet, followed by `type`. */
step bool link_restore(struct xdp_md *ctx, const struct link_header *link, __be16 type)
{
	void *at = (void *)(long)ctx->data;

	if (at + LINK_HEADER_MAX > (void *)(long)ctx->data_end)
		return false;
	macs_copy(at, link->macs);
	at += LINK_MACS_SIZE;
	if (link->size > ETH_HLEN) {
		*(__u32 *)at = link->tags[0];
		at += VLAN_TAG_SIZE;
	}
	if (link->size > ETH_HLEN + VLAN_TAG_SIZE) {
		*(__u32 *)at = link->tags[1];
		at += VLAN_TAG_SIZE;
	}
	*(__be16 *)at = type;
	return true;
}

/* Back to the neighbour that the frame came from. */
step void link_swap(struct link_header *link)
{
#pragma unroll
	for (int i = 0; i < ETH_ALEN / 2; i++) {
		__u16 mac = link->macs[i];

		link->macs[i] = link->macs[i + ETH_ALEN / 2];
		link->macs[i + ETH_ALEN / 2] = mac;
	}
}
