/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The dispatch ladder: which nodes a packet of a service visits. Each rung answers or hands on.
 *
 *   hasher    picks the row's backend itself where every gateway would pick the same and nothing need
 *             be remembered: a SYN whose connection will carry a cookie, stateless UDP, an agentless
 *             service.
 *             Everything else goes to the flow's router, which may be this very gateway.
 *             Before that it looks whether the packet says itself where it belongs (cookie.h).
 *   router    the row's candidates, newest generation first: a list of one to three.
 *
 * What an agent did not claim comes back with the rung that sent it, and goes on behind that rung.
 *
 * Both take rows that the daemon computed; no packet changes a table.
 */
#pragma once

#include "bpf/steps/cookie.h"
#include "bpf/steps/packet.h"
#include "bpf/steps/pins.h"
#include "wire/maps.h"
#include "wire/verdicts.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SERVICES_MAX);
	__type(key, __u32);
	__type(value, struct service);
} services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, ROWS_MAX);
	__type(key, __u32);
	__type(value, __u64);
} rows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, BACKENDS_MAX);
	__type(key, __u32);
	__type(value, struct destination);
} backends SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, ROUTERS_MAX);
	__type(key, __u32);
	__type(value, struct destination);
} routers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct site);
} site SEC(".maps");

/* Where a packet goes from here: the segments in the order of visit, and what the last one is told. */
struct way {
	const struct destination *nodes[SRV6_SEGMENTS_MAX];
	__u32 count;
	__u8 last_flags; /* enum srv6_flag */
	__u8 tried;	 /* enum srv6_flag: the rungs that did not find the connection */
	__u8 hops;	 /* moves between sites so far */
	__u64 hash;	 /* of the flow */
};

/* A row of a table, with its places of all banks. */
step __u64 row_read(const struct rows *table, __u32 row)
{
	__u32 at = table->first + row;
	const __u64 *places = bpf_map_lookup_elem(&rows, &at);

	return places ? *places : 0;
}

/*
 * Puts the candidate of one generation on the way, unless a newer generation has the same one or no
 * route leads to it. `ids` are the candidates so far, 0 where there is none.
 */
step void way_add(struct way *way, __u16 ids[CANDIDATES_MAX], __u32 candidate, __u16 id)
{
	const struct destination *node;
	__u32 key = id;

#pragma unroll
	for (__u32 i = 0; i < CANDIDATES_MAX; i++) {
		if (i < candidate && ids[i] == id)
			return;
	}
	ids[candidate] = id;
	if (!id)
		return;
	node = bpf_map_lookup_elem(&backends, &key);
	if (!node || !node->next_hops)
		return;
	/* One constant index for each count: the verifier forgets pointers stored at a variable one. */
	if (way->count == 0)
		way->nodes[0] = node;
	else if (way->count == 1)
		way->nodes[1] = node;
	else
		way->nodes[2] = node;
	way->count++;
}

/*
 * The row's backends, of `most` generations. A list of one is right for whatever has no connection
 * to find (UDP) or nobody to pass it on (agentless).
 */
step int ladder_candidates(const struct service *service, __u32 most, struct way *way)
{
	__u64 row = row_read(&service->rows, hash_row(way->hash, service->rows.size));
	__u32 banks = service->rows.banks;
	__u16 ids[CANDIDATES_MAX] = {};

	way->count = 0;
#pragma unroll
	for (__u32 candidate = 0; candidate < CANDIDATES_MAX; candidate++) {
		if (candidate >= most || candidate >= rows_count(banks))
			break;
		way_add(way, ids, candidate, row_place(row, rows_bank(banks, candidate)));
	}
	if (way->count)
		return GATEWAY_GO_ON;
	return ids[0] ? GATEWAY_NO_NEXT_HOP : GATEWAY_NO_BACKEND;
}

step bool is_syn(const struct packet *packet)
{
	return (packet->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
}

/*
 * What the last agent of the list may do: a new connection or a datagram has no other home, so it
 * must take it; a packet in mid-connection comes back unclaimed, if it may.
 */
step __u8 ladder_last_flags(const struct packet *packet, const struct service *service)
{
	if (service->flags & SERVICE_AGENTLESS)
		return 0;
	return service->flags & SERVICE_ONE_WAY || is_syn(packet) ||
			       packet->flow.protocol == IPPROTO_UDP
		       ? SRV6_MUST
		       : 0;
}

/* Is one candidate all that this packet can have? */
step bool ladder_single(const struct packet *packet, const struct service *service)
{
	return service->flags & SERVICE_AGENTLESS || packet->flow.protocol == IPPROTO_UDP;
}

/*
 * Can the hasher answer alone? A new connection that will carry a cookie needs no router: its packets
 * say themselves where it went. One that will not is pinned at its router, so it goes through it.
 */
step bool hasher_picks(const struct packet *packet, const struct service *service)
{
	return ladder_single(packet, service) ||
	       (service->flags & SERVICE_COOKIE && is_syn(packet) && packet->timestamps);
}

/* The flow's router; NULL when the site has none. */
step const struct destination *ladder_router(__u64 hash)
{
	__u32 zero = 0, number;
	__u64 row;
	const struct site *own = bpf_map_lookup_elem(&site, &zero);

	if (!own || !rows_count(own->routers.banks))
		return NULL;
	row = row_read(&own->routers, hash_router(hash, own->routers.size));
	number = row_place(row, rows_bank(own->routers.banks, 0));
	return number ? bpf_map_lookup_elem(&routers, &number) : NULL;
}

step int router_walk(const struct packet *packet, const struct service *service, struct way *way)
{
	int stop = ladder_candidates(service, ladder_single(packet, service) ? 1 : CANDIDATES_MAX, way);

	way->last_flags = ladder_last_flags(packet, service);
	return stop ? stop : GATEWAY_CANDIDATES;
}

/* Where the cookie leads; false: it has none, or no way leads there. */
step bool cookie_walk(const struct packet *packet, const struct service *service, __u32 number,
		      const volatile struct cookie_keys *keys, struct way *way)
{
	const struct destination *node;
	__u32 id;

	if (!(service->flags & SERVICE_COOKIE) || way->tried & SRV6_BY_COOKIE)
		return false;
	id = cookie_backend(packet, number, way->hash, keys);
	if (!id)
		return false;
	node = bpf_map_lookup_elem(&backends, &id);
	if (!node || !(node->next_hops & 0xff))
		return false;
	way->nodes[0] = node;
	way->count = 1;
	way->last_flags = SRV6_BY_COOKIE;
	return true;
}

/* To the gateway that routes the flow, which is told what was tried; or on, if that is this one. */
step int flow_router_walk(const struct packet *packet, const struct service *service, struct way *way)
{
	const struct destination *router = ladder_router(way->hash);

	if (!router)
		return GATEWAY_NO_ROUTER;
	if (router->flags & DESTINATION_SELF)
		return router_walk(packet, service, way);
	way->nodes[0] = router;
	way->count = 1;
	way->last_flags = way->tried & SRV6_BY_COOKIE;
	return GATEWAY_TO_ROUTER;
}

/*
 * No agent claimed it. Behind the cookie comes the flow's router; `unclaimed` is not handed to it,
 * since what a hasher sends is not hashed again.
 */
step int unclaimed_walk(const struct packet *packet, const struct service *service, struct way *way)
{
	if (way->tried & SRV6_BY_COOKIE)
		return flow_router_walk(packet, service, way);
	return GATEWAY_UNCLAIMED;
}

step int hasher_walk(const struct packet *packet, const struct service *service, __u32 number,
		     const volatile struct cookie_keys *keys, struct way *way)
{
	if (cookie_walk(packet, service, number, keys, way))
		return GATEWAY_COOKIE;
	if (hasher_picks(packet, service)) {
		int stop = router_walk(packet, service, way);

		return stop == GATEWAY_CANDIDATES ? GATEWAY_PICKED : stop;
	}
	return flow_router_walk(packet, service, way);
}
