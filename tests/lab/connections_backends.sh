#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Backends come, change their weights, are drained and removed under living connections, of both families,
# with and without timestamps, and none of the connections breaks.
# Takes up to 600 s.
# Topology: lab/topologies/churn.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

COUNT=200 # of each cell

# Its connections go on until they close by themselves; then it is removed.
drained_and_removed() {
	local cell

	reconfigure live/b2
	for cell in "${CELLS[@]}"; do
		load_has "$cell" '.servers.b2 > 10'
	done
	load_ask_all "${CELLS[@]}"
	for cell in "${CELLS[@]}"; do
		wait_for "all of $cell to talk, those of b2 too" 10 load_all_answered "$cell"
	done
	load_leave b2 "${CELLS[@]}"
	plan_no_member b2
	reconfigure
}

lab_open churn
topology_up
cells_open "$COUNT"

plan_backend b4
survives "a backend is added" 10 backend_joins b4
WEIGHT[b1]=1 WEIGHT[b2]=2 WEIGHT[b3]=4
survives "weights change" 10 reconfigure
survives "a backend is drained" 10 reconfigure live/b3
survives "and is opened again" 10 reconfigure
survives "another is drained, its connections end, and it is removed" 10 drained_and_removed
plan_no_member b2
survives "the pool changes four times in a row" 10 weights_change b3 2 5 3 1
WEIGHT[b3]=1
survives "the keys of cookies are rotated" 0 keys_rotate 1
it "none broke in all that" none_broken "${CELLS[@]}"
tests_end
