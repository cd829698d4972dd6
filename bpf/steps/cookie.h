/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ladder's first rung: a packet that carries the backend's id itself (wire/cookie.h). One segment,
 * no router and no generation, so it holds whatever has changed since the connection began. Whose
 * number decodes to no member of the service, forged or never stamped, goes down the ladder; a member
 * that does not know the connection sends it back, and it goes down too (ladder.h).
 */
#pragma once

#include "bpf/steps/packet.h"
#include "wire/cookie.h"
#include "wire/maps.h"

/* A bit for each service and backend: open or closed, it holds connections. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MEMBER_WORDS_MIN);
	__type(key, __u32);
	__type(value, __u64);
} members SEC(".maps");

step bool is_member(__u32 service, __u32 id)
{
	__u32 at = member_word(service, id);
	const __u64 *word = bpf_map_lookup_elem(&members, &at);

	return word && *word >> (id % 64) & 1;
}

/* The id of the backend that the packet says it belongs to, a member of the service; else 0. */
step __u32 cookie_backend(const struct packet *packet, __u32 service, __u64 hash,
			  const volatile struct cookie_keys *keys)
{
	__u32 id;

	if (!packet->timestamps || packet->tcp_flags & TCP_SYN)
		return 0;
	id = cookie_decode(packet->cookie, hash, keys);
	return id && is_member(service, id) ? id : 0;
}
