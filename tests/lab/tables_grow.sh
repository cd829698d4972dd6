#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Thousands of services come, change and go beside the one that is in use. The maps of rows and members are
# replaced by larger ones under its connections, which do not notice.
# Takes up to 300 s.
# Topology: lab/topologies/plain.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

COUNT=100 # connections of each family
MORE=3000 # services: more members and rows than the least gateway has places for

# The topology's configuration, with MANY services more, which are called NAMED and may have MOST backends.
MANY=0
NAMED=more
MOST=10
many_services() {
	local i

	for ((i = 0; i < MANY; i++)); do
		echo "  $NAMED-$i: {vips: [10.77.$((i / 250)).$((i % 250 + 1))], protocol: tcp, ports: 80," \
			"max-backends: $MOST, health: {check: off}, backends: {b1: {}, b2: {}}}"
	done
}

# rows_on NODE: places in the map of rows.
rows_on() {
	bpftool -j map show pinned "$(echo "$(bpffs_of "$1")"/layout-*/map-rows)" | jq ".bytes_value / 8"
}

services_on() { holdfast "$1" status --json | jq '.services | length'; }
named_on() {
	holdfast "$1" status --json |
		jq --arg name "$2-" '[.services[] | select(.name | startswith($name))] | length'
}

# with_services NUMBER: and waits until the gateways have as many, and one in use.
with_services() {
	local node

	MANY=$1 put_config
	for node in "${GATEWAYS[@]}"; do
		wait_for "$node to have $1 services more" 60 is $((${#SERVICES[@]} + $1)) services_on "$node"
	done
}

# Services that change stand beside what they were, until no packet looks there any more.
with_names() {
	local node

	NAMED=$1 MANY=$MORE put_config
	for node in "${GATEWAYS[@]}"; do
		wait_for "$node to have $MORE services of the new name" 60 is "$MORE" named_on "$node" "$1"
		is $((${#SERVICES[@]} + MORE)) services_on "$node"
	done
}

with_most() { NAMED=$1 MOST=$2 MANY=$MORE reread g1 gateway reread g2 gateway put_config; }

# A gateway that is down when they change finds the former ones in its maps.
renamed_meanwhile() {
	stop g1 gateway KILL
	NAMED=$1 MOST=$2 MANY=$MORE put_config
	start_holdfast gateway g1
	is "$MORE" named_on g1 "$1"
	wait_for "g2 to have them, too" 60 is "$MORE" named_on g2 "$1"
}

grew() {
	local node

	for node in "${GATEWAYS[@]}"; do
		echo "$node has $(rows_on "$node") rows"
		(($(rows_on "$node") > MORE * 1000)) || return 1
	done
}

all_talk() { load_talk 20 "${CELLS[@]}"; }

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
survives "$MORE services are added" 0 with_services "$MORE"
it "the maps of rows have grown for them" grew
it "all connections are answered" all_talk
survives "a gateway's daemon starts over the larger maps" 0 restarted g1 gateway TERM
survives "the services go again" 0 with_services 0
it "the maps stay as large as they were" grew
survives "a gateway's daemon starts over them" 0 restarted g2 gateway KILL
survives "the services are there again" 0 with_services "$MORE"
survives "all of them have other names" 0 with_names other
survives "all of them may have more backends, and so have more rows" 0 with_most other 15
survives "all have other names again when a gateway's daemon starts" 0 renamed_meanwhile third 15
it "none broke in all that" none_broken "${CELLS[@]}"
tests_end
