#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A backend that is disabled in the file keeps its connections and takes no new ones: the list of
# candidates is its successor, then itself.
# Its agent counts those that it still has: when there are none it may go.
# Topology: lab/topologies/anycast.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

# A connection that b1 holds, in mid-flow when b1 leaves the rows.
open_on_b1() {
	local family=$1 try

	for ((try = 0; try < 50; try++)); do
		talk_open "ipv$family" web "$family"
		[[ $(talk "ipv$family") != b1 ]] || return 0
		talk_close "ipv$family"
	done
	echo "50 connections, and none to b1"
	return 1
}

takes_no_new() {
	traffic_begin
	requests web "$1" 100
	answered_once web "$1" && is 0 served web "$1" b1
}

# tells WORDS: both gateways say that of b1.
tells() {
	local node

	for node in "${GATEWAYS[@]}"; do
		wait_for "$node to tell '$1' of b1" 10 is_told "$node" "$1"
	done
}

is_told() { holdfast "$1" backends | grep -qE "^web +b1 .* $2\b"; }

# counts N: b1's connections of the service come to that.
counts() {
	wait_for "b1 to count $1 connections of web" 10 is "$1" connections b1 web
}

lab_open anycast
topology_up

for family in 4 6; do
	it "b1 holds a connection over IPv$family" open_on_b1 "$family"
done
it "its agent counts both" counts 2
reconfigure web/b1
for family in 4 6; do
	it "the connection stays with b1 when b1 is disabled, IPv$family" is b1 talk "ipv$family"
	it "b1 takes no new connection, IPv$family" takes_no_new "$family"
	it "and the connection still stays with b1, IPv$family" is b1 talk "ipv$family"
done
it "they still are the only ones" counts 2
it "gateways tell how many are left" tells "draining, 2 connections"
talk_close ipv4
it "one ends, and one is left" counts 1
stop b1 agent KILL
agents b1
it "which an agent that has just started knows of, too" counts 1
talk_close ipv6
it "with the last one's end there is none" counts 0
it "and gateways tell that b1 is drained" tells "drained, no connection"
tests_end
