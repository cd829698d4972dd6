#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The agent prepares its host, and `--detach` undoes exactly that.
# Topology: lab/topologies/anycast.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

# What the agent may touch, as text.
host_of() {
	ip_on "$1" address show dev lo
	ip_on "$1" -4 route show table all
	ip_on "$1" -6 route show table all | sed 's/ expires [^ ]*//'
	ip_on "$1" rule show
	ip_on "$1" -j link show dev eth0 | jq '.[].xdp.mode'
	on "$1" tc qdisc show dev eth0
	on "$1" tc filter show dev eth0 ingress
	on "$1" tc filter show dev eth0 egress
	on "$1" sysctl -a --pattern '^net\.(ipv4\.(conf|tcp_timestamps|tcp_syncookies|ip_nonlocal)|ipv6\.conf|ipv6\.seg6)' \
		2>/dev/null
}

is_prepared() {
	[[ $(ip_on b1 address show dev lo) == *"${VIP4[web]}/32"*"${VIP6[web]}/128"* ]]
	[[ $(ip_on b1 -4 route show default) == *"via inet6"* ]]
	[[ $(ip_on b1 -j link show dev eth0 | jq '.[].xdp.mode') != null ]]
}

as_before() { diff "$LAB_STATE/before" <(host_of b1); }

lab_open anycast
topology_up --without holdfast
host_of b1 >"$LAB_STATE/before"

agents b1
it "the agent prepares its host: VIPs on lo, the route back, XDP" is_prepared
stop b1 agent
it "an agent that is stopped leaves its host prepared" is_prepared
it "detach succeeds" detach_agent b1
it "after detach the host is as it was before" as_before
it "after detach nothing is pinned" is '' find "$(bpffs_of b1)" -type f

agents b1
it "an agent that starts again prepares it again" is_prepared
stop b1 agent KILL
it "detach works after the agent was killed" detach_agent b1
it "the host is as it was before, again" as_before
tests_end
