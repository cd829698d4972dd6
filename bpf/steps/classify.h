/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a destination to a service: the VIP in an open-addressed table (a daemon keeps it sparse
 * enough that nearly every look-up ends at its first slot), then the interval of protocol and port
 * in the VIP's sorted list.
 */
#pragma once

#include "bpf/steps/table.h"
#include "bpf/steps/program.h"
#include "wire/flow.h"
#include "wire/maps.h"

TABLE(vips, struct vip_slot, VIP_SLOTS);

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, VIPS_MAX);
	__type(key, struct vip_prefix_key);
	__type(value, __u64);
} vip_prefixes SEC(".maps");

TABLE(intervals, struct interval, INTERVALS_MAX);

/* Where a VIP's intervals are: in a slot, or, of a network, in the list alone. */
struct vip {
	const struct vip_slot *slot;
	__u64 intervals; /* without a slot; 0: it is none */
};

/* *ret: the VIP, if it stands in this slot. False: it may stand in the next one. */
step bool vip_at(__u32 slot, const union address *address, const struct vip_slot **ret)
{
	const struct vip_slot *vip = vips_at(slot & (VIP_SLOTS - 1));

	*ret = NULL;
	if (!vip->intervals)
		return true;
	if (!address_equal(&vip->address, address) || vip->intervals & VIP_DELETED)
		return false;
	*ret = vip;
	return true;
}

/* Nearly nobody comes here. The halves are the address's, which thereby need not be in memory. */
__noinline __u64 vip_find_further(__u64 high, __u64 low)
{
	union address address = {.halves = {high, low}};
	__u32 slot = vip_slot_of(&address);
	const struct vip_slot *vip;

	for (int i = 1; i < VIP_PROBES; i++)
		if (vip_at(slot + i, &address, &vip))
			return vip ? vip->intervals : 0;
	return 0;
}

step struct vip vip_find_exact(const union address *address)
{
	struct vip vip = {};

	if (!vip_at(vip_slot_of(address), address, &vip.slot))
		vip.intervals = vip_find_further(address->halves[0], address->halves[1]);
	return vip;
}

step __u64 vip_find_prefix(const union address *address)
{
	struct vip_prefix_key key = {.bits = 128, .address = *address};
	const __u64 *intervals_of = bpf_map_lookup_elem(&vip_prefixes, &key);

	return intervals_of ? *intervals_of : 0;
}

/* `prefixes`, of the settings: some VIP is a network. Read only where it matters. */
step struct vip vip_find_network(const union address *address, const volatile __u8 *prefixes)
{
	struct vip vip = {};

	if (*prefixes)
		vip.intervals = vip_find_prefix(address);
	return vip;
}

step bool vip_is(const struct vip *vip)
{
	return vip->slot || vip->intervals;
}

/* Its list: first << 16 | count. */
step __u64 vip_intervals(const struct vip *vip)
{
	return vip->slot ? vip->slot->intervals : vip->intervals;
}

/* A VIP's intervals, or 0 when the address is none. */
step __u64 vip_find(const union address *address, const volatile __u8 *prefixes)
{
	struct vip vip = vip_find_exact(address);

	if (!vip_is(&vip))
		vip = vip_find_network(address, prefixes);
	return vip_intervals(&vip);
}

/* The VIP's interval that holds this protocol and port, or NULL. */
step const struct interval *interval_find(__u64 vip, __u8 protocol, __be16 port)
{
	__u32 point = interval_point(protocol, port);
	__u32 first = (__u32)(vip >> 16);
	__u32 count = vip & 0xffff;
	const struct interval *interval;

	/* The last interval that begins at or before the point. */
	for (int i = 0; i < INTERVAL_STEPS && count > 1; i++) {
		__u32 half = count / 2;
		__u32 middle = first + half;

		interval = intervals_at(middle % INTERVALS_MAX);
		if (interval->first <= point) {
			first = middle;
			count -= half;
		} else {
			count = half;
		}
	}
	interval = intervals_at(first % INTERVALS_MAX);
	if (point < interval->first || point > interval->last)
		return NULL;
	return interval;
}

/* The number of the service that has this protocol and port, or -1. Followed by the verifier but once. */
__noinline int service_find(__u64 vip, __u8 protocol, __be16 port)
{
	const struct interval *interval = interval_find(vip, protocol, port);

	return interval ? (int)interval->service : -1;
}

/* The same, at a gateway; nearly always by the VIP's slot, which was just read. */
step int vip_service(const struct vip *vip, __u8 protocol, __be16 port)
{
	__u32 point = interval_point(protocol, port);

	if (!vip->slot)
		return service_find(vip->intervals, protocol, port);
#pragma unroll
	for (int i = 0; i < VIP_INTERVALS; i++) {
		const struct vip_interval *near = &vip->slot->near[i];

		if (point - near->first <= near->more)
			return near->service;
	}
	return service_find(vip->slot->intervals, protocol, port);
}
