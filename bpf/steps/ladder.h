/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The dispatch ladder: which nodes a packet of a service visits. Each rung answers or hands on.
 *
 *   hasher    picks the row's backend itself where every gateway would pick the same and nothing need
 *             be remembered: a SYN whose connection will carry a cookie, stateless UDP.
 *             Everything else goes to the flow's router, which may be this very gateway.
 *             Before that it looks whether the packet says itself where it belongs (cookie.h).
 *   router    the backend that the flow is pinned to (pins.h), else the row's candidates, newest
 *             generation first: a list of one to three.
 *
 * What an agent did not claim comes back with the rung that sent it, and goes on behind that rung.
 *
 * Both take rows that the daemon computed. Of all tables a packet changes the pins alone,
 * and the marks of those that need not be read (recent.h).
 */
#pragma once

#include "bpf/steps/table.h"
#include "bpf/steps/cookie.h"
#include "bpf/steps/packet.h"
#include "bpf/steps/pins.h"
#include "bpf/steps/way.h"
#include "wire/maps.h"
#include "wire/verdicts.h"

TABLE(services, struct service, SERVICES_MAX);

TABLE(routers, struct destination, ROUTERS_MAX);

TABLE(site, struct site, 1);

step const struct service *service_at(__u32 number)
{
	return services_at(number & (SERVICES_MAX - 1));
}

/*
 * Can the hasher answer alone? A new connection that will carry a cookie needs no router: its packets
 * say themselves where it went. One that will not is pinned at its router, so it goes through it.
 */
step bool hasher_picks(const struct packet *packet, const struct service *service)
{
	if (service->flags & SERVICE_STICKY)
		return false;
	return packet->flow.protocol == IPPROTO_UDP ||
	       (service->flags & SERVICE_COOKIE && is_syn(packet) && packet->timestamps);
}

/* The flow's router; NULL when the site has none. */
step const struct destination *ladder_router(__u64 hash)
{
	const struct site *own = site_at(0);
	__u32 number;
	__u64 row;

	if (!rows_count(own->routers.banks))
		return NULL;
	row = row_read(&own->routers, hash_router(hash, own->routers.size));
	number = row_place(row, rows_bank(own->routers.banks, 0));
	return number ? routers_at(number & (ROUTERS_MAX - 1)) : NULL;
}

/* Nobody takes new connections: the generations that there are lead old ones on. */
step bool is_refused(const struct packet *packet, const struct service *service)
{
	return service->flags & SERVICE_CLOSED &&
	       (is_syn(packet) || packet->flow.protocol == IPPROTO_UDP);
}

/* The router's rungs. Of them the hasher that `picks` needs the row alone. */
step int router_walk(struct xdp_md *ctx, const struct packet *packet, const struct service *service,
		     __u32 number, bool picks, struct way *way)
{
	__u32 first = 0;
	int stop;

	stop = picks ? GATEWAY_GO_ON : pins_walk(ctx, packet, service, number, &first, way);
	if (stop)
		return stop;
	if (is_refused(packet, service))
		return GATEWAY_NO_BACKEND;
	stop = ladder_candidates(packet, service,
				 ladder_single(packet, service) ? 1 : CANDIDATES_MAX, way);
	if (stop)
		return stop;
	way->last_flags = way->to_site ? 0 : ladder_last_flags(packet, service);
	if (first)
		return pins_first(ctx, packet, service, number, first, way);
	return picks ? GATEWAY_PICKED : GATEWAY_CANDIDATES;
}

/* Where the cookie leads; false: it has none, or no way leads there. */
step bool cookie_walk(const struct packet *packet, const struct service *service, __u32 number,
		      const volatile struct cookie_keys *keys, struct way *way)
{
	__u32 id;

	if (!(service->flags & SERVICE_COOKIE) || way->tried & SRV6_BY_COOKIE)
		return false;
	id = cookie_backend(packet, number, way->hash, keys);
	return id && way_lead(way, id, SRV6_BY_COOKIE);
}

/* To the gateway that routes the flow, which is told what was tried. GATEWAY_GO_ON: it is this one. */
step int flow_router_walk(struct way *way)
{
	const struct destination *router = ladder_router(way->hash);

	if (!router)
		return GATEWAY_NO_ROUTER;
	if (router->flags & DESTINATION_SELF)
		return GATEWAY_GO_ON;
	way_only(way, router, router->next_hops);
	way->last_flags = way->tried & SRV6_BY_COOKIE;
	return GATEWAY_TO_ROUTER;
}

/*
 * No agent claimed it. Behind the cookie comes the flow's router; `unclaimed` is not handed to it,
 * since what a hasher sends is not hashed again. Behind the pin, which has had its day, the candidates,
 * here: GATEWAY_GO_ON; and behind the row, which stood for the pin, the pin.
 */
step int unclaimed_walk(struct xdp_md *ctx, const struct packet *packet, __u32 number,
			struct way *way)
{
	if (way->tried & SRV6_BY_COOKIE)
		return flow_router_walk(way);
	if (!(way->tried & (SRV6_BY_PIN | SRV6_BY_ROW)))
		return GATEWAY_UNCLAIMED;
	pins_forget(PINS_OF(&packet->flow, number, way->hash), pins_bouncer(ctx, packet));
	return GATEWAY_GO_ON;
}

/* `done`: the cookie was looked at. GATEWAY_PICKED: this hasher picks, by the row. GATEWAY_GO_ON: this gateway routes the flow. */
step int hasher_walk(const struct packet *packet, const struct service *service, __u32 number,
		     const volatile struct cookie_keys *keys, bool done, struct way *way)
{
	if (!done && cookie_walk(packet, service, number, keys, way))
		return GATEWAY_COOKIE;
	return hasher_picks(packet, service) ? GATEWAY_PICKED : flow_router_walk(way);
}
