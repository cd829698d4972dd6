/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kernel's messages mean for the fib: see rtnetlink.h. */
#include <errno.h>
#include <string.h>

#include <net/if.h>
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "io/rtnetlink_parts.h"

#define HOPS_MAX 256 /* more than a destination has room for (wire/maps.h: a count of 8 bits) */

static bool holds(const struct nlattr *attribute, size_t size)
{
	return attribute && mnl_attr_get_payload_len(attribute) >= size;
}

/*
 * Only plain 802.1Q on a link of this namespace can be said in a next hop; another VLAN device
 * keeps parent 0, and fib_resolve leaves it out.
 */
static void take_vlan(const struct nlattr **attributes, struct fib_link *link)
{
	const struct nlattr *info[IFLA_INFO_MAX + 1], *vlan[IFLA_VLAN_MAX + 1];

	netlink_nested(attributes[IFLA_LINKINFO], info, IFLA_INFO_MAX);
	if (!info[IFLA_INFO_KIND] || strcmp(mnl_attr_get_str(info[IFLA_INFO_KIND]), "vlan") != 0)
		return;
	netlink_nested(info[IFLA_INFO_DATA], vlan, IFLA_VLAN_MAX);
	if (!holds(vlan[IFLA_VLAN_ID], sizeof(uint16_t)))
		return;

	link->vlan = mnl_attr_get_u16(vlan[IFLA_VLAN_ID]);
	if (holds(vlan[IFLA_VLAN_PROTOCOL], sizeof(uint16_t)) &&
	    mnl_attr_get_u16(vlan[IFLA_VLAN_PROTOCOL]) == htons(ETH_P_8021Q) &&
	    !attributes[IFLA_LINK_NETNSID])
		link->parent = netlink_u32(attributes[IFLA_LINK], 0);
}

static int take_link(struct fib *fib, const struct nlmsghdr *message)
{
	const struct ifinfomsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *attributes[IFLA_MAX + 1];
	struct fib_link link = {};

	/* AF_BRIDGE: a port joins or leaves a bridge; the link itself stays. */
	if (header->ifi_family != AF_UNSPEC)
		return 0;
	if (message->nlmsg_type == RTM_DELLINK)
		return fib_delete_link(fib, header->ifi_index);

	netlink_attributes(message, sizeof(*header), attributes, IFLA_MAX);
	link.ifindex = header->ifi_index;
	link.mtu = netlink_u32(attributes[IFLA_MTU], 0);
	if (!link.mtu)
		return 0;
	link.running = (header->ifi_flags & IFF_UP) && (header->ifi_flags & IFF_RUNNING);
	if (attributes[IFLA_IFNAME])
		strncpy(link.name, mnl_attr_get_str(attributes[IFLA_IFNAME]),
			sizeof(link.name) - 1);
	if (holds(attributes[IFLA_ADDRESS], sizeof(link.mac)))
		memcpy(link.mac, mnl_attr_get_payload(attributes[IFLA_ADDRESS]), sizeof(link.mac));
	take_vlan(attributes, &link);
	return fib_set_link(fib, &link);
}

static int take_neighbour(struct fib *fib, const struct nlmsghdr *message)
{
	const struct ndmsg *header = mnl_nlmsg_get_payload(message);
	const uint16_t usable =
		NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP;
	const struct nlattr *attributes[NDA_MAX + 1];
	struct fib_neighbour neighbour = {.ifindex = header->ndm_ifindex};
	const uint8_t none[6] = {};

	if (header->ndm_family != AF_INET6 || header->ndm_flags & NTF_PROXY)
		return 0;
	netlink_attributes(message, sizeof(*header), attributes, NDA_MAX);
	if (!holds(attributes[NDA_DST], sizeof(neighbour.address)))
		return 0;
	memcpy(&neighbour.address, mnl_attr_get_payload(attributes[NDA_DST]),
	       sizeof(neighbour.address));
	if (neighbour.address.bytes[0] == 0xff) /* multicast has no neighbour to wait for */
		return 0;
	if (message->nlmsg_type == RTM_DELNEIGH)
		return fib_delete_neighbour(fib, neighbour.ifindex, &neighbour.address);

	if (holds(attributes[NDA_LLADDR], sizeof(neighbour.mac)))
		memcpy(neighbour.mac, mnl_attr_get_payload(attributes[NDA_LLADDR]),
		       sizeof(neighbour.mac));
	neighbour.usable =
		header->ndm_state & usable && memcmp(neighbour.mac, none, sizeof(none)) != 0;
	neighbour.kept = header->ndm_state & NUD_PERMANENT ||
			 netlink_u32(attributes[NDA_FLAGS_EXT], 0) & NTF_EXT_MANAGED;
	return fib_set_neighbour(fib, &neighbour);
}

/*
 * One leg, or a route's only one. Left out are those the kernel does not use now, and those behind
 * an encapsulation (our own SIDs among them): such packets do not leave as they are.
 */
static size_t take_hop(const struct nlattr **attributes, uint32_t ifindex, uint32_t weight,
		       unsigned int flags, struct fib_hop *ret)
{
	struct fib_hop hop = {.ifindex = ifindex, .weight = weight};

	if (!ifindex || flags & RTNH_F_DEAD || attributes[RTA_ENCAP_TYPE])
		return 0;
	if (holds(attributes[RTA_GATEWAY], sizeof(hop.gateway)))
		memcpy(&hop.gateway, mnl_attr_get_payload(attributes[RTA_GATEWAY]),
		       sizeof(hop.gateway));
	*ret = hop;
	return 1;
}

static size_t take_legs(const struct nlattr *multipath, struct fib_hop *ret, size_t max)
{
	const struct rtnexthop *leg = mnl_attr_get_payload(multipath);
	int left = mnl_attr_get_payload_len(multipath);
	size_t n = 0;

	while (n < max && RTNH_OK(leg, left)) {
		const struct nlattr *attributes[RTA_MAX + 1];

		netlink_within(RTNH_DATA(leg), leg->rtnh_len - RTNH_LENGTH(0), attributes, RTA_MAX);
		n += take_hop(attributes, leg->rtnh_ifindex, leg->rtnh_hops + 1u, leg->rtnh_flags,
			      &ret[n]);
		left -= RTNH_ALIGN(leg->rtnh_len);
		leg = RTNH_NEXT(leg);
	}
	return n;
}

static int take_route(struct fib *fib, const struct nlmsghdr *message)
{
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *attributes[RTA_MAX + 1];
	struct fib_hop hops[HOPS_MAX];
	struct fib_route route = {.length = header->rtm_dst_len, .hops = hops};

	netlink_attributes(message, sizeof(*header), attributes, RTA_MAX);
	if (header->rtm_family != AF_INET6 || header->rtm_flags & RTM_F_CLONED ||
	    header->rtm_src_len || /* routes by source are for those sources only */
	    netlink_u32(attributes[RTA_TABLE], header->rtm_table) != RT_TABLE_MAIN)
		return 0;

	if (holds(attributes[RTA_DST], sizeof(route.network)))
		memcpy(&route.network, mnl_attr_get_payload(attributes[RTA_DST]),
		       sizeof(route.network));
	route.metric = netlink_u32(attributes[RTA_PRIORITY], 0);

	if (header->rtm_type == RTN_UNICAST && attributes[RTA_MULTIPATH])
		route.n_hops = take_legs(attributes[RTA_MULTIPATH], hops, HOPS_MAX);
	else if (header->rtm_type == RTN_UNICAST)
		route.n_hops = take_hop(attributes, netlink_u32(attributes[RTA_OIF], 0), 1,
					header->rtm_flags, hops);
	if (header->rtm_type == RTN_BLACKHOLE)
		route.type = FIB_BLACKHOLE;
	else if (!route.n_hops)
		route.type = FIB_UNREACHABLE;
	return fib_append_route(fib, &route);
}

int rtnetlink_take(struct fib *fib, const struct nlmsghdr *message)
{
	size_t size = mnl_nlmsg_get_payload_len(message);

	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return size < sizeof(struct ifinfomsg) ? 0 : take_link(fib, message);
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		return size < sizeof(struct ndmsg) ? 0 : take_neighbour(fib, message);
	case RTM_NEWROUTE:
		return size < sizeof(struct rtmsg) ? 0 : take_route(fib, message);
	}
	return 0;
}

static int take_into(const struct nlmsghdr *message, void *userdata)
{
	return rtnetlink_take(userdata, message);
}

int rtnetlink_dump(struct netlink *requests, struct fib *fib, unsigned int tables)
{
	struct nlmsghdr *message;
	int err = 0;

	if (tables & FIB_LINKS) {
		struct ifinfomsg *header;

		message = netlink_request(requests, RTM_GETLINK, NLM_F_DUMP);
		header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
		header->ifi_family = AF_UNSPEC;
		err = netlink_run(requests, take_into, fib);
	}
	if (!err && tables & FIB_ROUTES) {
		struct rtmsg *header;

		message = netlink_request(requests, RTM_GETROUTE, NLM_F_DUMP);
		header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
		header->rtm_family = AF_INET6;
		header->rtm_table = RT_TABLE_MAIN;
		err = netlink_run(requests, take_into, fib);
		if (err == -ENOENT) /* no table before its first route */
			err = 0;
	}
	if (!err && tables & FIB_NEIGHBOURS) {
		struct ndmsg *header;

		message = netlink_request(requests, RTM_GETNEIGH, NLM_F_DUMP);
		header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
		header->ndm_family = AF_INET6;
		err = netlink_run(requests, take_into, fib);
	}
	return err;
}
