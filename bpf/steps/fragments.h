/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A datagram's first fragment has the ports and the cookie, the others have not. This table remembers both by
 * what all fragments of a datagram share: they must go one way, or the agent at another one's end, which has not
 * seen the first, could only drop the rest. Bounded: the least recently used gives way. A later fragment that
 * overtakes its first one is dropped, and TCP or the application sends again.
 *
 * Fragments are the one case where a conventional hash map is on the path: they are rare, and a
 * client that floods with them pays with the others of its kind.
 */
#pragma once

#include "bpf/steps/program.h"
#include "wire/flow.h"
#include "wire/maps.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, FRAGMENTS_MAX);
	__type(key, struct fragment_key);
	__type(value, struct fragment_first);
} fragments SEC(".maps");

step struct fragment_key fragment_key_of(const struct flow *flow, __be32 id)
{
	struct fragment_key key = {
		.client = flow->client,
		.vip = flow->vip,
		.id = id,
		.protocol = flow->protocol,
	};

	return key;
}

step void fragments_remember(const struct flow *flow, __be32 id, const struct fragment_first *first)
{
	struct fragment_key key = fragment_key_of(flow, id);

	bpf_map_update_elem(&fragments, &key, first, BPF_ANY);
}

/* What the first fragment has told; NULL when it was not seen. Of `flow` the ports do not count. */
step const struct fragment_first *fragments_recall(const struct flow *flow, __be32 id)
{
	struct fragment_key key = fragment_key_of(flow, id);

	return bpf_map_lookup_elem(&fragments, &key);
}
