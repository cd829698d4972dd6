#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Agents tell every gateway that they are there, and how loaded. One that falls silent is noticed and its
# backend goes on; one that starts again is heard again; what is recorded, or forged, is refused.
# Topology: lab/topologies/anycast.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

HOST_FUNCTION=f00c     # of SIDs, wire/srv6.h
HEARTBEAT_PROTOCOL=254 # wire/heartbeat.h
TALKS=(one two three four five six)

# member GATEWAY SERVICE BACKEND PATH: what status says of it, by a path of jq's.
member() {
	holdfast "$1" status --json | jq -r --arg service "$2" --arg backend "$3" \
		".services[] | select(.name == \$service) | .backends[] | select(.name == \$backend) | $4"
}

is_agent() { [[ $(member "$1" web "$2" .agent.state) == "$3" ]]; }
refused() { holdfast "$1" status --json | jq ".heartbeats.$2"; }

# all_hear BACKEND STATE SECONDS: on both gateways.
all_hear() {
	local gateway

	for gateway in "${GATEWAYS[@]}"; do
		wait_for "$gateway to find $1's agent $2" "$3" is_agent "$gateway" "$1" "$2"
	done
}

all_are_heard() {
	local backend

	for backend in "${AGENT_BACKENDS[@]}"; do
		all_hear "$backend" alive 5
	done
}

# heard_connections GATEWAY: of web, by its backends' agents.
heard_connections() {
	holdfast "$1" status --json |
		jq '[.services[] | select(.name == "web") | .backends[].load.connections] | add'
}

has_connections() { [[ $(heard_connections "$1") == "$2" ]]; }

open_talks() {
	local name

	for name in "${TALKS[@]}"; do
		talk_open "$name" web "$((RANDOM % 2 ? 4 : 6))"
	done
}

close_talks() {
	local name

	for name in "${TALKS[@]}"; do
		talk_close "$name"
	done
}

both_count() {
	local gateway

	for gateway in "${GATEWAYS[@]}"; do
		wait_for "$gateway to hear of $1 connections" 10 has_connections "$gateway" "$1"
	done
}

# accepting GATEWAY: how many of web's backends have accepted a connection of late.
accepting() {
	holdfast "$1" status --json | jq '[.services[] | select(.name == "web") |
		.backends[] | select(.load.opened_per_s > 0)] | length'
}

# All agents' programs hear of all sockets of this kernel: each counts its own host's.
one_accepts() {
	is 0 accepting g1
	talk_open one web 4
	wait_for "g1 to hear who has accepted it" 5 is 1 accepting g1
	talk_close one
}

# Everybody asks once: the rate is then seen for some seconds.
rate_is_heard() {
	local i gateway

	for i in {1..30}; do
		get web 4 5
		get web 6 5
	done
	for gateway in "${GATEWAYS[@]}"; do
		wait_for "$gateway to hear of new connections" 5 has_rate "$gateway"
	done
}

has_rate() {
	holdfast "$1" status --json | jq -e '[.services[] | select(.name == "web") |
		.backends[].load.opened_per_s] | add > 0.5' >/dev/null
}

doctor_finds() {
	local found

	found=$(holdfast "$1" doctor) || true
	echo "$found"
	grep -q "$2" <<<"$found"
}

is_up() { [[ $(member "$1" web "$2" .health.up) == true ]]; }

# stays_up BACKEND SECONDS: looked at again and again.
stays_up() {
	local end=$(($(now_us) + $2 * 1000000))

	while (($(now_us) < end)); do
		is_up g1 "$1" && is_up g2 "$1"
	done
}

heartbeat_sid() { echo "${LOCATOR[$1]}:$HOST_FUNCTION::"; }

# say NODE GATEWAY HEX: as if it were a heartbeat.
say() { on "$1" "$LAB_BUILD/lab/holdfast-stray" datagram "$(heartbeat_sid "$2")" $HEARTBEAT_PROTOCOL <<<"$3"; }

# last_heartbeat BACKEND GATEWAY: as it went over the fabric, in hexadecimal.
last_heartbeat() {
	captured "$2" "ipv6.nxt == $HEARTBEAT_PROTOCOL && ipv6.src == $(link_address "$1") &&
		ipv6.dst == $(heartbeat_sid "$2")" -T fields -e data.data | tail -n 1
}

# is_refused GATEWAY AS NODE HEX: such a message is counted so, and is no sign of life.
is_refused() {
	local before

	before=$(refused "$1" "$2")
	say "$3" "$1" "$4"
	wait_for "$1 to refuse it as $2" 5 test_refused "$1" "$2" "$before"
}

test_refused() { (($(refused "$1" "$2") > $3)); }

record() {
	capture "$FABRIC" g1
	wait_for "a heartbeat of b1 in the capture" 10 is_recorded
	capture_end "$FABRIC" g1
}

is_recorded() {
	last_heartbeat b1 g1 >"$LAB_STATE/recorded"
	[[ -s $LAB_STATE/recorded ]]
}

# One digit is another: of the number of connections, say.
changed() { echo "${1:0:-10}$(tr '0-9a-f' '1-9a-f0' <<<"${1: -10:1}")${1: -9}"; }

from_outside() {
	local before

	before=$(counter g1 outside-sid)
	say "$CLIENT" g1 "$RECORDED"
	wait_for "g1's program to drop it" 5 test_counter g1 outside-sid "$before"
}

test_counter() { (($(counter "$1" "$2") > $3)); }

agent_dies() {
	stop b1 agent KILL
	all_hear b1 silent 3
	wait_for "g1 to say so" 5 grep -q "backend b1: its agent is silent" "$(log_of g1 gateway)"
}

agent_stops() {
	stop b2 agent TERM
	all_hear b2 left 3
}

with_heartbeat() {
	write_config | sed "s/^    health: {check: auto}/    health: {heartbeat: $1}/" >"$LAB_STATE/holdfast.yaml"
	grep -q "heartbeat: $1" "$LAB_STATE/holdfast.yaml"
	for gateway in "${GATEWAYS[@]}"; do
		signal "$gateway" gateway HUP
	done
}

is_health() { [[ $(member "$1" web "$2" ".health$3") == "$4" ]]; }

all_close() {
	local gateway

	for gateway in "${GATEWAYS[@]}"; do
		wait_for "$gateway to close $1" 5 is_health "$gateway" "$1" .up false
		is "has a silent agent" member "$gateway" web "$1" .health.reason
	done
}

all_open() {
	local gateway

	for gateway in "${GATEWAYS[@]}"; do
		wait_for "$gateway to open $1 again" 15 is_health "$gateway" "$1" .up true
	done
}

lab_open anycast
topology_up
it "every gateway hears every agent" all_are_heard
it "before anybody connects, both know of no connection" both_count 0
it "of one connection they hear from one backend" one_accepts
it "they hear of new connections a second" rate_is_heard
open_talks
it "both gateways know how many connections there are" both_count "${#TALKS[@]}"
close_talks
it "and that they have ended" both_count 0

it "a heartbeat is recorded" record
RECORDED=$(<"$LAB_STATE/recorded")
it "it is refused, since newer ones were heard" is_refused g1 replayed b1 "$RECORDED"
it "with a changed digit it is refused as forged" is_refused g1 forged b1 "$(changed "$RECORDED")"
it "from another backend's address too" is_refused g1 forged b2 "$RECORDED"
it "for another gateway too" is_refused g2 forged b1 "$RECORDED"
it "from outside it does not come to the daemon" from_outside

it "an agent that dies is noticed" agent_dies
it "the doctor finds it" doctor_finds g1 'the agent was heard, and is silent now.*, b1 '
it "what was recorded does not make it alive" is_refused g1 replayed b1 "$RECORDED"
it "nor do forgeries" is_refused g1 forged b1 "$(changed "$RECORDED")"
it "it is still silent" is_agent g1 b1 silent
it "the doctor says why" doctor_finds g1 "heartbeats come in its name that are older.*, b1 "
it "its backend answers probes, and goes on" stays_up b1 2
with_heartbeat required
it "where the heartbeat is required, it is closed" all_close b1
agents b1
it "started again, its agent is heard again" all_hear b1 alive 5
it "and its backend is open again" all_open b1
it "an agent that stops in order is not missed" agent_stops
it "its backend goes on, although the heartbeat is required" stays_up b2 2
agents b2
it "and it is heard when it is back" all_hear b2 alive 5
tests_end
