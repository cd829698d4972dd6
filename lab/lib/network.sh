# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# Nodes, links, addresses. A node is a network namespace, LAB-NODE. A link is a veth pair made
# inside the two namespaces, so that nothing ever shows on the host.

# on NODE COMMAND...: not `ip netns exec`, which hides /sys/fs/bpf and mounts a /sys of its own.
# Whatever it is, it does not hold the topology's lock when the script is gone.
on() {
	local node=$1
	shift
	nsenter --net="/run/netns/$LAB-$node" -- "$@" {LAB_LOCK}>&-
}

# ip_on NODE ARGUMENTS...: the ip command in the node.
ip_on() {
	local node=$1
	shift
	ip -n "$LAB-$node" "$@"
}

# nodes: the names of the nodes made so far.
nodes() { cat "$LAB_STATE/nodes" 2>/dev/null || true; }

# node NAME: no packet is lost to duplicate address detection or to the reverse path filter.
node() {
	echo "$1" >>"$LAB_STATE/nodes"
	ip netns add "$LAB-$1"
	set_sysctl "$1" \
		net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0 \
		net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
		net.ipv6.conf.all.accept_ra=0 net.ipv6.conf.default.accept_ra=0 \
		net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
	ip_on "$1" link set lo up
}

# set_sysctl NODE KEY=VALUE...
set_sysctl() {
	local node=$1
	shift
	on "$node" sysctl -qw "$@"
}

# Where XDP reads them, a queue of a veth has room for 256 frames (drivers/net/veth.c), less than a router's: after
# darkness the timers of hundreds of connections run out in one tick. Flows are spread over the queues.
LINK_QUEUES=8

# link NODE OTHER: NODE's end is called after OTHER, OTHER's end is eth0.
link() {
	local queues=(numtxqueues "$LINK_QUEUES" numrxqueues "$LINK_QUEUES")

	ip_on "$1" link add "$2" mtu 1500 "${queues[@]}" type veth \
		peer name eth0 mtu 1500 "${queues[@]}" netns "$LAB-$2"
	ip_on "$1" link set "$2" up
	ip_on "$2" link set eth0 up
}

# address NODE DEVICE ADDRESS/LENGTH...
address() {
	local node=$1 device=$2 address
	shift 2

	for address; do
		ip_on "$node" address add "$address" dev "$device"
	done
}

# feeds_xdp NODE OTHER: OTHER's eth0 runs an XDP program that transmits. A frame that XDP sends on
# loses its half-made checksum, so the ends of the link complete theirs; and a veth takes a frame
# from XDP only if its peer runs XDP too.
feeds_xdp() {
	on "$1" ethtool -K "$2" tx off >/dev/null
	on "$2" ethtool -K eth0 tx off >/dev/null
	ip_on "$1" link set "$2" xdpdrv object "$LAB_BUILD/lab/xdp_pass.bpf.o" section xdp
}

# next_hops NODE PREFIX: how many next hops the node's kernel has for exactly this prefix.
next_hops() {
	local family=-4

	[[ $2 != *:* ]] || family=-6
	ip_on "$1" "$family" -j route show exact "$2" |
		jq 'map(if .nexthops then .nexthops[] else . end) | length'
}

has_next_hops() { [[ $(next_hops "$1" "$2") == "$3" ]]; }
