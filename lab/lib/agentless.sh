# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# A backend without agent: the kernel's seg6local takes the packets out of SRv6, the VIP is on lo,
# and replies go out directly. Five settings of a stock Linux; this is also their documentation.

SID_DECAP_V4=f0d4 # the functions, wire/srv6.h
SID_DECAP_V6=f0d6

# agentless NODE LOCATOR ROUTER VIP...: LOCATOR is the first 64 bits (fd48:6f6c:0:204), ROUTER the
# next hop of the way out.
agentless() {
	local node=$1 locator=$2 router=$3 vip
	shift 3

	set_sysctl "$node" net.ipv4.conf.eth0.rp_filter=0
	for vip; do
		ip_on "$node" address add "$vip" dev lo
	done
	ip_on "$node" -6 route add "$locator:$SID_DECAP_V6::" \
		encap seg6local action End.DT6 table 255 dev eth0
	ip_on "$node" -6 route add "$locator:$SID_DECAP_V4::" \
		encap seg6local action End.DX4 nh4 0.0.0.0 dev eth0
	# What the outer header of a single segment leaves of 1500 bytes, less IP and TCP.
	ip_on "$node" -6 route replace default via "$router" dev eth0 advmss 1400
	ip_on "$node" -4 route replace default via inet6 "$router" dev eth0 advmss 1420
}
