#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Spillover: more users come to west than west has room for. What is above its mark is served in east, and comes
# home when there are fewer; whoever is connected stays where he is.
# Topology: lab/topologies/pops.sh, with a policy. --once: exit 0 only if no connection broke, and the share that
# moved is the one that was asked for.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=lab/demos/cast.sh
. "$LAB_HOME/lab/demos/cast.sh"

RATE=25	     # requests a second of each client, at first
RUSH=90	     # of each client in west, later
CAPACITY=120 # new connections a second that a site has room for
MARK=90	     # percent of it
CROWD=20     # connections of each client and family
WINDOW_MS=8000

policy_in_force() {
	eval "config_of_the_topology() $(declare -f write_config | tail -n +2)"
	write_config() {
		config_of_the_topology "$@" | sed '/^  web:/a\    policy: room'
		cat <<-END
			policies:
			  room:
			    capacity: {rate: $CAPACITY, per: site}
			    spill: {at: $MARK%}
			    recover: {step: 20%}
		END
	}
}

# policy_of GATEWAY EXPRESSION: of what its status says of web.
policy_of() { holdfast "$1" status --json | jq -e ".services[] | select(.name == \"web\") | .policy | $2"; }

# west_says EXPRESSION: it holds at both of its gateways.
west_says() { policy_of gw1 "$1" && policy_of gw2 "$1"; }

# share_in_east SINCE-US CLIENT...: percent of the requests that were served there, since then.
share_in_east() {
	local since=$1
	shift

	pulses "$@" | awk -v since="$since" -v east=" ${BACKENDS_OF[east]} " '
		$1 >= since && $3 == "ok" { all++; there += index(east, " " $4 " ") > 0 }
		END { printf "%.0f\n", all ? 100 * there / all : 0 }'
}

# another_pace CLIENT RATE
another_pace() {
	stop "$1" pulse
	pulse_begin "$1" "$2"
}

rush() {
	local since

	heading "A rush in west: $((RUSH * 2)) requests a second come to a site that has room for $CAPACITY"
	event "rush in west"
	another_pace cw "$RUSH"
	another_pace nw "$RUSH"
	wait_for "west to hand over a share" 20 west_says '.sites[0].percent > 20'
	tell "west's gateways heard from the agents what there is to do, and keep what is below $MARK % of the room"
	pass 6000
	since=$(now_us)
	pass "$WINDOW_MS"
	ASKED=$((($(policy_of gw1 '.sites[0].percent | round') + $(policy_of gw2 '.sites[0].percent | round')) / 2))
	MOVED=$(share_in_east "$since" cw nw)
	tell "gw1 says: $(policy_of gw1 .why | tr -d '"')"
	more "share of west's new connections that was to go to east   $ASKED %"
	more "share of them that east served, in $((WINDOW_MS / 1000)) s                 $MOVED %"
	expect "the share moved is the share asked, to 6 points" test "$((MOVED - ASKED))" -le 6 -a "$((ASKED - MOVED))" -le 6
	expect "east served a share" test "$MOVED" -gt 15
	expect "east's own clients stay in east" test "$(share_in_east "$since" ce ne)" == 100
}

calm() {
	heading "The rush is over"
	event "rush is over"
	another_pace cw "$RATE"
	another_pace nw "$RATE"
	wait_for "all to stay in west" 40 west_says '."stay-percent" == 100'
	tell "new connections come home, step by step: all of them are served in west again"
}

main() {
	local once

	once=$(story_once "$@")
	cast_up policy_in_force
	story_begin
	cast_acts "$CROWD"
	cast_downloads 25 cw ne
	rush
	calm
	cast_account
	heading "Moved"
	printf '  asked %d %%, moved %d %%\n' "$ASKED" "$MOVED"
	whole_story
	cast_ends "$once"
}

main "$@"
