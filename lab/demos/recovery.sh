#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Recovery: while all servers of west are gone, connections begin in east. West comes back: new ones come home,
# and those stay where they are, whether their clients' packets carry a cookie or not.
# Topology: lab/topologies/pops.sh. --once: exit 0 only if no connection broke but those of killed servers.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=lab/demos/cast.sh
. "$LAB_HOME/lab/demos/cast.sh"

CROWD=15  # connections of each client and family
GUESTS=50 # of west's clients that begin in east

west_dies() {
	heading "The power of all servers in west is cut"
	tell "w1, w2 and w3 go dark"
	power_cut "west dies" w1 w2 w3
	away_begins "$EVENT_US"
	tell "new connections of west's clients go on to east"
	more "First answer from east: $FIRST ms after the death. Last new connection given to the dead: $LAST ms after."
}

# Of west's clients, through west's gateways, to east's servers.
guests_begin() {
	local client family

	heading "Meanwhile connections begin that are to last"
	for client in cw nw; do
		for family in 4 6; do
			crowd_open "$client$family-guests" "$client" "$family" "$GUESTS"
			CROWD_MARK[$client$family-guests]="begun in east"
		done
	done
	tell "$((GUESTS * 2)) with timestamps, which carry a cookie, and $((GUESTS * 2)) without, which are pinned: at the gateways"
	more "of both sites, by the SYN-ACK on its way back"
	expect "all of them live on servers of east" guests_live_in_east
	cast_downloads 20 cw nw
}

guests_live_in_east() {
	local name

	for name in {c,n}w{4,6}-guests; do
		load_has "$name" "[.servers | to_entries[] | select(.key | startswith(\"e\")) | .value] | add == $GUESTS" >/dev/null ||
			return
	done
}

west_returns() {
	local first last

	heading "Power is back"
	tell "w1, w2 and w3 start again; west's gateways ask them, and they pass"
	power_returns w1 w2 w3
	site_goes_to west web null
	site_goes_to west live null
	wait_for "an answer from west" 10 first_served west "$EVENT_US" cw nw
	pass 1000
	first=$(first_served west "$EVENT_US" cw nw) last=$(last_served east "$EVENT_US" cw nw)
	tell "new connections of west's clients are served at home again"
	more "First one at home: $first ms after the power came (nginx has to start, too). Last one to east: $last ms after."
	moments 200 $((last + 500)) cw nw
}

guests_stay() {
	heading "And those that began in east?"
	pass 3000
	expect "all of them still live in east" guests_live_in_east
	tell "they are where they were, on $(crowds_servers cw4-guests) (cw, IPv4), for example"
	by_ladder
}

# What leads them: counted while they talk, at west's gateways, where their packets arrive.
by_ladder() {
	local cookie pin

	cookie=$(counted cookie gw1 gw2) pin=$(counted pin gw1 gw2)
	pass 2000
	more "In two seconds west's gateways sent $(($(counted cookie gw1 gw2) - cookie)) packets by cookie, and $(($(counted pin gw1 gw2) - pin)) by pin"
}

kept() {
	local with=0 without=0 name alive

	for name in {c,n}w{4,6}-guests; do
		read -r _ alive _ < <(crowd_account "$name")
		case $name in
		c*) with=$((with + alive)) ;;
		*) without=$((without + alive)) ;;
		esac
	done
	heading "Kept through recovery"
	printf '  with timestamps     %d of %d\n' "$with" $((GUESTS * 2))
	printf '  without             %d of %d\n' "$without" $((GUESTS * 2))
	expect "all of them were kept" test "$with" == $((GUESTS * 2)) -a "$without" == $((GUESTS * 2))
}

main() {
	local once

	once=$(story_once "$@")
	cast_up
	story_begin
	cast_acts "$CROWD"
	west_dies
	guests_begin
	west_returns
	guests_stay
	cast_account
	kept
	whole_story
	cast_ends "$once"
}

main "$@"
