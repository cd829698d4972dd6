#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Gateways and sites take leave: their VIPs are announced with the community of graceful shutdown until
# clients' traffic has left, then they are withdrawn; connections talk all the time, and every byte is checked.
# Routers that do not know the community lose nothing by it. Takes up to 240 s. Topology: lab/topologies/pops.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

# with_drain [SITE]: the configuration, with the gateways DRAINED and that site. Gateways take it.
with_drain() {
	local gateway

	put_config "$@"
	for gateway in "${GATEWAYS[@]}"; do
		signal "$gateway" gateway HUP
	done
}

# phase_of GATEWAY: none, leaving or left.
phase_of() { holdfast "$1" status --json | jq -r .drain.phase; }
comes_to() { wait_for "$1 to be at '$2'" "${3:-15}" is "$2" phase_of "$1"; }

# told GATEWAY TEXT: it is the newest of its events about a drain.
told() {
	holdfast "$1" events --json | jq -r 'select(.event | startswith("drain-")) | .text' | tail -n 1 |
		grep -E "$2"
}

# marks GATEWAY...: how many of their VIPs, of both families, the fabric has with the community.
marks() {
	local service

	for service in "${SERVICES[@]}"; do
		vtysh_on fw show bgp ipv4 unicast "${VIP4[$service]}/32" json
		vtysh_on fw show bgp ipv6 unicast "${VIP6[$service]}/128" json
	done | jq -s --arg from "$(addresses_of "$@")" '
		[.[].paths[] | select(.peer.peerId | IN($from | splits(" ")))
			| select(.community.string // "" | contains("graceful-shutdown"))] | length'
}

addresses_of() {
	local gateway

	for gateway; do
		printf '%s %s ' "10.72.${LINK[$gateway]}.2" "$(link_address "$gateway")"
	done
}

# Both services, by both families.
all_marked() { wait_for "the community of $*" 5 is $(($# * 4)) marks "$@"; }

# What the gateway has done, the fabric hears of a moment later.
none_marked() { wait_for "the fabric to have nothing with the community of $1" 5 is 0 marks "$1"; }

# The traffic of clients that arrives at these gateways, and that others do not hand them.
arrived() { echo "$(($(counted cookie "$@") + $(counted picked "$@") + $(counted to-router "$@")))"; }

has_talked() {
	crowds_talk
	# shellcheck disable=SC2046
	none_broken $(printf '%s\n' "${CROWDS[@]}")
}

# gateway_leaves GATEWAY: marked, then quiet, then withdrawn; the other one has all its traffic.
gateway_leaves() {
	DRAINED=("$1")
	with_drain
	all_marked "$1"
	announced_by west 1
	has_talked
	comes_to "$1" left
	told "$1" "clients' traffic has left after [0-9.]+ s, the VIPs are withdrawn" | sed 's/^/# /' >&3
	none_marked "$1"
	has_talked
}

gateway_returns() {
	DRAINED=()
	with_drain
	announced_by west 2
	comes_to "$1" none
	none_marked "$1"
	has_talked
}

nothing_arrives() {
	local before

	before=$(arrived "$1")
	has_talked
	is "$before" arrived "$1"
}

stopped_and_back() {
	stop "$1" gateway TERM
	has_talked
	gateways "$1"
	is left phase_of "$1"
	is '' ip_on "$1" route show proto 72
}

site_leaves() {
	with_drain west
	all_marked gw1 gw2
	announced_by west 1 # over the core
	has_talked
	comes_to gw1 left
	comes_to gw2 left
	has_talked
}

site_returns() {
	with_drain
	announced_by west 2
	has_talked
}

# A router that takes the community away before it looks.
fabric_is_deaf() {
	local node

	vtysh_configure fw 'route-map deaf permit 10' 'set community none'
	for node in ${GATEWAYS_OF[west]}; do
		vtysh_configure fw 'router bgp 65010' 'address-family ipv4 unicast' \
			"neighbor 10.72.${LINK[$node]}.2 route-map deaf in"
		vtysh_configure fw 'router bgp 65010' 'address-family ipv6 unicast' \
			"neighbor $(link_address "$node") route-map deaf in"
	done
}

taken_back_on_the_way() {
	DRAINED=(gw1)
	with_drain
	comes_to gw1 leaving
	has_talked
	is leaving phase_of gw1
	has_next_hops fw "${VIP4[live]}" 2
	is 0 marks gw1
	gateway_returns gw1
}

withdrawal_moves_it() {
	DRAIN_LIMIT_S=4
	DRAINED=(gw1)
	with_drain
	comes_to gw1 leaving
	comes_to gw1 left 10
	told gw1 "clients still send [0-9]+ packets/s here after 4 s" | sed 's/^/# /' >&3
	announced_by west 1
	has_talked
	nothing_arrives gw1
}

exec 3>&1
lab_open pops
topology_up
crowds_open 30 "${CLIENTS[@]}"
for gateway in gw1 gw2; do
	it "$gateway (${BGP_OF[$gateway]}) is drained: marked, then quiet, then withdrawn" gateway_leaves "$gateway"
	it "what clients send does not come to it any more" nothing_arrives "$gateway"
	it "stopped and started again, it announces nothing" stopped_and_back "$gateway"
	it "it announces its VIPs again, without the community" gateway_returns "$gateway"
done
it "a whole site is drained: its clients come to the other one, and no connection breaks" site_leaves
it "and back" site_returns

fabric_is_deaf
it "a router that does not know the community moves nothing, and a drain is taken back" taken_back_on_the_way
it "after the limit the withdrawal moves the traffic, and no connection breaks" withdrawal_moves_it
tests_end
