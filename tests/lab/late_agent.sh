#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# An agent that knows nothing of the connections that its host has: those that carry its cookie it adopts, by
# their echo; those that began without one it leaves as they are. A stamp too many, or one that is missing,
# would end them: the client drops what seems old to it (PAWS).
# Topology: lab/topologies/anycast.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

# open_on_b1 NAME FAMILY
open_on_b1() {
	local try

	for ((try = 0; try < 50; try++)); do
		talk_open "$1" web "$2"
		[[ $(talk "$1") != b1 ]] || return 0
		talk_close "$1"
	done
	echo "50 connections, and none to b1"
	return 1
}

# Nothing is left of the agent, neither in the kernel nor on its host; then another one comes.
another_agent() {
	stop b1 agent
	detach agent b1
	agents b1
}

cookies_are() {
	holdfast "$1" status --json |
		jq -e --argjson on "$2" '.services[] | select(.name == "web").cookie == $on' >/dev/null
}

# with_cookies on|off: gateways and b1's agent take it.
with_cookies() {
	local node value=true

	COOKIE=$1
	[[ $1 == on ]] || value=false
	reconfigure
	signal b1 agent HUP
	for node in "${GATEWAYS[@]}" b1; do
		wait_for "$node to have cookies $1" 10 cookies_are "$node" "$value"
	done
}

# both_go_on NAME: three times, so that a stamp that was wrong shows in the next segment's echo.
both_go_on() {
	local family i

	for ((i = 0; i < 3; i++)); do
		for family in 4 6; do
			is b1 talk "$1$family"
		done
	done
}

export COOKIE=on
lab_open anycast
topology_up

for family in 4 6; do
	it "b1 holds a connection with a cookie, IPv$family" open_on_b1 "marked$family" "$family"
done
with_cookies off
for family in 4 6; do
	it "and one without, IPv$family" open_on_b1 "plain$family" "$family"
done
with_cookies on
it "another agent comes, from nothing" another_agent
it "connections with its cookie go on" both_go_on marked
it "and so do those without" both_go_on plain
tests_end
