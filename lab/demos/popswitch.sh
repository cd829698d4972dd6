#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Site switch: the network begins to bring west's clients to the other site, in the middle of their connections,
# and later back. Those with timestamps carry a cookie, which every gateway of every site reads; for those
# without, the gateways ask each other who has it.
# Topology: lab/topologies/pops.sh. --once: exit 0 only if no connection broke.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=lab/demos/cast.sh
. "$LAB_HOME/lab/demos/cast.sh"

CROWD=40 # connections of each client and family

# found_by_asking GATEWAY...: connections that these found by asking.
found_by_asking() {
	local node sum=0

	for node; do
		sum=$((sum + $(holdfast "$node" status --json | jq '.["who-has"].claimed')))
	done
	echo "$sum"
}

# path_of_west longer|normal: as an operator does it who moves traffic away, at west's fabric router.
path_of_west() {
	local as=${GATEWAY_AS_OF[west]} lines=("route-map gateways permit 10")

	case $1 in
	longer) lines+=("set as-path prepend $as $as $as $as") ;;
	normal) lines+=("no set as-path prepend") ;;
	esac
	vtysh_configure fw "${lines[@]}"
	vtysh_on fw clear bgp ipv4 unicast '*' soft in
	vtysh_on fw clear bgp ipv6 unicast '*' soft in
}

# The route map that path_of_west changes, which takes effect when it says so.
prepare_path() {
	local neighbour lines=("bgp route-map delay-timer 0" "route-map gateways permit 10" "router bgp ${FABRIC_AS_OF[west]}")

	for neighbour in $(gateway_neighbours west); do
		case $neighbour in
		*:*) lines+=("address-family ipv6 unicast") ;;
		*) lines+=("address-family ipv4 unicast") ;;
		esac
		lines+=("neighbor ${neighbour%=*} route-map gateways in" "exit-address-family")
	done
	vtysh_configure fw "${lines[@]}"
}

# arrives_at SITE OTHER: of west's clients, from the event on.
arrives_at() {
	wait_for "an answer from $1" 15 first_served "$1" "$EVENT_US" cw nw
	announced_by west "$3"
	pass 1500
	FIRST=$(first_served "$1" "$EVENT_US" cw nw) LAST=$(last_served "$2" "$EVENT_US" cw nw)
}

away() {
	local cookie asked

	heading "The way to west becomes a long one"
	cookie=$(counted cookie ge1 ge2) asked=$(found_by_asking ge1 ge2)
	tell "west's router prepends its gateways' AS four times: the best path for its clients leads to east now"
	event "path to west longer"
	path_of_west longer
	arrives_at east west 1
	tell "all packets of west's clients arrive at east's gateways"
	more "First new connection served in east: $FIRST ms after the change. Last one in west: $LAST ms after."
	expect "every living connection makes one more exchange" crowds_talk
	tell "every connection has had an answer since, from the server in west where it lives"
	WITH=$(alive_of cw) WITHOUT=$(alive_of nw) ASKED=$(($(found_by_asking ge1 ge2) - asked))
	more "$WITH with timestamps, by their cookie: $(($(counted cookie ge1 ge2) - cookie)) packets of east's gateways"
	more "$WITHOUT without, by asking west's gateways who has it: $ASKED connections found so, with the 8 downloads of nw"
	expect "those without timestamps were found by asking" test "$ASKED" -ge $((CROWD * 2 + 8))
	expect "all with timestamps were kept" test "$WITH" == $((CROWD * 2))
	expect "all without were kept" test "$WITHOUT" == $((CROWD * 2))
	moments 300 1200 cw nw
}

# alive_of CLIENT: of its connections that were open at the beginning.
alive_of() {
	local family alive sum=0

	for family in 4 6; do
		read -r _ alive _ < <(crowd_account "$1$family")
		sum=$((sum + alive))
	done
	echo "$sum"
}

guests_begin() {
	local client family

	heading "Connections begin over there"
	for client in cw nw; do
		for family in 4 6; do
			crowd_open "$client$family-guests" "$client" "$family" 20
			CROWD_MARK[$client$family-guests]="begun while away"
		done
	done
	tell "80 more of west's clients, on servers in east"
}

home() {
	heading "And the way home"
	tell "west's router prepends no more"
	event "path to west normal"
	path_of_west normal
	arrives_at west east 2
	tell "packets arrive at west's gateways again, also those of connections that live in east"
	more "First new connection served in west: $FIRST ms after the change. Last one in east: $LAST ms after."
}

kept() {
	heading "Kept through the switch"
	printf '  with timestamps     %d of %d, by their cookie\n' "$WITH" $((CROWD * 2))
	printf '  without             %d of %d, by who-has, which found %d (and 8 downloads)\n' "$WITHOUT" $((CROWD * 2)) $((ASKED - 8))
}

main() {
	local once

	once=$(story_once "$@")
	cast_up
	prepare_path
	story_begin
	cast_acts "$CROWD"
	cast_downloads 25 cw nw
	away
	guests_begin
	home
	cast_account
	kept
	whole_story
	cast_ends "$once"
}

main "$@"
