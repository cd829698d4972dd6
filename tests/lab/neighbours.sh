#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Nodes that run our programs answer their neighbours: a router asks from its link-local address, and
# what comes from outside the infrastructure prefix must not be mistaken for an intruder's.
# Topology: lab/topologies/small.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

neighbour() { ip_on fabric -j -6 neigh show "$(link_address "$1")" dev "$1" | jq -r ".[].$2"; }
is_reachable_again() { [[ $(neighbour "$1" 'state[0]') == REACHABLE ]]; }

# The router asks as it does by itself from time to time: unicast, to the address.
is_confirmed() {
	local mac

	on fabric bash -c "exec 3<>/dev/udp/$(link_address "$1")/9 && echo >&3"
	wait_for "the router to know $1" 5 is_reachable_again "$1"
	mac=$(neighbour "$1" lladdr)
	ip_on fabric -6 neigh change "$(link_address "$1")" lladdr "$mac" dev "$1" nud probe
	wait_for "$1 to be confirmed" 2 is_reachable_again "$1"
}

lab_open small
topology_up
for node in g1 b1; do
	it "$node answers a router that asks whether it is still there" is_confirmed "$node"
done
it "and no packet of that was taken for an intruder's" is 0 counter g1 outside-sid
tests_end
