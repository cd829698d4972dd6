/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where a packet goes from here, and the rows that say so: what every rung of the ladder works with. */
#pragma once

#include "bpf/steps/packet.h"
#include "bpf/steps/settings.h"
#include "bpf/steps/table.h"
#include "wire/maps.h"
#include "wire/verdicts.h"

TABLE(rows, __u64, ROWS_MIN);

TABLE(backends, struct destination, DESTINATIONS_MAX);

step const struct destination *destination_at(__u16 id)
{
	return backends_at(id);
}

/* Where a packet goes from here: the segments in the order of visit, and what the last one is told. */
struct way {
	const struct destination *nodes[SRV6_SEGMENTS_MAX];
	__u32 count;
	__u32 next_hops; /* of the first node, as it was seen to have some */
	__u8 last_flags; /* enum srv6_flag */
	__u8 tried;	 /* enum srv6_flag: the rungs that did not find the connection */
	__u8 hops;	 /* moves between sites so far */
	__u8 to_site;	 /* the last segment is another site's */
	__u64 hash;	 /* of the flow */
};

/* A row, with its places of all banks. */
step __u64 row_at(__u32 at)
{
	at = opaque(at);
	return at < settings.rows ? *rows_at(at) : 0;
}

step __u64 row_read(const struct rows *table, __u32 row)
{
	return row_at(table->first + row);
}

/*
 * The row of the packet's flow. What comes from another site goes by the rows that lead to nobody but our
 * own members, where the service has such: so nothing that was handed over is handed on.
 */
step __u64 way_row(const struct way *way, const struct service *service)
{
	__u32 row = hash_row(way->hash, service->rows.size);

	return row_at((way->hops && service->home ? service->home : service->rows.first) + row);
}

step void way_begin(struct way *way, const struct destination *node, __u32 next_hops)
{
	way->nodes[0] = node;
	way->next_hops = next_hops;
}

/* Its only node. The flags are for the caller to say. */
step void way_only(struct way *way, const struct destination *node, __u32 next_hops)
{
	way_begin(way, node, next_hops);
	way->count = 1;
}

/*
 * Puts the candidate of one generation on the way, unless a newer generation has the same one or no
 * route leads to it. A host that is dark is no candidate of an earlier generation: what goes there is lost
 * for those behind it, and who has the connection is asked of it, too. `ids` are the candidates so far,
 * 0 where there is none.
 */
step void way_add(struct way *way, __u16 ids[CANDIDATES_MAX], __u32 candidate, __u16 id)
{
	const struct destination *node;
	__u32 next_hops;

#pragma unroll
	for (__u32 i = 0; i < CANDIDATES_MAX; i++) {
		if (i < candidate && ids[i] == id)
			return;
	}
	ids[candidate] = id;
	if (!id)
		return;
	node = destination_at(id);
	next_hops = node ? node->next_hops : 0;
	if (!next_hops || (candidate && node->flags & DESTINATION_DARK))
		return;
	/* One constant index for each count: the verifier forgets pointers stored at a variable one. */
	if (way->count == 0)
		way_begin(way, node, next_hops);
	else if (way->count == 1)
		way->nodes[1] = node;
	else
		way->nodes[2] = node;
	way->count++;
}

/* To this one backend. False: no route leads there. */
step bool way_lead(struct way *way, __u16 id, __u8 flags)
{
	const struct destination *node = destination_at(id);
	__u32 next_hops = node ? node->next_hops : 0;

	if (!(next_hops & 0xff))
		return false;
	way_only(way, node, next_hops);
	way->last_flags = flags;
	return true;
}

step bool is_syn(const struct packet *packet)
{
	return (packet->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
}

/* Is there but one candidate? Of most rows all generations say the same, and so all places of the row. */
step bool way_agreed(__u64 row, __u32 banks, __u32 most)
{
	if (!rows_count(banks))
		return false;
	return most == 1 || row == (__u16)row * ROW_ALL_PLACES;
}

/* To the one candidate. */
step int way_newest(struct way *way, __u16 id)
{
	const struct destination *node = destination_at(id);
	__u32 next_hops = id && node ? node->next_hops : 0;

	if (!next_hops)
		return id ? GATEWAY_NO_NEXT_HOP : GATEWAY_NO_BACKEND;
	way_only(way, node, next_hops);
	return GATEWAY_GO_ON;
}

/*
 * The row's candidates, of `most` generations. A list of one is right for whatever has no connection
 * to find (UDP) or nobody to pass it on (agentless).
 *
 * Another site ends a list: its gateways walk a ladder of their own. So the site of any generation comes
 * behind our own backends, except for a new connection of which the newest generation says that it is for
 * that site: to it alone.
 */
step int ladder_candidates(const struct packet *packet, const struct service *service, __u32 most,
			   struct way *way)
{
	__u64 row = way_row(way, service);
	__u32 banks = service->rows.banks;
	__u16 ids[CANDIDATES_MAX] = {}, site_id = 0, newest = row_place(row, rows_bank(banks, 0));

	way->count = 0;
	way->to_site = 0;
	if (way_agreed(row, banks, most) && !(newest & ROW_SITE))
		return way_newest(way, newest);
#pragma unroll
	for (__u32 candidate = 0; candidate < CANDIDATES_MAX; candidate++) {
		__u16 id = row_place(row, rows_bank(banks, candidate));

		if (candidate >= most || candidate >= rows_count(banks))
			break;
		if (!(id & ROW_SITE)) {
			way_add(way, ids, candidate, id);
			continue;
		}
		if (!site_id)
			site_id = id;
		if (candidate == 0 && is_syn(packet))
			break;
	}
	way->to_site = site_id != 0;
	if (site_id)
		way_add(way, ids, CANDIDATES_MAX - 1, site_id);
	if (way->count)
		return GATEWAY_GO_ON;
	return ids[0] || site_id ? GATEWAY_NO_NEXT_HOP : GATEWAY_NO_BACKEND;
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
