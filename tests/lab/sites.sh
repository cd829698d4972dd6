#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Two sites stand in for each other: failover when all backends of one are down, recovery, and the drain
# of a whole site; connections stay where they began.
# Topology: lab/topologies/twosites.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

# at SITE COMMAND...: as that site's client.
at() {
	local CLIENT=${CLIENT_OF[$1]}
	shift
	"$@"
}

# served_by SITE FROM: 10 new connections of each family from a client are all answered by that site.
served_by() {
	local i family backend

	for family in 4 6; do
		for ((i = 0; i < 10; i++)); do
			backend=$(at "$2" get web "$family" 5)
			[[ " ${BACKENDS_OF[$1]} " == *" $backend "* ]] || {
				echo "IPv$family: answered by '$backend'"
				return 1
			}
		done
	done
}

away_of() { holdfast "$1" status --json | jq -r '.services[0].away'; }

# go_to GATEWAY SITE|null
go_to() { [[ $(away_of "$1") == "$2" ]]; }

all_of_ams_go_to() {
	local gateway

	for gateway in ${GATEWAYS_OF[ams]}; do
		wait_for "$gateway to send new connections to $1" 15 go_to "$gateway" "$1"
	done
}

# The agents of the other site, too, though less often.
all_are_heard() {
	local gateway

	for gateway in "${GATEWAYS[@]}"; do
		wait_for "$gateway to hear all agents" 5 hears_all "$gateway"
	done
}

hears_all() {
	holdfast "$1" status --json |
		jq -e '[.services[0].backends[].agent.state] | all(. == "alive" or . == "late")'
}

# shellcheck disable=SC2086
kill_servers() { nginx_dies ${BACKENDS_OF[$1]}; }

start_servers() {
	local node

	for node in ${BACKENDS_OF[$1]}; do
		nginx_on "$node"
	done
}

# From the death of the site's last server to the first answer from the other site.
fails_over() {
	local began backend=''

	began=$(now_us)
	kill_servers ams
	until [[ $backend == b[34] ]]; do
		backend=$(on client curl --silent --max-time 0.2 "$(url web 4)/") || true
		(($(now_us) - began < 5000000)) || return 1
	done
	echo "# $((($(now_us) - began) / 1000)) ms from the death to the first answer from lon" >&3
	all_of_ams_go_to lon
}

comes_home() {
	start_servers ams
	all_of_ams_go_to null
	served_by ams ams
}

# drain [SITE]
drain() {
	local gateway

	put_config "$@"
	for gateway in "${GATEWAYS[@]}"; do
		signal "$gateway" gateway HUP
	done
}

# Of all paths the longest: ams, lon, ams. Then it is dropped.
nothing_circles() {
	local gateway most

	kill_servers ams
	kill_servers lon
	for gateway in "${GATEWAYS[@]}"; do
		wait_for "$gateway to know that nobody is up" 10 nobody_up "$gateway"
	done
	! at ams get web 4 1
	! at lon get web 6 1
}

nobody_up() { holdfast "$1" status --json | jq -e '[.services[0].backends[].open] | any | not'; }

both_return() {
	start_servers ams
	start_servers lon
	announced_by ams 2
	announced_by lon 2
	wait_for "ams to serve its own" 15 served_by ams ams
	wait_for "lon to serve its own" 15 served_by lon lon
}

# ams_finds BACKEND CONDITION: at both of its gateways, of what they say of its health.
ams_finds() {
	local gateway

	for gateway in ${GATEWAYS_OF[ams]}; do
		wait_for "$gateway to find $1: $2" 15 finds "$gateway" "$1" "$2"
	done
}

finds() {
	holdfast "$1" status --json |
		jq -e --arg backend "$2" ".services[0].backends[] | select(.name == \$backend) | .health | $3"
}

# lon_comes_back CONDITION: after all have seen it die, and so far that ams finds it.
lon_comes_back() {
	local node

	kill_servers lon
	for node in ${BACKENDS_OF[lon]}; do
		ams_finds "$node" '.up == false'
	done
	start_servers lon
	for node in ${BACKENDS_OF[lon]}; do
		ams_finds "$node" "$1"
	done
}

# The longest that lon may believe that ams is there is a second; damping would have kept it out for two.
stands_in() {
	local i

	for i in 1 2; do
		lon_comes_back '.up'
	done
	mark_logs "${GATEWAYS[@]}"
	lon_comes_back '.up or .reason == "has come back too often of late"'
	kill_servers ams
	all_of_ams_go_to lon
	wait_for "lon to serve ams' clients" 5 served_by lon ams
}

keeps_vip() { ! says "$1" "the VIP is withdrawn"; }

exec 3>&1
lab_open twosites
topology_up
it "the clients of each site are served there (ams)" wait_for "ams" 15 served_by ams ams
it "the clients of each site are served there (lon)" wait_for "lon" 15 served_by lon lon
it "each gateway hears the agents of both sites" all_are_heard

it "when all servers of ams die, lon answers" fails_over
it "all new connections of clients in ams go to lon" served_by lon ams
it "and those in lon still do" served_by lon lon
it "a connection opens meanwhile, with timestamps" talk_open stamped web 4
BACKEND=$(talk stamped)
set_sysctl client net.ipv4.tcp_timestamps=0
it "and one without" talk_open plain web 6
PLAIN=$(talk plain)
set_sysctl client net.ipv4.tcp_timestamps=1
it "both are in lon" test "${BACKENDS_OF[lon]/$BACKEND/}" != "${BACKENDS_OF[lon]}" -a \
	"${BACKENDS_OF[lon]/$PLAIN/}" != "${BACKENDS_OF[lon]}"
it "when ams is back, new connections come home" comes_home
it "and the open ones stay in lon, with timestamps" is "$BACKEND" talk stamped
it "and without" is "$PLAIN" talk plain

it "a connection opens in ams" talk_open home web 4
HOME_BACKEND=$(talk home)
drain ams
it "drained, ams announces nothing, and its clients come to lon" announced_by ams 1
it "their new connections are served there" served_by lon ams
it "the one in ams goes on, although its packets come to lon now" is "$HOME_BACKEND" talk home
drain
it "no longer drained, ams announces and serves again" announced_by ams 2
it "its clients" wait_for "ams" 15 served_by ams ams
it "the connection has gone on" is "$HOME_BACKEND" talk home

it "when nobody is up anywhere, nothing circles" nothing_circles
it "and when they are back, each serves its own" both_return

it "a site that comes and goes stands in when nobody else is up" stands_in
for node in ${GATEWAYS_OF[ams]}; do
	it "and $node, that hands over to it, never withdrew the VIP" keeps_vip "$node"
done
tests_end
