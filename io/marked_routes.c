/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "io/marked_routes.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/fib_rules.h>
#include <linux/genetlink.h>
#include <linux/lwtunnel.h>
#include <linux/rtnetlink.h>
#include <linux/seg6.h>
#include <linux/seg6_genl.h>
#include <linux/seg6_iptunnel.h>

#include "base/cleanup.h"
#include "io/rtnetlink_parts.h"
#include "wire/srv6.h"

#define PREFERENCE_GUARD 7199
#define PREFERENCE_MARKS 7200
#define PREFERENCE_END 7201

static const uint8_t families[] = {AF_INET, AF_INET6};

/* Rules */

static struct nlmsghdr *rule_request(struct rtnetlink *nl, uint16_t type, uint16_t flags,
				     uint8_t family, uint32_t preference, uint8_t action)
{
	struct nlmsghdr *message = netlink_request(nl->requests, type, flags);
	struct fib_rule_hdr *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	header->family = family;
	header->action = action;
	mnl_attr_put_u32(message, FRA_PRIORITY, preference);
	mnl_attr_put_u8(message, FRA_PROTOCOL, HOLDFAST_PROTOCOL);
	return message;
}

static int put_mark(struct rtnetlink *nl, uint16_t type, uint8_t family, uint32_t mark)
{
	struct nlmsghdr *message = rule_request(nl, type,
						type == RTM_NEWRULE ? NLM_F_CREATE | NLM_F_EXCL : 0,
						family, PREFERENCE_MARKS, FR_ACT_TO_TBL);
	int r;

	mnl_attr_put_u32(message, FRA_FWMARK, mark);
	mnl_attr_put_u32(message, FRA_FWMASK, UINT32_MAX);
	mnl_attr_put_u32(message, FRA_TABLE, mark);
	r = netlink_run(nl->requests, NULL, NULL);
	return r == -EEXIST || r == -ENOENT ? 0 : r;
}

/* The end first: a guard that leads nowhere is passed by. */
static int put_guard(struct rtnetlink *nl, uint16_t type, uint8_t family)
{
	uint16_t flags = type == RTM_NEWRULE ? NLM_F_CREATE | NLM_F_EXCL : 0;
	struct fib_rule_hdr *header;
	struct nlmsghdr *message;
	int r;

	rule_request(nl, type, flags, family, PREFERENCE_END, FR_ACT_NOP);
	r = netlink_run(nl->requests, NULL, NULL);
	if (r < 0 && r != -EEXIST && r != -ENOENT)
		return r;
	message = rule_request(nl, type, flags, family, PREFERENCE_GUARD, FR_ACT_GOTO);
	header = mnl_nlmsg_get_payload(message);
	header->flags = FIB_RULE_INVERT;
	mnl_attr_put_u32(message, FRA_FWMARK, MARK_BASE);
	mnl_attr_put_u32(message, FRA_FWMASK, MARK_MASK);
	mnl_attr_put_u32(message, FRA_GOTO, PREFERENCE_END);
	r = netlink_run(nl->requests, NULL, NULL);
	return r == -EEXIST || r == -ENOENT ? 0 : r;
}

/* Routes */

static struct nlmsghdr *route_message(struct rtnetlink *nl, uint16_t type, uint16_t flags,
				      uint8_t family, uint32_t table)
{
	struct nlmsghdr *message = netlink_request(nl->requests, type, flags);
	struct rtmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	header->rtm_family = family;
	header->rtm_table = RT_TABLE_UNSPEC;
	header->rtm_protocol = HOLDFAST_PROTOCOL;
	header->rtm_scope = type == RTM_DELROUTE ? RT_SCOPE_NOWHERE : RT_SCOPE_LINK;
	header->rtm_type = RTN_UNICAST;
	mnl_attr_put_u32(message, RTA_TABLE, table);
	return message;
}

static void put_segment(struct nlmsghdr *message, const union address *sid)
{
	struct {
		struct seg6_iptunnel_encap encap;
		struct ipv6_sr_hdr header;
		union address segment;
	} __attribute__((packed)) way = {
		.encap = {.mode = SEG6_IPTUN_MODE_ENCAP_RED},
		.header = {.hdrlen = 2, .type = SRV6_ROUTING_TYPE},
		.segment = *sid,
	};
	struct nlattr *nest = mnl_attr_nest_start(message, RTA_ENCAP);

	mnl_attr_put(message, SEG6_IPTUNNEL_SRH, sizeof(way), &way);
	mnl_attr_nest_end(message, nest);
	mnl_attr_put_u16(message, RTA_ENCAP_TYPE, LWTUNNEL_ENCAP_SEG6);
}

static int put_throw(struct rtnetlink *nl, const struct network *network, uint32_t table)
{
	struct nlmsghdr *message =
		route_message(nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, AF_INET6, table);
	struct rtmsg *header = mnl_nlmsg_get_payload(message);

	header->rtm_type = RTN_THROW;
	header->rtm_dst_len = network->length;
	mnl_attr_put(message, RTA_DST, sizeof(network->address), &network->address);
	return netlink_run(nl->requests, NULL, NULL);
}

static int put_end(struct rtnetlink *nl, uint8_t family, uint32_t table)
{
	struct nlmsghdr *message =
		route_message(nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, family, table);
	struct rtmsg *header = mnl_nlmsg_get_payload(message);

	header->rtm_type = RTN_UNREACHABLE;
	mnl_attr_put_u32(message, RTA_PRIORITY, UINT32_MAX);
	return netlink_run(nl->requests, NULL, NULL);
}

/* What needs no device. */
static int put_frame(struct rtnetlink *nl, const struct network *infrastructure, uint32_t table)
{
	int r = put_throw(nl, infrastructure, table);

	for (size_t i = 0; r == 0 && i < sizeof(families); i++)
		r = put_end(nl, families[i], table);
	return r;
}

/* `flags`: NLM_F_REPLACE; NLM_F_EXCL: 1 if it was not there. */
static int put_way(struct rtnetlink *nl, uint16_t flags, const struct marked_route *route)
{
	int result = 0;

	if (!route->ifindex)
		return -ENODEV;
	for (size_t i = 0; i < sizeof(families); i++) {
		struct nlmsghdr *message = route_message(nl, RTM_NEWROUTE, NLM_F_CREATE | flags,
							 families[i], route->mark);
		int r;

		mnl_attr_put_u32(message, RTA_OIF, route->ifindex);
		put_segment(message, &route->sids[i]);
		r = netlink_run(nl->requests, NULL, NULL);
		if (r < 0 && r != -EEXIST)
			return r;
		result |= r == 0 && flags & NLM_F_EXCL;
	}
	return result;
}

/* What stands */

struct marks {
	uint32_t *list;
	size_t n;
};

static int take_mark(const struct nlmsghdr *message, void *userdata)
{
	const struct nlattr *attributes[FRA_MAX + 1];
	struct marks *marks = userdata;
	uint32_t *list;

	if (message->nlmsg_type != RTM_NEWRULE)
		return 0;
	netlink_attributes(message, sizeof(struct fib_rule_hdr), attributes, FRA_MAX);
	if (netlink_u32(attributes[FRA_PRIORITY], 0) != PREFERENCE_MARKS ||
	    !attributes[FRA_PROTOCOL] ||
	    mnl_attr_get_u8(attributes[FRA_PROTOCOL]) != HOLDFAST_PROTOCOL)
		return 0;
	list = reallocarray(marks->list, marks->n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	marks->list = list;
	list[marks->n++] = netlink_u32(attributes[FRA_FWMARK], 0);
	return 0;
}

static int list_marks(struct rtnetlink *nl, uint8_t family, struct marks *ret)
{
	int r = -EINTR;

	for (int attempt = 0; r == -EINTR && attempt < DUMP_ATTEMPTS; attempt++) {
		struct nlmsghdr *message = netlink_request(nl->requests, RTM_GETRULE, NLM_F_DUMP);
		struct fib_rule_hdr *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

		header->family = family;
		ret->n = 0;
		r = netlink_run(nl->requests, take_mark, ret);
	}
	return r;
}

static bool has_mark(const struct marks *marks, uint32_t mark)
{
	for (size_t i = 0; i < marks->n; i++)
		if (marks->list[i] == mark)
			return true;
	return false;
}

static bool wants_mark(const struct marked_route *routes, size_t n, uint32_t mark)
{
	for (size_t i = 0; i < n; i++)
		if (routes[i].mark == mark)
			return true;
	return false;
}

struct standing_route {
	uint32_t table;
	uint8_t length, type;
	union address to; /* as the kernel has it: an IPv4 address in its first bytes */
};

struct standing {
	struct standing_route *list;
	size_t n;
};

static int take_route(const struct nlmsghdr *message, void *userdata)
{
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *attributes[RTA_MAX + 1];
	struct standing *standing = userdata;
	struct standing_route *list, route = {};

	if (message->nlmsg_type != RTM_NEWROUTE || header->rtm_protocol != HOLDFAST_PROTOCOL)
		return 0;
	netlink_attributes(message, sizeof(*header), attributes, RTA_MAX);
	route.table = netlink_u32(attributes[RTA_TABLE], header->rtm_table);
	if ((route.table & MARK_MASK) != MARK_BASE)
		return 0;
	route.length = header->rtm_dst_len;
	route.type = header->rtm_type;
	if (attributes[RTA_DST])
		memcpy(&route.to, mnl_attr_get_payload(attributes[RTA_DST]),
		       mnl_attr_get_payload_len(attributes[RTA_DST]) % (sizeof(route.to) + 1));
	list = reallocarray(standing->list, standing->n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	standing->list = list;
	list[standing->n++] = route;
	return 0;
}

static int remove_route(struct rtnetlink *nl, uint8_t family, const struct standing_route *route)
{
	struct nlmsghdr *message = route_message(nl, RTM_DELROUTE, 0, family, route->table);
	struct rtmsg *header = mnl_nlmsg_get_payload(message);
	int r;

	header->rtm_dst_len = route->length;
	header->rtm_type = route->type;
	if (route->length)
		mnl_attr_put(message, RTA_DST, family == AF_INET ? 4 : 16, &route->to);
	r = netlink_run(nl->requests, NULL, NULL);
	return r == -ESRCH || r == -ENOENT ? 0 : r;
}

static int remove_others(struct rtnetlink *nl, uint8_t family, const struct marked_route *routes,
			 size_t n)
{
	struct standing standing = {};
	int r = -EINTR;

	for (int attempt = 0; r == -EINTR && attempt < DUMP_ATTEMPTS; attempt++) {
		struct nlmsghdr *message = netlink_request(nl->requests, RTM_GETROUTE, NLM_F_DUMP);
		struct rtmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

		header->rtm_family = family;
		header->rtm_protocol = HOLDFAST_PROTOCOL;
		standing.n = 0;
		r = netlink_run(nl->requests, take_route, &standing);
	}
	for (size_t i = 0; r == 0 && i < standing.n; i++)
		if (!wants_mark(routes, n, standing.list[i].table))
			r = remove_route(nl, family, &standing.list[i]);
	free(standing.list);
	return r;
}

/* The table before the rule that leads there; the other way round when it goes. */
static int set_family(struct rtnetlink *nl, uint8_t family, const struct marked_route *routes,
		      size_t n)
{
	struct marks marks = {};
	int r = list_marks(nl, family, &marks);

	for (size_t i = 0; r == 0 && i < n; i++)
		if (!has_mark(&marks, routes[i].mark))
			r = put_mark(nl, RTM_NEWRULE, family, routes[i].mark);
	for (size_t i = 0; r == 0 && i < marks.n; i++) {
		if (wants_mark(routes, n, marks.list[i]))
			continue;
		r = put_mark(nl, RTM_DELRULE, family, marks.list[i]);
	}
	if (r == 0)
		r = remove_others(nl, family, routes, n);
	if (r == 0)
		r = put_guard(nl, n ? RTM_NEWRULE : RTM_DELRULE, family);
	free(marks.list);
	return r;
}

/* Ways last: whatever becomes of them, what is marked goes nowhere else. */
int marked_routes_set(struct rtnetlink *nl, const struct network *infrastructure,
		      const struct marked_route *routes, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = put_frame(nl, infrastructure, routes[i].mark);
	for (size_t i = 0; r == 0 && i < sizeof(families); i++)
		r = set_family(nl, families[i], routes, n);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = put_way(nl, NLM_F_REPLACE, &routes[i]);
	return r;
}

int marked_routes_put_back(struct rtnetlink *nl, const struct marked_route *route)
{
	return put_way(nl, NLM_F_EXCL, route);
}

/* The tunnel's source, by generic netlink */

static int take_family(const struct nlmsghdr *message, void *userdata)
{
	const struct nlattr *attributes[CTRL_ATTR_MAX + 1];
	uint16_t *family = userdata;

	netlink_attributes(message, sizeof(struct genlmsghdr), attributes, CTRL_ATTR_MAX);
	if (attributes[CTRL_ATTR_FAMILY_ID])
		*family = mnl_attr_get_u16(attributes[CTRL_ATTR_FAMILY_ID]);
	return 0;
}

static int take_source(const struct nlmsghdr *message, void *userdata)
{
	const struct nlattr *attributes[SEG6_ATTR_MAX + 1];

	netlink_attributes(message, sizeof(struct genlmsghdr), attributes, SEG6_ATTR_MAX);
	if (attributes[SEG6_ATTR_DST] &&
	    mnl_attr_get_payload_len(attributes[SEG6_ATTR_DST]) == sizeof(union address))
		memcpy(userdata, mnl_attr_get_payload(attributes[SEG6_ATTR_DST]),
		       sizeof(union address));
	return 0;
}

static struct nlmsghdr *generic_request(struct netlink *netlink, uint16_t family, uint8_t command)
{
	struct nlmsghdr *message = netlink_request(netlink, family, 0);
	struct genlmsghdr *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	header->cmd = command;
	header->version = 1;
	return message;
}

static bool may_replace(const union address *standing)
{
	return (!standing->halves[0] && !standing->halves[1]) ||
	       standing->groups[SID_FUNCTION_GROUP] == WIRE_BE16(SRV6_HOST);
}

static int set_source(struct netlink *netlink, const union address *source)
{
	union address standing = {};
	uint16_t family = 0;
	struct nlmsghdr *message = generic_request(netlink, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	int r;

	mnl_attr_put_strz(message, CTRL_ATTR_FAMILY_NAME, SEG6_GENL_NAME);
	r = netlink_run(netlink, take_family, &family);
	if (r < 0 || !family)
		return r < 0 ? r : -EOPNOTSUPP;
	generic_request(netlink, family, SEG6_CMD_GET_TUNSRC);
	r = netlink_run(netlink, take_source, &standing);
	if (r < 0 || !may_replace(&standing))
		return r;
	message = generic_request(netlink, family, SEG6_CMD_SET_TUNSRC);
	mnl_attr_put(message, SEG6_ATTR_DST, sizeof(*source), source);
	return netlink_run(netlink, NULL, NULL);
}

int marked_routes_source(const union address *source)
{
	struct netlink *netlink;
	int r = netlink_new_generic(&netlink);

	if (r < 0)
		return r;
	r = set_source(netlink, source);
	netlink_free(netlink);
	return r;
}
