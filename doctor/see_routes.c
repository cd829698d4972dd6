/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Routes by which the kernel writes TCP timestamps in microseconds: those with the feature tcp_usec_ts
 * (Linux 6.7; an older `ip route` shows features 0x10). It stands in the features among a
 * route's metrics (rtnetlink(7), RTA_METRICS).
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "doctor/see.h"

#ifndef RTAX_FEATURE_TCP_USEC_TS
#define RTAX_FEATURE_TCP_USEC_TS (1 << 4)
#endif

static int add_route(struct facts *facts, const struct rtmsg *header, const struct nlattr *to)
{
	size_t size = header->rtm_family == AF_INET ? 4 : 16;
	struct network network = {}, *list;
	__be32 v4 = 0;

	if (to && mnl_attr_get_payload_len(to) < size)
		return 0;
	if (header->rtm_family == AF_INET) {
		if (to)
			memcpy(&v4, mnl_attr_get_payload(to), sizeof(v4));
		address_from_v4(&network.address, v4);
	} else if (to) {
		memcpy(&network.address, mnl_attr_get_payload(to), size);
	}
	network.length = header->rtm_dst_len + (header->rtm_family == AF_INET ? 96 : 0);
	list = reallocarray(facts->usec_routes, facts->n_usec_routes + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	facts->usec_routes = list;
	list[facts->n_usec_routes++] = network;
	return 0;
}

static int take_route(const struct nlmsghdr *message, void *userdata)
{
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *attributes[RTA_MAX + 1], *metrics[RTAX_MAX + 1];

	if (message->nlmsg_type != RTM_NEWROUTE ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*header) || header->rtm_flags & RTM_F_CLONED)
		return 0;
	netlink_attributes(message, sizeof(*header), attributes, RTA_MAX);
	netlink_nested(attributes[RTA_METRICS], metrics, RTAX_MAX);
	if (!(netlink_u32(metrics[RTAX_FEATURES], 0) & RTAX_FEATURE_TCP_USEC_TS))
		return 0;
	return add_route(userdata, header, attributes[RTA_DST]);
}

int see_routes(struct facts *facts)
{
	return see_dump(RTM_GETROUTE, sizeof(struct rtmsg), take_route, facts);
}
