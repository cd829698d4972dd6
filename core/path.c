/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/path.h"

#include <netinet/in.h>

static int interval_service(const struct tables *tables, uint64_t vip, uint32_t point)
{
	uint32_t first = (uint32_t)(vip >> 16), count = vip & 0xffff;

	for (uint32_t i = first; i < first + count; i++)
		if (point >= tables->intervals[i].first && point <= tables->intervals[i].last)
			return tables->intervals[i].service;
	return -1;
}

static bool path_has(const struct path *path, uint16_t id)
{
	for (uint32_t i = 0; i < path->n_segments; i++)
		if (path->backends[i] == id)
			return true;
	return false;
}

static void add_candidate(const struct tables *tables, uint16_t id, int family, struct path *path)
{
	const struct destination *node = &tables->backends[id];

	if (!id || !node->next_hops || path_has(path, id))
		return;
	path->backends[path->n_segments] = id;
	path->segments[path->n_segments++] = node->sids[family];
}

/*
 * The distinct reachable backends of the row, newest generation first, of earlier ones only those that are not
 * dark; another site behind them.
 */
static void add_candidates(const struct tables *tables, const struct service *service,
			   uint32_t most, int family, bool syn, struct path *path)
{
	uint32_t count = rows_count(service->rows.banks);
	uint16_t site = 0, any = 0;

	for (uint32_t i = 0; i < count && i < most; i++) {
		uint16_t id = tables_row(tables, &service->rows, i, path->row);

		any |= id;
		if (!(id & ROW_SITE) && !(i > 0 && tables->backends[id].flags & DESTINATION_DARK))
			add_candidate(tables, id, family, path);
		else if (id & ROW_SITE && !site)
			site = id;
		if (i == 0 && site && syn)
			break;
	}
	path->to_site = site != 0;
	add_candidate(tables, site, family, path);
	if (!path->n_segments)
		path->verdict = any ? GATEWAY_NO_NEXT_HOP : GATEWAY_NO_BACKEND;
}

static void find_router(const struct tables *tables, uint64_t hash, struct path *path)
{
	const struct rows *rows = &tables->site->routers;

	if (rows_count(rows->banks))
		path->router = tables_row(tables, rows, 0, hash_router(hash, rows->size));
}

/* An agent does it, for a connection that begins without a cookie, or for all of the service. */
static enum path_replies replies_of(const struct service *service, const struct flow *flow,
				    enum path_packet packet)
{
	bool cookie = service->flags & SERVICE_COOKIE && packet == PATH_NEW;

	if (service->flags & SERVICE_AGENTLESS)
		return PATH_DIRECT;
	if (service->flags & SERVICE_RETURN)
		return PATH_BY_GATEWAY;
	if (flow->protocol == IPPROTO_TCP && packet != PATH_MIDWAY && !cookie)
		return PATH_FIRST_PINS;
	return PATH_DIRECT;
}

static bool is_member(const struct tables *tables, uint32_t service, uint16_t id)
{
	return tables->members[member_word(service, id)] >> id % 64 & 1;
}

/*
 * To the backend that the flow is pinned to, if the service has it, or to the site, if a route leads there.
 */
static bool follow_pin(const struct tables *tables, const struct service *service, uint16_t id,
		       const struct flow *flow, struct path *path)
{
	const struct destination *node = &tables->backends[id];
	union address sid = node->sids[address_is_v4(&flow->vip) ? 0 : 1];

	path->to_site = id & ROW_SITE;
	if ((!path->to_site && !is_member(tables, path->service, id)) || !node->next_hops)
		return false;
	if (!(service->flags & SERVICE_AGENTLESS) && !path->to_site)
		sid.bytes[SID_FLAGS_BYTE] |= flow->protocol == IPPROTO_UDP ? SRV6_MUST : SRV6_BY_PIN;
	path->backends[0] = id;
	path->segments[0] = sid;
	path->n_segments = 1;
	path->verdict = GATEWAY_PIN;
	return true;
}

/* What the flow's router does behind the pin, or without one. */
static enum gateway_verdict unpinned(const struct service *service, const struct flow *flow,
				     enum path_packet packet)
{
	if (!(service->flags & SERVICE_STICKY))
		return GATEWAY_CANDIDATES;
	return flow->protocol == IPPROTO_UDP || packet != PATH_MIDWAY ? GATEWAY_PIN_NEW
									: GATEWAY_PIN_MIDWAY;
}

static bool is_picked(const struct service *service, const struct flow *flow, enum path_packet packet)
{
	if (service->flags & SERVICE_STICKY)
		return false;
	return flow->protocol == IPPROTO_UDP ||
	       (packet == PATH_NEW && service->flags & SERVICE_COOKIE);
}

void path_find(const struct path_view *view, const struct flow *flow, uint64_t vip,
	       enum path_packet packet, struct path *ret)
{
	const struct tables *tables = view->tables;
	uint64_t hash = flow_hash(flow, view->key);
	int number = interval_service(tables, vip, interval_point(flow->protocol, flow->vip_port));
	int family = address_is_v4(&flow->vip) ? 0 : 1;
	bool udp = flow->protocol == IPPROTO_UDP;
	const struct service *service;
	bool agentless, sticky;

	*ret = (struct path){.verdict = vip ? GATEWAY_NO_SERVICE : GATEWAY_NOT_OURS};
	if (!vip || number < 0)
		return;
	service = &tables->services[number];
	ret->service = number;
	if (service->flags & SERVICE_OFF) {
		ret->verdict = GATEWAY_OFF;
		return;
	}
	if (service->flags & SERVICE_CLOSED && (udp || packet != PATH_MIDWAY)) {
		ret->verdict = GATEWAY_NO_BACKEND;
		return;
	}
	agentless = service->flags & SERVICE_AGENTLESS;
	sticky = service->flags & SERVICE_STICKY;
	ret->row = service->rows.size ? hash_row(hash, service->rows.size) : 0;
	ret->replies = replies_of(service, flow, packet);
	find_router(tables, hash, ret);
	if (is_picked(service, flow, packet))
		ret->verdict = GATEWAY_PICKED;
	else if (!ret->router)
		ret->verdict = GATEWAY_NO_ROUTER;
	else if (!(tables->routers[ret->router].flags & DESTINATION_SELF))
		ret->verdict = GATEWAY_TO_ROUTER;
	else
		ret->verdict = unpinned(service, flow, packet);
	if (ret->verdict == GATEWAY_NO_ROUTER)
		return;
	if (ret->verdict != GATEWAY_PICKED && ret->verdict != GATEWAY_TO_ROUTER && (!udp || sticky))
		ret->pin = pin_table_find(view->pins, flow, number, hash, view->now_ns);
	if (ret->pin && (udp || packet == PATH_MIDWAY) &&
	    follow_pin(tables, service, ret->pin, flow, ret))
		return;
	add_candidates(tables, service, agentless || udp || sticky ? 1 : CANDIDATES_MAX, family,
		       !udp && packet != PATH_MIDWAY, ret);
	if (ret->n_segments && !agentless && !ret->to_site && (udp || packet != PATH_MIDWAY))
		ret->segments[ret->n_segments - 1].bytes[SID_FLAGS_BYTE] |= SRV6_MUST;
}

bool path_by_cookie(const struct path_view *view, const struct flow *flow, uint32_t tsecr,
		    struct path *path)
{
	const struct tables *tables = view->tables;
	uint32_t id = cookie_decode(tsecr, flow_hash(flow, view->key), view->cookie);
	const struct destination *node = &tables->backends[id];

	if (!id || !is_member(tables, path->service, id) || !(node->next_hops & 0xff))
		return false;
	path->verdict = GATEWAY_COOKIE;
	path->n_segments = 1;
	path->backends[0] = id;
	path->segments[0] = node->sids[address_is_v4(&flow->vip) ? 0 : 1];
	path->segments[0].bytes[SID_FLAGS_BYTE] |= SRV6_BY_COOKIE;
	return true;
}

bool path_may_have_cookie(const struct path_view *view, const struct path *path,
			  enum path_packet packet)
{
	return path->service && packet == PATH_MIDWAY &&
	       (view->tables->services[path->service].flags & (SERVICE_COOKIE | SERVICE_OFF)) ==
		       SERVICE_COOKIE;
}
