# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2016
#
# Living connections and what happens around them, as lab tests: four cells of connections (family, and
# with timestamps or without) talk all the time, one event after the other happens, and after each
# the account is made.
#
#	cells_open 200
#	survives "a backend is drained" 10 drain b2
#
# 10: so many percent of each cell's connections must go another way after it than before, or the event
# proves nothing. 0: it moves none, and the command itself makes sure that it happened.

CELLS=() # the names of the loads
declare -A BEFORE # their reports, when the event began

# cells_open COUNT [OPTIONS]: of each cell.
cells_open() {
	local count=$1 family
	shift

	for family in 4 6; do
		CELLS+=("ipv$family" "bare$family")
		it "$count connections are open over IPv$family" \
			load_open "ipv$family" live "$family" "$count" "$@"
		it "all of them with timestamps" is "$count" load_report "ipv$family" .kernel.timestamps
		it "$count connections are open over IPv$family without timestamps" \
			load_open_bare "bare$family" live "$family" "$count" "$@"
		it "none of them with timestamps" is 0 load_report "bare$family" .kernel.timestamps
	done
}

# survives SENTENCE PERCENT COMMAND...: the command in a subshell, as for `it`.
survives() {
	local sentence=$1 percent=$2 name
	shift 2

	for name in "${CELLS[@]}"; do
		BEFORE[$name]=$(load_report "$name")
	done
	ways_keep "${CELLS[@]}"
	load_tell "${CELLS[@]}" -- mark
	it "$sentence" "$@"
	((percent == 0)) || it "... so that $percent % of the connections or more go another way" \
		have_moved "$percent" "${CELLS[@]}"
	echo "# longest wait for an answer meanwhile: $(longest_wait "${CELLS[@]}") ms"
	load_ask_all "${CELLS[@]}"
	for name in "${CELLS[@]}"; do
		it "... and all $(load_report "$name" .live) of $name go on" goes_on "$name"
	done
	it "... as the servers say, too" servers_found_nothing
}

longest_wait() {
	local name

	for name; do
		load_report "$name" .longest_ms
	done | sort -n | tail -n 1
}

# goes_on NAME: each makes an exchange that begins behind the event, and nothing broke since before it.
goes_on() {
	local name=$1

	wait_for "all connections of $name to talk" 15 has_gone_on "$name" || load_complain "$name"
	compare_before "$name" '.broken == $before.broken' || load_complain "$name"
}

has_gone_on() {
	compare_before "$1" '.answered == .live and .live + .finished == $before.live + $before.finished'
}

# compare_before NAME EXPRESSION: of the report now, with $before.
compare_before() { load_ask "$1" report | jq -e --argjson before "${BEFORE[$1]}" "$2" >/dev/null; }

# every_rung_answered: at some gateway, for some packet.
every_rung_answered() {
	local rung node

	for rung in cookie pin candidates who-has; do
		echo "$rung: $(for node in "${GATEWAYS[@]}"; do counter "$node" "$rung"; done | paste -s -d ' ')"
	done | tee "$LAB_STATE/rungs"
	fails grep -E ':( 0)+$' "$LAB_STATE/rungs"
}
