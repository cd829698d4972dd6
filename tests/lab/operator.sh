#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What an operator does to a running gateway: switches services off and on, traces packets, watches,
# and asks what a new configuration would change.
# Topology: lab/topologies/anycast.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

announced() { ip_on "$1" route show proto 72; ip_on "$1" -6 route show proto 72; }

# The VIP of web-plain and dns-plain goes when the last of them is off.
switched_off() {
	holdfast g1 off web-plain
	announced g1 >"$LAB_STATE/announced"
	grep -qF "$(vip web-plain 4)" "$LAB_STATE/announced"
	holdfast g1 off dns-plain
	wait_for "the fabric to have one way to the VIP" 20 ways 1
	not_announced
}

# ways COUNT: next hops that the fabric has for the VIP.
ways() {
	[[ $(ip_on fabric -j route show "$(vip web-plain 4)" |
		jq '.[0] | if .nexthops then .nexthops | length else 1 end') == "$1" ]]
}

not_announced() {
	announced g1 >"$LAB_STATE/announced"
	fails grep -qF "$(vip web-plain 4)" "$LAB_STATE/announced"
}

says_off() {
	holdfast g1 services >"$LAB_STATE/services"
	grep -Eq '^web-plain .* off ' "$LAB_STATE/services"
}

switched_on() {
	holdfast g1 on web-plain
	holdfast g1 on dns-plain
	wait_for "the fabric to have two ways to the VIP" 20 ways 2
}

answers() {
	get "$1" 4 >/dev/null
	get "$1" 6 >/dev/null
}

# The gateway is asked again after a restart: the switch is in the tables.
restarted_and_still_off() {
	stop g1 gateway KILL
	gateways g1
	says_off
	not_announced
}

# traced OPTIONS...: requests run while one event for each is asked for.
traced() {
	: >"$LAB_STATE/trace"
	holdfast g1 trace --json --count 5 "$@" >"$LAB_STATE/trace" &
	local tracer=$!

	wait_for "five events" 20 ask_until_traced "$tracer"
	wait "$tracer"
	is 5 jq -s length "$LAB_STATE/trace"
}

ask_until_traced() {
	get web 4 >/dev/null
	get web 6 >/dev/null
	! kill -0 "$1" 2>/dev/null
}

every_event_is() { [[ $(jq -r "$1" "$LAB_STATE/trace" | sort -u) == "$2" ]]; }

traces_requests() {
	traced --verdict picked --vip "$(vip web 4)"
	every_event_is .verdict picked
	every_event_is .vip "$(vip web 4):80"
}

refused() {
	local want=$1
	shift
	fails holdfast "$@" >"$LAB_STATE/refusal" 2>&1
	grep -qF "$want" "$LAB_STATE/refusal"
}

diff_tells() {
	write_config web/b1 >"$LAB_STATE/other.yaml"
	holdfast g1 config diff "$LAB_STATE/other.yaml" >"$LAB_STATE/diff"
	grep -q b1 "$LAB_STATE/diff"
}

top_shows() {
	holdfast g1 top --count 1 >"$LAB_STATE/top"
	grep -q 'gateway g1, site ams' "$LAB_STATE/top"
	grep -q 'web-plain' "$LAB_STATE/top"
	is g1 jq -r .status.node <(holdfast g1 top --count 1 --json)
}

lab_open anycast
topology_up
traffic_begin

it "a VIP is withdrawn when all its services are switched off, and not before" switched_off
it "they are said to be off" says_off
it "other services on that gateway go on" answers web
it "the services themselves go on through the other gateway" answers web-plain
it "they stay off when the gateway is killed and starts again" restarted_and_still_off
it "the VIP is announced again when they are switched on" switched_on
it "and answers" answers web-plain
it "all services can be switched off at once" holdfast g1 off all
it "then nothing is announced there" is '' announced g1
it "and on again" holdfast g1 on all
it "a service that does not exist is refused" refused "nobody: no such service" g1 off nobody

it "tracing shows the packets that the filters let through" traces_requests
it "a verdict that does not exist is refused" refused "nothing: no verdict" g1 trace --verdict nothing
it "requests are answered while the program was exchanged" answers web
it "config diff tells what another file would change" diff_tells
it "top shows rates, gateways and services" top_shows
tests_end
