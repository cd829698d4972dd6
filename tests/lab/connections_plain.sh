#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Connections to servers without agents live by their pins: backends come, are drained, change their
# weights, gateways' daemons are killed and come back, their tables change their size; and none of the
# connections breaks.
# Takes up to 300 s.
# Topology: lab/topologies/plain.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

COUNT=200 # of each family

# pins_at [BACKEND]: flows pinned by all gateways, or those of this backend.
pins_at() {
	local node sum=0 which=${1:-} pins

	for node in "${GATEWAYS[@]}"; do
		pins=$(holdfast "$node" status --json | jq --arg which "$which" '
			if $which == "" then .pins.used
			else [.services[].backends[] | select(.name == $which).pins] | add end')
		sum=$((sum + pins))
	done
	echo "$sum"
}

room() { holdfast "$1" status --json | jq .pins.room; }

# at_server NODE: connections, as the clients know.
at_server() {
	local name sum=0

	for name in "${CELLS[@]}"; do
		sum=$((sum + $(load_report "$name" ".servers[\"$1\"] // 0")))
	done
	echo "$sum"
}

backend_joins_plain() {
	topology_backend "$1"
	reconfigure
}

tables_grow() {
	PINS=2500000 reconfigure
	for node in "${GATEWAYS[@]}"; do
		wait_for "$node to have the larger table" 10 is 3932160 room "$node"
	done
}

every_packet_goes_by_pin() {
	local before after

	all_pause "${CELLS[@]}"
	before=$(counted pin-midway "${GATEWAYS[@]}")
	load_talk 20 "${CELLS[@]}"
	after=$(counted pin-midway "${GATEWAYS[@]}")
	echo "$before and $after packets in mid-connection without a pin"
	((after == before && $(counted pin "${GATEWAYS[@]}") > 4 * COUNT))
}

lab_open plain
topology_up
for family in 4 6; do
	CELLS+=("plain$family")
	it "$COUNT connections are open over IPv$family" load_open "plain$family" live "$family" "$COUNT"
done
it "each of them is pinned, by one gateway" is $((2 * COUNT)) pins_at
it "to the server that has it" is "$(at_server b1)" pins_at b1
it "all their packets go by their pins" every_packet_goes_by_pin

PLAIN_BACKENDS+=(b4) BACKENDS+=(b4)
plan_member b4
survives "a backend is added" 10 backend_joins_plain b4
survives "weights change, and change again" 10 weights_change b1 1 5
survives "a gateway's daemon is killed and comes back" 0 restarted g2 gateway KILL
survives "a gateway is restarted" 0 restarted g1 gateway TERM
survives "a backend is drained" 10 reconfigure live/b2
it "status says how many flows it still has" is "$(at_server b2)" pins_at b2
MIDWAY=$(on_gateways pin-midway)
survives "the tables of pins change their size" 0 tables_grow
it "and no packet in mid-connection looked for its pin in a table that it was not yet in" \
	is "$MIDWAY" on_gateways pin-midway
it "all pins came along" is $((2 * COUNT)) pins_at
it "all packets go by them" every_packet_goes_by_pin
it "none broke in all that" none_broken "${CELLS[@]}"
tests_end
