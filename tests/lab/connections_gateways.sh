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

lab_open churn
topology_up
it "another build is made" build_upgrade
cells_open "$COUNT"

# From here on no row says any more where the connections without a cookie are: what a gateway knew of
# them in its pins, another has to ask for.
survives "the pool changes four times in a row" 10 weights_change b3 2 5 3 4
WEIGHT[b3]=4
plan_gateway g3
survives "a gateway is added" 10 gateway_joins g3
survives "a gateway is restarted" 0 restarted g2 gateway TERM
survives "a gateway's daemon is killed and comes back" 0 restarted g2 gateway KILL
survives "a gateway is upgraded" 0 upgraded g1 gateway
survives "a gateway's processes die" 10 processes_killed g3
survives "it returns" 10 processes_return g3
it "every rung of the ladder has answered by now" every_rung_answered
survives "an agent is restarted" 0 restarted b1 agent TERM
survives "an agent is killed and comes back" 0 restarted b2 agent KILL
survives "an agent is upgraded" 0 upgraded b1 agent
survives "a gateway dies with its link" 10 link_cut g2
it "none broke in all that" none_broken "${CELLS[@]}"
tests_end
