/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <bpf/bpf.h>

#include "base/number.h"
#include "daemon/pins.h"
#include "doctor/see.h"
#include "io/netlink.h"
#include "io/sysctl.h"

/* A link as rtnetlink tells it. */
struct link {
	uint32_t ifindex;
	unsigned int flags;
	uint32_t mtu;
	char name[FIB_NAME_SIZE];
	char kind[FACT_NAME_SIZE];
	uint8_t xdp; /* enum xdp_attached of the kernel's: XDP_ATTACHED_DRV ... */
	uint32_t program;
	uint32_t peer; /* ifindex of a veth's other end, 0: unseen */
	int32_t peer_netns;
	bool peer_elsewhere; /* in the network namespace that we call `peer_netns` */
};

static void take_text(const struct nlattr *attribute, char *to, size_t size)
{
	if (attribute)
		snprintf(to, size, "%s", mnl_attr_get_str(attribute));
}

static void take_xdp(const struct nlattr *nest, struct link *link)
{
	const struct nlattr *xdp[IFLA_XDP_MAX + 1] = {};

	if (!nest)
		return;
	netlink_nested(nest, xdp, IFLA_XDP_MAX);
	if (xdp[IFLA_XDP_ATTACHED])
		link->xdp = mnl_attr_get_u8(xdp[IFLA_XDP_ATTACHED]);
	/* With several modes at once, the driver's program is the first to see a packet. */
	link->program = netlink_u32(xdp[IFLA_XDP_PROG_ID], 0);
	if (link->xdp == XDP_ATTACHED_MULTI)
		link->program = netlink_u32(xdp[IFLA_XDP_DRV_PROG_ID], 0);
}

static int take_link(const struct nlmsghdr *message, void *userdata)
{
	const struct ifinfomsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *attributes[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1] = {};
	struct link *link = userdata;

	if (message->nlmsg_type != RTM_NEWLINK ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*header))
		return 0;
	netlink_attributes(message, sizeof(*header), attributes, IFLA_MAX);
	if (attributes[IFLA_LINKINFO])
		netlink_nested(attributes[IFLA_LINKINFO], info, IFLA_INFO_MAX);
	*link = (struct link){
		.ifindex = header->ifi_index,
		.flags = header->ifi_flags,
		.mtu = netlink_u32(attributes[IFLA_MTU], 0),
		.peer = netlink_u32(attributes[IFLA_LINK], 0),
		.peer_netns = netlink_u32(attributes[IFLA_LINK_NETNSID], -1),
		.peer_elsewhere = attributes[IFLA_LINK_NETNSID],
	};
	take_text(attributes[IFLA_IFNAME], link->name, sizeof(link->name));
	take_text(info[IFLA_INFO_KIND], link->kind, sizeof(link->kind));
	take_xdp(attributes[IFLA_XDP], link);
	return 0;
}

/* By name, or by index in the network namespace `netns`, -1: ours. */
static int get_link(struct netlink *netlink, const char *name, uint32_t ifindex, int32_t netns,
		    struct link *ret)
{
	struct nlmsghdr *message = netlink_request(netlink, RTM_GETLINK, 0);
	struct ifinfomsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	header->ifi_family = AF_UNSPEC;
	header->ifi_index = ifindex;
	if (netns >= 0)
		mnl_attr_put_u32(message, IFLA_TARGET_NETNSID, netns);
	if (name)
		mnl_attr_put_strz(message, IFLA_IFNAME, name);
	return netlink_run(netlink, take_link, ret);
}

/* ethtool(8)'s older half: one number for one question. */
static int offload(const char *interface, uint32_t question)
{
	struct ethtool_value value = {.cmd = question};
	struct ifreq request = {.ifr_data = (void *)&value};
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request) < 0)
		return -errno;
	return value.data;
}

static void see_program(uint32_t id, struct fact_interface *interface)
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(id);
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return;
	snprintf(interface->program, sizeof(interface->program), "%s", info.name);
	interface->interpreted = info.jited_prog_len == 0;
}

static void see_peer(struct netlink *netlink, const struct link *link,
		     struct fact_interface *interface)
{
	struct link peer = {};

	if (!link->peer || (link->peer_elsewhere && link->peer_netns < 0) ||
	    get_link(netlink, NULL, link->peer, link->peer_netns, &peer) < 0 || !peer.ifindex)
		return;
	memcpy(interface->peer, peer.name, sizeof(interface->peer));
	interface->peer_xdp = peer.xdp == XDP_ATTACHED_NONE ? NO : YES;
	if (!link->peer_elsewhere)
		interface->peer_checksum = offload(peer.name, ETHTOOL_GTXCSUM) == 1 ? YES : NO;
}

static int setting(const char *interface, const char *name)
{
	char path[128], text[16];
	uint64_t value;

	snprintf(path, sizeof(path), "net/ipv4/conf/%s/%s", interface, name);
	if (sysctl_read(path, text, sizeof(text)) < 0 || number_parse(text, INT16_MAX, &value) < 0)
		return -1;
	return value;
}

/* The kernel takes the greater of `all` and the interface's. */
static int setting_in_effect(const char *interface, const char *name)
{
	int all = setting("all", name), own = setting(interface, name);

	return all > own ? all : own;
}

static void see_interface(struct netlink *netlink, struct fact_interface *interface)
{
	struct link link = {};
	int flags, stamp;

	if (get_link(netlink, interface->name, 0, -1, &link) < 0 || !link.ifindex)
		return;
	interface->ifindex = link.ifindex;
	interface->running = link.flags & IFF_UP && link.flags & IFF_RUNNING;
	interface->mtu = link.mtu;
	interface->xdp = link.xdp == XDP_ATTACHED_NONE	? XDP_NONE
			 : link.xdp == XDP_ATTACHED_SKB ? XDP_GENERIC
							: XDP_NATIVE;
	if (interface->xdp != XDP_NONE)
		see_program(link.program, interface);
	stamp = pins_query_egress(interface->name);
	interface->stamp = stamp < 0 ? UNSEEN : stamp ? YES : NO;
	flags = offload(interface->name, ETHTOOL_GFLAGS);
	interface->lro = flags > 0 && flags & ETH_FLAG_LRO;
	interface->veth = strcmp(link.kind, "veth") == 0;
	if (interface->veth)
		see_peer(netlink, &link, interface);
	interface->rp_filter = setting_in_effect(interface->name, "rp_filter");
	interface->arp_ignore = setting_in_effect(interface->name, "arp_ignore");
}

int see_interfaces(struct facts *facts)
{
	const struct config_gateway *gateway = config_gateway(facts->config, facts->node);
	const struct config_backend *backend = config_backend(facts->config, facts->node);
	char *const *names =
		facts->role == ROLE_GATEWAY ? gateway->interfaces : backend->interfaces;
	size_t n = facts->role == ROLE_GATEWAY ? gateway->n_interfaces : backend->n_interfaces;
	struct netlink *netlink;
	int r = netlink_new(&netlink);

	if (r < 0)
		return r;
	facts->interfaces = calloc(n + 1, sizeof(*facts->interfaces));
	for (size_t i = 0; facts->interfaces && i < n; i++) {
		struct fact_interface *interface = &facts->interfaces[facts->n_interfaces++];

		*interface = (struct fact_interface){
			.name = names[i], .rp_filter = -1, .arp_ignore = -1};
		see_interface(netlink, interface);
	}
	netlink_free(netlink);
	return facts->interfaces ? 0 : -ENOMEM;
}
