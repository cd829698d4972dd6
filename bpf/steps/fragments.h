/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A datagram's first fragment has the ports, the others have not. This table remembers the ports by
 * what all fragments of a datagram share. Bounded: the least recently used gives way. A later
 * fragment that overtakes its first one is dropped, and TCP or the application sends again.
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
	__type(value, struct fragment_ports);
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

step void fragments_remember(const struct flow *flow, __be32 id)
{
	struct fragment_key key = fragment_key_of(flow, id);
	struct fragment_ports ports = {
		.client_port = flow->client_port,
		.vip_port = flow->vip_port,
	};

	bpf_map_update_elem(&fragments, &key, &ports, BPF_ANY);
}

/* Completes the flow's ports; false when the first fragment was not seen. */
step bool fragments_recall(struct flow *flow, __be32 id)
{
	struct fragment_key key = fragment_key_of(flow, id);
	const struct fragment_ports *ports = bpf_map_lookup_elem(&fragments, &key);

	if (!ports)
		return false;
	flow->client_port = ports->client_port;
	flow->vip_port = ports->vip_port;
	return true;
}
