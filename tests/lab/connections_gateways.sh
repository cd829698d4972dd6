#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Gateways come, are restarted and upgraded, die and return under living connections, of both families,
# with and without timestamps; agents are restarted and upgraded; and none of the connections breaks.
# Takes up to 600 s.
# Topology: lab/topologies/churn.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

COUNT=200 # of each cell

restarted() {
	local before

	before=$(pid_of "$1" "$2")
	stop "$1" "$2" "$3"
	start_holdfast "$2" "$1"
	[[ $(pid_of "$1" "$2") != "$before" ]]
}

# Its daemons die, and with BIRD the announcement: the fabric sends its packets to the others.
processes_killed() {
	stop "$1" gateway KILL
	stop "$1" bird KILL
	vips_are_announced $((${#GATEWAYS[@]} - 1))
}

returned() {
	start_holdfast gateway "$1"
	gateway_bgp "$1"
	vips_are_announced "${#GATEWAYS[@]}"
}

# Without a goodbye: nothing of it answers any more.
cut_off() {
	ip_on "$1" link set eth0 down
	stop "$1" gateway KILL
	stop "$1" bird KILL
	vips_are_announced $((${#GATEWAYS[@]} - 1))
}

lab_open churn
topology_up
it "another build is made" build_upgrade
cells_open "$COUNT"

plan_gateway g3
survives "a gateway is added" 10 gateway_joins g3
survives "a gateway is restarted" 0 restarted g2 gateway TERM
survives "a gateway's daemon is killed and comes back" 0 restarted g2 gateway KILL
survives "a gateway is upgraded" 0 upgraded g1 gateway
survives "a gateway's processes die" 10 processes_killed g3
survives "it returns" 10 returned g3
survives "an agent is restarted" 0 restarted b1 agent TERM
survives "an agent is killed and comes back" 0 restarted b2 agent KILL
survives "an agent is upgraded" 0 upgraded b1 agent
survives "a gateway dies with its link" 10 cut_off g2
it "none broke in all that" none_broken "${CELLS[@]}"
tests_end
