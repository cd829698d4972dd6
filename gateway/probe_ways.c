/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gateway/probe_ways.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "io/marked_routes.h"
#include "wire/srv6.h"

#define HOST_BITS 128

static uint32_t mark_of(uint16_t id)
{
	return MARK_BASE | id;
}

/* The question */

/* Of a network, an address that is no subnet's name (RFC 4291, 2.6.1). */
static union address vip_of(const struct config_service *service)
{
	const struct network *vip = &service->vips[0];
	union address address;

	for (size_t i = 0; i < service->n_vips; i++)
		if (!address_is_v4(&service->vips[i].address)) {
			vip = &service->vips[i];
			break;
		}
	address = vip->address;
	if (vip->length < HOST_BITS - 1)
		address.bytes[15] |= 1;
	return address;
}

static enum check_kind kind_of(uint8_t check)
{
	switch (check) {
	case CONFIG_CHECK_HTTP:
		return CHECK_HTTP;
	case CONFIG_CHECK_HTTPS:
		return CHECK_HTTPS;
	case CONFIG_CHECK_DNS:
		return CHECK_DNS;
	default:
		return CHECK_TCP;
	}
}

struct check_target probe_target(const struct config_service *service, uint16_t id, uint32_t timeout_ms,
				 const union address *host)
{
	const struct config_health *health = &service->health;
	struct check_target target = {
		.kind = kind_of(health->check),
		.address = vip_of(service),
		.port = health->port,
		.mark = mark_of(id),
		.timeout_us = timeout_ms * 1000ULL,
		.path = health->path,
		.host = health->host,
		.body = health->body,
		.status = health->status,
		.name = health->name,
	};

	if (!address_is_v4(&target.address))
		target.source = *host;
	return target;
}

/* The ways */

/* `host` is the one that stands, or zeros. */
static int use_address(struct rtnetlink *netlink, const union address *address, union address *host)
{
	int lo = rtnetlink_ifindex(netlink, "lo"), r;

	if (lo < 0)
		return lo;
	if (host->halves[0] && !address_equal(host, address))
		rtnetlink_address_del(netlink, lo, host, HOST_BITS);
	r = rtnetlink_address_add(netlink, lo, address, HOST_BITS);
	if (r < 0)
		return r;
	*host = *address;
	return 0;
}

static struct marked_route route_to(const struct plan_node *backend)
{
	struct marked_route route = {
		.mark = mark_of(backend->number),
		.sids = {backend->sids[0], backend->sids[1]},
	};

	for (int i = 0; i < 2; i++)
		if (backend->sids[i].groups[SID_FUNCTION_GROUP] == WIRE_BE16(SRV6_ACCEPT))
			route.sids[i].bytes[SID_FLAGS_BYTE] = SRV6_MUST;
	return route;
}

static size_t list_routes(const struct probe_world *world, struct marked_route *routes)
{
	const struct plan *plan = world->plan;
	size_t n = 0;

	for (size_t i = 0; i < plan->n_backends; i++)
		if (world->asked[plan->backends[i].number])
			routes[n++] = route_to(&plan->backends[i]);
	return n;
}

/* Over the first interface that is there and up. */
static int set_routes(struct rtnetlink *netlink, const struct probe_world *world,
		      struct marked_route *routes, size_t n)
{
	int r = -ENETDOWN;

	for (size_t i = 0; r == -ENETDOWN && i < world->self->n_interfaces; i++) {
		int ifindex = rtnetlink_ifindex(netlink, world->self->interfaces[i]);

		for (size_t j = 0; j < n; j++)
			routes[j].ifindex = ifindex < 0 ? 0 : ifindex;
		r = marked_routes_set(netlink, world->infrastructure, routes, n);
		r = r == -ENODEV ? -ENETDOWN : r;
	}
	return r;
}

int probe_ways_make(struct rtnetlink *netlink, const struct probe_world *world, union address *host)
{
	_cleanup_free_ struct marked_route *routes =
		calloc(world->plan->n_backends + 1, sizeof(*routes));
	union address address = sid_make(&world->self->locator, SRV6_HOST);
	size_t n;
	int r;

	if (!routes)
		return -ENOMEM;
	n = list_routes(world, routes);
	r = use_address(netlink, &address, host);
	if (r == 0 && n)
		r = marked_routes_source(&address);
	return r < 0 ? r : set_routes(netlink, world, routes, n);
}

/* The ways alone, over the interface of the last one: what is around them needs no interface, and stands. */
static int put_back(struct rtnetlink *netlink, struct marked_route *routes, size_t n)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < n - 1; i++) {
		routes[i].ifindex = routes[n - 1].ifindex;
		r = marked_routes_put_back(netlink, &routes[i]);
	}
	return r;
}

int probe_ways_mend(struct rtnetlink *netlink, const struct probe_world *world, bool *whole,
		    union address *host)
{
	_cleanup_free_ struct marked_route *routes =
		calloc(world->plan->n_backends + 1, sizeof(*routes));
	size_t n = routes ? list_routes(world, routes) : 0;
	int r = -ENETDOWN;

	if (!n)
		return routes ? 0 : -ENOMEM;
	for (size_t i = 0; r < 0 && i < world->self->n_interfaces; i++) {
		int ifindex = rtnetlink_ifindex(netlink, world->self->interfaces[i]);

		routes[n - 1].ifindex = ifindex < 0 ? 0 : ifindex;
		r = marked_routes_put_back(netlink, &routes[n - 1]);
	}
	if (r < 0 || (r == 0 && *whole))
		return r;
	r = *whole ? put_back(netlink, routes, n) : probe_ways_make(netlink, world, host);
	*whole = r >= 0;
	return r < 0 ? r : 1;
}

static bool is_host_address(const struct ifaddrs *entry, union address *ret)
{
	const void *from = entry->ifa_addr;

	if (!from || entry->ifa_addr->sa_family != AF_INET6)
		return false;
	memcpy(ret, &((const struct sockaddr_in6 *)from)->sin6_addr, sizeof(*ret));
	return ret->groups[SID_FUNCTION_GROUP] == WIRE_BE16(SRV6_HOST) &&
	       strcmp(entry->ifa_name, "lo") == 0;
}

int probe_ways_remove(struct rtnetlink *netlink)
{
	int lo = rtnetlink_ifindex(netlink, "lo"), r = marked_routes_set(netlink, NULL, NULL, 0);
	struct ifaddrs *list;
	union address host;

	if (r == 0)
		r = marked_routes_source(&(union address){});
	if (lo < 0 || getifaddrs(&list) < 0)
		return lo < 0 ? lo : -errno;
	for (const struct ifaddrs *entry = list; entry; entry = entry->ifa_next)
		if (is_host_address(entry, &host))
			r = rtnetlink_address_del(netlink, lo, &host, HOST_BITS);
	freeifaddrs(list);
	return r;
}
