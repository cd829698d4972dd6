/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Questions to the kernel's tables and changes in them: see rtnetlink.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sys/socket.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "io/rtnetlink_parts.h"

/* A network in the kernel's terms: a family, its own length in bits, and the bytes that count. */
struct native {
	uint8_t family;
	uint8_t length;
	uint8_t size;
	const uint8_t *bytes;
};

static int to_native(const union address *address, uint8_t length, struct native *ret)
{
	if (length > 128 || (address_is_v4(address) && length < 96))
		return -EINVAL;
	if (address_is_v4(address))
		*ret = (struct native){AF_INET, length - 96, 4, address->bytes + 12};
	else
		*ret = (struct native){AF_INET6, length, 16, address->bytes};
	return 0;
}

/* `bytes` of the address's family, as an address. */
static union address from_native(uint8_t family, const void *bytes)
{
	union address address;

	if (family == AF_INET) {
		__be32 v4;

		memcpy(&v4, bytes, sizeof(v4));
		address_from_v4(&address, v4);
	} else {
		memcpy(&address, bytes, sizeof(address));
	}
	return address;
}

static int take_ifindex(const struct nlmsghdr *message, void *userdata)
{
	const struct ifinfomsg *header = mnl_nlmsg_get_payload(message);
	int *ifindex = userdata;

	if (message->nlmsg_type == RTM_NEWLINK &&
	    mnl_nlmsg_get_payload_len(message) >= sizeof(*header))
		*ifindex = header->ifi_index;
	return 0;
}

int rtnetlink_ifindex(struct rtnetlink *nl, const char *name)
{
	struct nlmsghdr *message = netlink_request(nl->requests, RTM_GETLINK, 0);
	struct ifinfomsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	int ifindex = -ENODEV, err;

	if (!*name || strlen(name) >= FIB_NAME_SIZE)
		return -EINVAL;
	header->ifi_family = AF_UNSPEC;
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	err = netlink_run(nl->requests, take_ifindex, &ifindex);
	return err ? err : ifindex;
}

/*
 * NTF_USE without NTF_EXT_MANAGED leaves an entry's state as it is and takes the mark off; a state
 * of our own here would overwrite what the kernel has learned.
 */
static int neighbour_request(struct rtnetlink *nl, uint32_t ifindex, const union address *address,
			     bool managed)
{
	struct nlmsghdr *message =
		netlink_request(nl->requests, RTM_NEWNEIGH, managed ? NLM_F_CREATE : 0);
	struct ndmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	if (address_is_v4(address))
		return -EINVAL;
	header->ndm_family = AF_INET6;
	header->ndm_ifindex = ifindex;
	header->ndm_state = NUD_NONE;
	header->ndm_flags = managed ? 0 : NTF_USE;
	mnl_attr_put(message, NDA_DST, sizeof(*address), address);
	if (managed)
		mnl_attr_put_u32(message, NDA_FLAGS_EXT, NTF_EXT_MANAGED);
	return netlink_run(nl->requests, NULL, NULL);
}

int rtnetlink_neighbour_manage(struct rtnetlink *nl, uint32_t ifindex, const union address *address)
{
	return neighbour_request(nl, ifindex, address, true);
}

int rtnetlink_neighbour_unmanage(struct rtnetlink *nl, uint32_t ifindex,
				 const union address *address)
{
	int err = neighbour_request(nl, ifindex, address, false);

	return err == -ENOENT || err == -ENODEV ? 0 : err;
}

/* A request about a route in table main, to be completed with what it leads to. */
static struct rtmsg *route_request(struct rtnetlink *nl, uint16_t type, uint16_t flags,
				   uint8_t family, uint8_t protocol, struct nlmsghdr **ret_message)
{
	struct nlmsghdr *message = netlink_request(nl->requests, type, flags);
	struct rtmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	header->rtm_family = family;
	header->rtm_table = RT_TABLE_MAIN;
	header->rtm_protocol = protocol;
	/* In a deletion NOWHERE stands for any scope. */
	header->rtm_scope = type == RTM_DELROUTE ? RT_SCOPE_NOWHERE : RT_SCOPE_UNIVERSE;
	*ret_message = message;
	return header;
}

/*
 * A route to a network that leads nowhere else: RTN_BLACKHOLE in table main, or RTN_LOCAL over the
 * loopback link `ifindex` in table local. Metric 0 is the kernel's own.
 */
static int network_request(struct rtnetlink *nl, uint16_t type, uint16_t flags, uint8_t kind,
			   uint32_t ifindex, const union address *address, uint8_t length,
			   uint8_t protocol, uint32_t metric)
{
	struct nlmsghdr *message;
	struct native native;
	struct rtmsg *header;
	int err = to_native(address, length, &native);

	if (err)
		return err;
	header = route_request(nl, type, flags, native.family, protocol, &message);
	header->rtm_type = kind;
	header->rtm_dst_len = native.length;
	if (kind == RTN_LOCAL) {
		header->rtm_table = RT_TABLE_LOCAL;
		if (type == RTM_NEWROUTE)
			header->rtm_scope = RT_SCOPE_HOST;
		mnl_attr_put_u32(message, RTA_OIF, ifindex);
	}
	mnl_attr_put(message, RTA_DST, native.size, native.bytes);
	if (metric)
		mnl_attr_put_u32(message, RTA_PRIORITY, metric);
	return netlink_run(nl->requests, NULL, NULL);
}

/* What IPv6 routes without a metric have (IP6_RT_PRIO_USER); IPv4's have none. */
#define INET6_METRIC 1024

/* Said for IPv6, too: a deletion without a metric takes any. IPv4's takes the lowest, which is none. */
static int vip_request(struct rtnetlink *nl, uint16_t type, uint16_t flags,
		       const union address *address, uint8_t length, uint8_t protocol,
		       uint32_t metric)
{
	if (!metric && !address_is_v4(address))
		metric = INET6_METRIC;
	return network_request(nl, type, flags, RTN_BLACKHOLE, 0, address, length, protocol, metric);
}

/* Whether the VIP that is in our way is our own, from before a restart. */
static int is_announced(struct rtnetlink *nl, const union address *address, uint8_t length,
			uint8_t protocol, uint32_t metric)
{
	struct rtnetlink_vip *vips;
	bool found = false;
	size_t n;
	int err = rtnetlink_vip_list(nl, protocol, &vips, &n);

	if (err)
		return err;
	for (size_t i = 0; i < n; i++)
		found |= vips[i].length == length && vips[i].metric == metric &&
			 address_equal(&vips[i].address, address);
	free(vips);
	return found;
}

int rtnetlink_vip_announce(struct rtnetlink *nl, const union address *address, uint8_t length,
			   uint8_t protocol, uint32_t metric)
{
	int err = vip_request(nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, address, length, protocol,
			      metric);

	if (err == -EEXIST && is_announced(nl, address, length, protocol, metric) == 1)
		return 0;
	return err;
}

int rtnetlink_vip_withdraw(struct rtnetlink *nl, const union address *address, uint8_t length,
			   uint8_t protocol, uint32_t metric)
{
	int err = vip_request(nl, RTM_DELROUTE, 0, address, length, protocol, metric);

	return err == -ESRCH || err == -ENOENT ? 0 : err;
}

/* Runs `fn` over a family's routes in table main, as far as the kernel filters; `fn` filters too.
 */
static int dump_routes(struct rtnetlink *nl, uint8_t family, uint8_t protocol, netlink_fn fn,
		       void *userdata)
{
	struct nlmsghdr *message = netlink_request(nl->requests, RTM_GETROUTE, NLM_F_DUMP);
	struct rtmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	int err;

	header->rtm_family = family;
	header->rtm_table = RT_TABLE_MAIN;
	header->rtm_protocol = protocol;
	err = netlink_run(nl->requests, fn, userdata);
	return err == -ENOENT ? 0 : err; /* no table before its first route */
}

/* The attributes of a dumped route of table main; NULL for any other message. */
static const struct rtmsg *main_route(const struct nlmsghdr *message,
				      const struct nlattr **ret_attributes)
{
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_type != RTM_NEWROUTE ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*header) ||
	    header->rtm_flags & RTM_F_CLONED)
		return NULL;
	netlink_attributes(message, sizeof(*header), ret_attributes, RTA_MAX);
	return netlink_u32(ret_attributes[RTA_TABLE], header->rtm_table) == RT_TABLE_MAIN ? header
											  : NULL;
}

struct vip_search {
	uint8_t protocol;
	struct rtnetlink_vip *vips;
	size_t n;
};

/* As in vip_request: 0 is a family's own. */
static uint32_t metric_of(const struct rtmsg *header, const struct nlattr *attribute)
{
	uint32_t metric = netlink_u32(attribute, 0);

	return header->rtm_family == AF_INET6 && metric == INET6_METRIC ? 0 : metric;
}

static int take_vip(const struct nlmsghdr *message, void *userdata)
{
	const uint8_t any[sizeof(union address)] = {};
	const struct nlattr *attributes[RTA_MAX + 1];
	const struct rtmsg *header = main_route(message, attributes);
	struct vip_search *search = userdata;
	struct rtnetlink_vip *vips;
	size_t size;

	if (!header || header->rtm_type != RTN_BLACKHOLE ||
	    header->rtm_protocol != search->protocol)
		return 0;
	size = header->rtm_family == AF_INET ? 4 : 16;
	if (attributes[RTA_DST] && mnl_attr_get_payload_len(attributes[RTA_DST]) < size)
		return 0;

	vips = reallocarray(search->vips, search->n + 1, sizeof(*vips));
	if (!vips)
		return -ENOMEM;
	search->vips = vips;
	vips[search->n++] = (struct rtnetlink_vip){
		.address = from_native(
			header->rtm_family,
			attributes[RTA_DST] ? mnl_attr_get_payload(attributes[RTA_DST]) : any),
		.length = header->rtm_dst_len + (header->rtm_family == AF_INET ? 96 : 0),
		.metric = metric_of(header, attributes[RTA_PRIORITY]),
	};
	return 0;
}

int rtnetlink_vip_list(struct rtnetlink *nl, uint8_t protocol, struct rtnetlink_vip **ret,
		       size_t *ret_n)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	struct vip_search search = {.protocol = protocol};

	for (size_t i = 0; i < sizeof(families); i++) {
		size_t before = search.n;
		int err = -EINTR;

		for (int attempt = 0; err == -EINTR && attempt < DUMP_ATTEMPTS; attempt++) {
			search.n = before;
			err = dump_routes(nl, families[i], protocol, take_vip, &search);
		}
		if (err) {
			free(search.vips);
			return err;
		}
	}

	*ret = search.vips;
	*ret_n = search.n;
	return 0;
}

int rtnetlink_local_add(struct rtnetlink *nl, uint32_t ifindex, const union address *address,
			uint8_t length, uint8_t protocol)
{
	int err = network_request(nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, RTN_LOCAL, ifindex,
				  address, length, protocol, 0);

	return err == -EEXIST ? 1 : err;
}

int rtnetlink_local_del(struct rtnetlink *nl, uint32_t ifindex, const union address *address,
			uint8_t length, uint8_t protocol)
{
	int err = network_request(nl, RTM_DELROUTE, 0, RTN_LOCAL, ifindex, address, length, protocol, 0);

	return err == -ESRCH ? 0 : err;
}

static int address_request(struct rtnetlink *nl, uint16_t type, uint16_t flags, uint32_t ifindex,
			   const union address *address, uint8_t length)
{
	struct nlmsghdr *message = netlink_request(nl->requests, type, flags);
	struct ifaddrmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	struct native native;
	int err = to_native(address, length, &native);

	if (err)
		return err;
	header->ifa_family = native.family;
	header->ifa_prefixlen = native.length;
	header->ifa_index = ifindex;
	header->ifa_scope = RT_SCOPE_UNIVERSE;
	header->ifa_flags = native.family == AF_INET6 ? IFA_F_NODAD : 0;
	mnl_attr_put(message, IFA_LOCAL, native.size, native.bytes);
	mnl_attr_put(message, IFA_ADDRESS, native.size, native.bytes);
	return netlink_run(nl->requests, NULL, NULL);
}

int rtnetlink_address_add(struct rtnetlink *nl, uint32_t ifindex, const union address *address,
			  uint8_t length)
{
	int err = address_request(nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, ifindex, address,
				  length);

	return err == -EEXIST ? 1 : err;
}

int rtnetlink_address_del(struct rtnetlink *nl, uint32_t ifindex, const union address *address,
			  uint8_t length)
{
	int err = address_request(nl, RTM_DELADDR, 0, ifindex, address, length);

	return err == -EADDRNOTAVAIL ? 0 : err;
}

static int default_request(struct rtnetlink *nl, uint16_t type, uint16_t flags,
			   const union address *gateway, uint32_t ifindex, uint8_t protocol)
{
	uint8_t via[sizeof(struct rtvia) + sizeof(*gateway)];
	struct nlmsghdr *message;
	struct rtmsg *header = route_request(nl, type, flags, AF_INET, protocol, &message);

	if (address_is_v4(gateway))
		return -EINVAL;
	memcpy(via, &(struct rtvia){.rtvia_family = AF_INET6}, sizeof(struct rtvia));
	memcpy(via + sizeof(struct rtvia), gateway, sizeof(*gateway));
	header->rtm_type = RTN_UNICAST;
	mnl_attr_put(message, RTA_VIA, sizeof(via), via);
	mnl_attr_put_u32(message, RTA_OIF, ifindex);
	return netlink_run(nl->requests, NULL, NULL);
}

int rtnetlink_route_default_via_inet6(struct rtnetlink *nl, const union address *gateway,
				      uint32_t ifindex, uint8_t protocol)
{
	int err = default_request(nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, gateway, ifindex,
				  protocol);

	return err == -EEXIST ? 1 : err;
}

int rtnetlink_route_default_via_inet6_delete(struct rtnetlink *nl, const union address *gateway,
					     uint32_t ifindex, uint8_t protocol)
{
	int err = default_request(nl, RTM_DELROUTE, 0, gateway, ifindex, protocol);

	return err == -ESRCH || err == -ENOENT ? 0 : err;
}

static int take_default(const struct nlmsghdr *message, void *userdata)
{
	const struct nlattr *attributes[RTA_MAX + 1];
	const struct rtmsg *header = main_route(message, attributes);
	bool *found = userdata;

	*found |= header && header->rtm_dst_len == 0 && header->rtm_type == RTN_UNICAST;
	return 0;
}

int rtnetlink_has_default_inet(struct rtnetlink *nl)
{
	bool found = false;
	int err = -EINTR;

	for (int attempt = 0; err == -EINTR && attempt < DUMP_ATTEMPTS; attempt++) {
		found = false;
		err = dump_routes(nl, AF_INET, RTPROT_UNSPEC, take_default, &found);
	}
	return err ? err : found;
}

static int default_of(const struct fib *fib, union address *ret_gateway, uint32_t *ret_ifindex)
{
	const struct fib_route *route = fib_route(fib, &(union address){}, 0);

	for (size_t i = 0; route && i < route->n_hops; i++) {
		const struct fib_hop *hop = &route->hops[i];

		if (hop->gateway.halves[0] || hop->gateway.halves[1]) {
			*ret_gateway = hop->gateway;
			*ret_ifindex = hop->ifindex;
			return 0;
		}
	}
	return -ENETUNREACH;
}

int rtnetlink_default_inet6(struct rtnetlink *nl, union address *ret_gateway, uint32_t *ret_ifindex)
{
	struct fib *fib = fib_new();
	int err = -EINTR;

	if (!fib)
		return -ENOMEM;
	for (int attempt = 0; err == -EINTR && attempt < DUMP_ATTEMPTS; attempt++) {
		fib_clear(fib);
		err = rtnetlink_dump(nl->requests, fib, FIB_ROUTES);
	}
	if (!err)
		err = default_of(fib, ret_gateway, ret_ifindex);
	fib_free(fib);
	return err;
}
