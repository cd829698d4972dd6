#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Connections of every kind go by cookie, whatever their packets look like: begun by SYN cookies, multipath
# TCP, in segments of many packets that only the interface cuts. And a clock that could not be restored is
# never stamped: those connections go down the ladder.
# Topology: lab/topologies/churn.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

EACH=50
LARGE=150000 # bytes of an answer

on_backends() {
	local node

	for node in "${BACKENDS[@]}"; do
		set_sysctl "$node" "$1"
	done
}

# kind NAME WORDS [OPTIONS]: connections of both families, which go by cookie.
kind() {
	local name=$1 words=$2 family
	shift 2

	for family in 4 6; do
		it "$EACH connections $words (IPv$family)" \
			load_open "$name$family" live "$family" "$EACH" "$@"
		it "go by ${RUNG:-cookie}" by_rung "${RUNG:-cookie}" "$name$family"
		it "and none breaks" none_broken "$name$family"
		load_end "$name$family"
	done
}

# The interface of b1 cuts what the kernel hands it, for a peer without XDP does not forbid it to.
cut_by_interface() {
	ip_on "$FABRIC" link set b1 xdpdrv off
	on b1 ethtool -K eth0 tx on tso on
}

# What the kernel hands to its interface, behind the agent, while large answers are asked for.
sends_larger_than_the_mtu() {
	capture b1 eth0
	load_talk 20 "$@"
	capture_end b1 eth0
	has_captured eth0 "ip && tcp.srcport == $LOAD_PORT && frame.len > 2000" &&
		has_captured eth0 "ipv6 && tcp.srcport == $LOAD_PORT && frame.len > 2000"
}

lab_open churn
topology_up

kind plain "as any other"

on_backends net.ipv4.tcp_syncookies=2
kind syn "that began with SYN cookies"
on_backends net.ipv4.tcp_syncookies=1

kind multi "of multipath TCP" --mptcp

it "the interface of a backend cuts segments" cut_by_interface
for family in 4 6; do
	it "$EACH connections with answers of $LARGE bytes (IPv$family)" \
		load_open "large$family" live "$family" "$EACH" --wanted "$LARGE"
done
it "leave the kernel in pieces larger than the MTU" sends_larger_than_the_mtu large4 large6
it "and go by cookie" by_rung cookie large4 large6
it "and none breaks" none_broken large4 large6
load_end large4 large6
feeds_xdp "$FABRIC" b1

on_backends net.ipv4.tcp_timestamps=1
RUNG=candidates kind offset "of a host whose timestamps have a random offset"
on_backends net.ipv4.tcp_timestamps=2
kind again "after that"
tests_end
