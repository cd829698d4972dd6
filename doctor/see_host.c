/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#include "base/number.h"
#include "doctor/see.h"
#include "io/netlink.h"
#include "io/rtnetlink.h"
#include "io/sysctl.h"
#include "wire/srv6.h"

#define HOPS_MAX 8
#define LOOPBACK_INDEX 1 /* include/net/flow.h: the same in every network namespace */

/* Addresses */

static int take_address(const struct nlmsghdr *message, void *userdata)
{
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *attributes[IFA_MAX + 1], *found;
	struct fact_address address = {}, *list;
	struct facts *facts = userdata;
	__be32 v4;

	if (message->nlmsg_type != RTM_NEWADDR ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*header))
		return 0;
	netlink_attributes(message, sizeof(*header), attributes, IFA_MAX);
	found = attributes[IFA_LOCAL] ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS];
	if (!found || mnl_attr_get_payload_len(found) < (header->ifa_family == AF_INET ? 4 : 16))
		return 0;
	if (header->ifa_family == AF_INET) {
		memcpy(&v4, mnl_attr_get_payload(found), sizeof(v4));
		address_from_v4(&address.network.address, v4);
	} else {
		memcpy(&address.network.address, mnl_attr_get_payload(found), 16);
	}
	address.network.length = header->ifa_prefixlen + (header->ifa_family == AF_INET ? 96 : 0);
	address.loopback = header->ifa_index == LOOPBACK_INDEX;
	list = reallocarray(facts->addresses, facts->n_addresses + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	facts->addresses = list;
	list[facts->n_addresses++] = address;
	return 0;
}

int see_dump(uint16_t type, size_t header_size, netlink_fn take, struct facts *facts)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	struct netlink *netlink;
	int r = netlink_new(&netlink);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < sizeof(families); i++) {
		struct nlmsghdr *message = netlink_request(netlink, type, NLM_F_DUMP);
		struct rtgenmsg *header = mnl_nlmsg_put_extra_header(message, header_size);

		header->rtgen_family = families[i];
		r = netlink_run(netlink, take, facts);
		r = r == -EINTR ? 0 : r; /* they changed meanwhile: this is as good a look as any */
	}
	netlink_free(netlink);
	return r;
}

static int see_addresses(struct facts *facts)
{
	int r = see_dump(RTM_GETADDR, sizeof(struct ifaddrmsg), take_address, facts);

	for (size_t i = 0; i < facts->n_addresses; i++)
		facts->probe_source |= network_holds(&facts->config->infrastructure,
						     &facts->addresses[i].network.address);
	return r;
}

/* Announced VIPs */

/* What the daemon says of a VIP in /status. */
static enum maybe wanted(const json_t *status, const struct network *network)
{
	char text[NETWORK_TEXT_MAX];
	const json_t *vip;
	size_t i;

	network_format(network, text);
	json_array_foreach(json_object_get(status, "vips"), i, vip)
	{
		const char *name = json_string_value(json_object_get(vip, "vip"));

		if (name && strcmp(name, text) == 0)
			return json_is_true(json_object_get(vip, "announced")) ? YES : NO;
	}
	return UNSEEN;
}

static struct fact_vip *find_vip(const struct facts *facts, const struct network *network)
{
	for (size_t i = 0; i < facts->n_vips; i++)
		if (network_compare(facts->vips[i].network, network) == 0)
			return &facts->vips[i];
	return NULL;
}

static int see_vips(struct facts *facts, struct rtnetlink *netlink, const json_t *status)
{
	_cleanup_free_ struct rtnetlink_vip *standing = NULL;
	size_t n;
	int r = rtnetlink_vip_list(netlink, HOLDFAST_PROTOCOL, &standing, &n);

	if (r < 0)
		return r;
	facts->vips = calloc(facts->plan->n_vips + 1, sizeof(*facts->vips));
	facts->strays = calloc(n + 1, sizeof(*facts->strays));
	if (!facts->vips || !facts->strays)
		return -ENOMEM;
	for (size_t i = 0; i < facts->plan->n_vips; i++) {
		const struct network *network = &facts->plan->vips[i].network;

		facts->vips[facts->n_vips++] =
			(struct fact_vip){.network = network, .wanted = wanted(status, network)};
	}
	for (size_t i = 0; i < n; i++) {
		struct network network = {standing[i].address, standing[i].length};
		struct fact_vip *vip = find_vip(facts, &network);

		if (vip)
			vip->announced = true;
		else
			facts->strays[facts->n_strays++] = network;
	}
	return 0;
}

/* Targets: agents to ask, and nodes that only must have a route */

static void add_target(struct facts *facts, const char *name, const union address *locator,
		       enum srv6_function function)
{
	facts->targets[facts->n_targets++] = (struct fact_target){
		.name = name,
		.agent = function == SRV6_PROBE,
		.sid = sid_make(locator, function),
	};
}

static bool is_member(const struct config_service *service, const char *backend)
{
	for (size_t i = 0; i < service->n_members; i++)
		if (strcmp(service->members[i].backend->name, backend) == 0)
			return true;
	return false;
}

static bool share_service(const struct config *config, const char *one, const char *other)
{
	for (size_t i = 0; i < config->n_services; i++)
		if (is_member(&config->services[i], one) && is_member(&config->services[i], other))
			return true;
	return false;
}

/*
 * On a gateway all backends and the other gateways of its site. On a backend those other agents to
 * which it passes packets on, to compare with.
 */
static int list_targets(struct facts *facts)
{
	const struct config *config = facts->config;
	bool gateway = facts->role == ROLE_GATEWAY;
	const struct config_gateway *self = config_gateway(config, facts->node);

	facts->targets =
		calloc(config->n_backends + config->n_gateways + 1, sizeof(*facts->targets));
	if (!facts->targets)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_backends; i++) {
		const struct config_backend *backend = &config->backends[i];

		if (!gateway && (!backend->agent || !strcmp(backend->name, facts->node) ||
				 !share_service(config, backend->name, facts->node)))
			continue;
		add_target(facts, backend->name, &backend->locator,
			   backend->agent ? SRV6_PROBE : SRV6_DECAP_V6);
	}
	for (size_t i = 0; gateway && i < config->n_gateways; i++) {
		const struct config_gateway *other = &config->gateways[i];

		if (other != self && other->site == self->site)
			add_target(facts, other->name, &other->locator, SRV6_ROUTE);
	}
	return 0;
}

/* Of the agents of this gateway's services the daemon tells whether it hears them. */
static void see_heartbeats(struct facts *facts, const json_t *status)
{
	const json_t *service, *backend;
	size_t i, j;

	json_array_foreach(json_object_get(status, "services"), i, service)
	{
		json_array_foreach(json_object_get(service, "backends"), j, backend)
		{
			const json_t *agent = json_object_get(backend, "agent");
			const char *name = json_string_value(json_object_get(backend, "name"));

			for (size_t k = 0; name && k < facts->n_targets; k++) {
				if (strcmp(facts->targets[k].name, name) != 0)
					continue;
				facts->targets[k].heartbeat =
					json_string_value(json_object_get(agent, "state"));
				facts->targets[k].replayed =
					json_is_true(json_object_get(agent, "replayed"));
			}
		}
	}
}

static void see_route(const struct fib *fib, struct fact_target *target)
{
	_cleanup_free_ struct fib_wanted *wanted_hops = NULL;
	struct next_hop hops[HOPS_MAX];
	const struct fib_link *link;
	size_t n = 0;

	target->route = fib_resolve(fib, &target->sid, hops, HOPS_MAX);
	if (target->route != 0 ||
	    fib_wanted_neighbours(fib, &target->sid, 1, &wanted_hops, &n) < 0 || !n)
		return;
	target->hop = wanted_hops[0];
	link = fib_link(fib, target->hop.ifindex);
	if (link)
		memcpy(target->hop_interface, link->name, sizeof(target->hop_interface));
}

static void see_settings(struct facts *facts)
{
	char text[16];
	uint64_t value;

	facts->timestamps = -1;
	if (sysctl_read("net/ipv4/tcp_timestamps", text, sizeof(text)) == 0 &&
	    number_parse(text, INT16_MAX, &value) == 0)
		facts->timestamps = value;
	if (sysctl_read("net/core/bpf_jit_enable", text, sizeof(text)) == 0)
		facts->jit = strcmp(text, "0") == 0 ? NO : YES;
}

static int see_tables(struct facts *facts, struct rtnetlink *netlink, const struct fib *fib,
		      const json_t *status)
{
	const struct fib_route *way = fib_route(fib, &(union address){}, 0);
	int r = list_targets(facts);

	if (r < 0)
		return r;
	for (size_t i = 0; i < facts->n_targets; i++)
		see_route(fib, &facts->targets[i]);
	see_heartbeats(facts, status);
	facts->default_v6 = way && way->type == FIB_UNICAST;
	facts->default_v4 = rtnetlink_has_default_inet(netlink) == 1;
	return facts->role == ROLE_GATEWAY ? see_vips(facts, netlink, status) : 0;
}

/* One look is enough. */
static void on_changed(void *userdata)
{
}

int see_host(struct facts *facts, const json_t *status)
{
	struct rtnetlink *netlink = NULL;
	struct fib *fib = fib_new();
	sd_event *event = NULL;
	int r = fib ? sd_event_new(&event) : -ENOMEM;

	see_settings(facts);
	if (r >= 0)
		r = rtnetlink_new(event, fib, on_changed, NULL, &netlink);
	if (r >= 0)
		r = see_addresses(facts);
	if (r >= 0)
		r = see_tables(facts, netlink, fib, status);
	rtnetlink_free(netlink);
	sd_event_unref(event);
	fib_free(fib);
	return r;
}

/* Counters */

static json_int_t packets(const json_t *answer, const char *verdict)
{
	return json_integer_value(json_object_get(
		json_object_get(json_object_get(answer, "counters"), verdict), "packets"));
}

int see_drops(struct facts *facts, const json_t *before, const json_t *after)
{
	json_t *counters = json_object_get(after, "counters"), *row;
	const char *verdict;

	facts->drops = calloc(json_object_size(counters) + 1, sizeof(*facts->drops));
	if (!facts->drops)
		return -ENOMEM;
	json_object_foreach(counters, verdict, row)
	{
		json_int_t rose = packets(after, verdict) - packets(before, verdict);
		const char *help = json_string_value(json_object_get(row, "help"));
		struct fact_drop *drop = &facts->drops[facts->n_drops];

		if (rose <= 0)
			continue;
		drop->rose = rose;
		snprintf(drop->verdict, sizeof(drop->verdict), "%s", verdict);
		snprintf(drop->help, sizeof(drop->help), "%s", help ? help : "");
		facts->n_drops++;
	}
	return 0;
}
