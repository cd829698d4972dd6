#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A gateway's daemon is killed while it exchanges its maps for larger ones: the full ones are set aside, and those
# in their place are not there yet, or are empty. The next daemon finds everything again: connections that only
# pins lead to their server go on, and the rows are as they were.
# Takes up to 200 s.
# Topology: lab/topologies/plain.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

COUNT=100 # connections of each family
ROWS=100000 # bytes of the map of rows that hold those of routers and of the service in use
MAPS=(pin_buckets rows)

# The topology's configuration, with MANY services more: some hundreds need a larger map of rows.
MANY=0
many_services() {
	local i

	for ((i = 0; i < MANY; i++)); do
		echo "  more-$i: {vips: [10.77.$((i / 250)).$((i % 250 + 1))], protocol: tcp, ports: 80," \
			"max-backends: 10, health: {check: off}, backends: {b1: {}}}"
	done
}

# Variables outside of `it`, so that all that comes behind has them.
more_services() { MANY=$1 PINS=$2; }

pins_of() { echo "$(bpffs_of "$1")"/layout-*; }

# What the pinned map of rows begins with.
rows_in() {
	bpftool -j map dump pinned "$(pins_of "$1")/map-rows" | jq -r ".[0].value[:$ROWS] | join(\" \")" |
		sha256sum
}

size_of() { bpftool -j map show pinned "$(pins_of "$1")/map-$2" | jq .bytes_value; }

# As a daemon leaves them that was killed when the maps were set aside, and no others made.
set_aside() {
	local map

	stop "$1" gateway KILL
	for map in "${MAPS[@]}"; do
		mv "$(pins_of "$1")/map-$map" "$(pins_of "$1")/former-$map"
	done
}

# And that was killed when the others were there: of the same size here, so nothing tells that they are empty.
set_aside_for_empty_ones() {
	local map pins

	pins=$(pins_of "$1")
	set_aside "$1"
	for map in "${MAPS[@]}"; do
		bpftool map create "$pins/map-$map" type array key 4 entries 1 flags 0x400 name "$map" \
			value "$(bpftool -j map show pinned "$pins/former-$map" | jq .bytes_value)"
	done
}

# killed_in_exchange NODE: for real. The daemon is about to load for a second when the last of the new ones is
# there, and a tight loop sees it.
killed_in_exchange() {
	local pid pins end=$((SECONDS + 30))

	pid=$(pid_of "$1" gateway) pins=$(pins_of "$1")
	put_config live/b1
	until [[ -e $pins/former-rows && -e $pins/map-rows && -e $pins/map-pin_buckets ]]; do
		((SECONDS < end)) || { echo "no maps were exchanged"; return 1; }
	done
	kill -KILL "$pid"
	stop "$1" gateway KILL
	ls "$pins"
	[[ -e $pins/former-pin_buckets && -e $pins/former-rows ]]
}

# NODE EVENT...: the event ends its daemon, and the next one finds its rows.
finds_its_rows() {
	local node=$1 before
	shift

	before=$(rows_in "$node")
	"$@" "$node"
	start_holdfast gateway "$node"
	is "$before" rows_in "$node"
	fails ls "$(pins_of "$node")"/former-*
}

is_larger() {
	echo "$(size_of "$1" rows) bytes of rows, $(size_of "$1" pin_buckets) of pins"
	(($(size_of "$1" rows) > MANY * 1000 * 8 && $(size_of "$1" pin_buckets) > PINS * 4))
}

lab_open plain
eval "topology_$(declare -f write_config)"
write_config() {
	topology_write_config "$@"
	many_services
}

topology_up
for family in 4 6; do
	CELLS+=("plain$family")
	it "$COUNT connections are open over IPv$family" load_open "plain$family" live "$family" "$COUNT"
done
it "b1 takes no new connections: by pins alone its old ones are found" reconfigure live/b1
survives "g1's maps are set aside, and no others there" 0 finds_its_rows g1 set_aside
survives "g2's maps are set aside, and the others empty" 0 finds_its_rows g2 set_aside_for_empty_ones
more_services 300 2000000
survives "g1's daemon is killed while it makes larger ones" 0 finds_its_rows g1 killed_in_exchange
it "then they are larger" is_larger g1
survives "g2's daemon starts over what it made at the same time" 0 restarted g2 gateway KILL
it "none broke in all that" none_broken "${CELLS[@]}"
tests_end
