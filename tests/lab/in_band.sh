#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Connections that can carry no cookie, of clients without timestamps or of a service with `cookie: off`,
# are pinned by their first reply, and keep their backend when it is a candidate no more.
# Topology: lab/topologies/churn.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

COUNT=100 # of each kind and family

# Each backend in turn is closed, and stays so while the rows of the others change three times: each change
# is a generation, and of the three that are candidates none has it then. Afterwards all talk.
changes_the_pool() {
	local victim other

	backend_joins b4 || return
	for victim in b1 b2 b3; do
		reconfigure "live/$victim"
		for other in b1 b2 b3 b4; do
			[[ $other == "$victim" ]] || reconfigure "live/$victim" "live/$other"
		done
		load_talk 20 "${LOADS[@]}" || return
	done
	reconfigure
}

# agents_take_it: they read the configuration again.
agents_take_it() {
	local node

	for node in "${AGENT_BACKENDS[@]}"; do
		signal "$node" agent HUP
		wait_for "$node to have taken it" 10 has_no_cookies "$node"
	done
}

has_no_cookies() { holdfast "$1" status --json | jq -e '.services | all(.cookie | not)'; }

without_cookies() {
	COOKIE=off
	reconfigure
	agents_take_it
	for node in "${GATEWAYS[@]}"; do
		wait_for "$node to have taken it" 10 has_no_cookies "$node"
	done
}

export COOKIE
lab_open churn
topology_up

set_sysctl "$CLIENT" net.ipv4.tcp_timestamps=0
it "$COUNT connections without timestamps open (IPv4)" load_open bare4 live 4 "$COUNT"
it "$COUNT connections without timestamps open (IPv6)" load_open bare6 live 6 "$COUNT"
it "their SYN-ACKs went through the routers of their SYNs" \
	eval "(($(counted reply-in-band "${BACKENDS[@]}") >= 2 * COUNT))"
it "which pinned them" eval "(($(counted pinned "${GATEWAYS[@]}") >= 2 * COUNT))"
set_sysctl "$CLIENT" net.ipv4.tcp_timestamps=1

pinned=$(counted pinned "${GATEWAYS[@]}")
it "$COUNT connections with cookies open" load_open marked live 4 "$COUNT"
it "none of them is pinned" is "$pinned" counted pinned "${GATEWAYS[@]}"
load_end marked # without cookies they would have to be asked for
LOADS=(bare4 bare6)

without_cookies
it "$COUNT connections to a service without cookies open (IPv4)" load_open plain4 live 4 "$COUNT"
it "$COUNT connections to a service without cookies open (IPv6)" load_open plain6 live 6 "$COUNT"
it "they are pinned, timestamps or not" \
	eval "(($(counted pinned "${GATEWAYS[@]}") >= pinned + 2 * COUNT))"
it "no SYN-ACK lacked its way" is 0 counted reply-no-way "${BACKENDS[@]}"

plan_backend b4
it "the pool changes beyond what candidates remember, and all of them go on" changes_the_pool
it "none of them was broken" none_broken "${LOADS[@]}"
it "their pins led to them" eval "(($(counted pin "${GATEWAYS[@]}") > 0))"
it "and nobody had to be asked who has one" is 0 counted who-has "${GATEWAYS[@]}"
tests_end
