#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Daemons are killed, restarted, reloaded and upgraded under 10,000 requests, and none fails.
# Topology: lab/topologies/anycast.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

LEAST=5000 # requests for each family, and as many more as fit into the events
BATCH=500
ROUNDS=2 # of events, while requests are under way

# request_on: batch after batch, until the events are over and enough were made.
request_on() {
	until [[ -e $LAB_STATE/events-are-over ]] && (($(asked web 6) >= LEAST)); do
		requests web 4 "$BATCH"
		requests web 6 "$BATCH"
	done
}

killed_and_restarted() {
	stop "$1" "$2" KILL
	start_holdfast "$2" "$1"
}

stopped_and_restarted() {
	stop "$1" "$2" TERM
	start_holdfast "$2" "$1"
}

# Loading takes a second, in which an agent is not heard.
same_programs() {
	local node=$1 role=$2 before

	before=$(program_at "$node")
	[[ $before != null ]]
	reread "$node" "$role" signal "$node" "$role" HUP
	is "$before" program_at "$node"
}

# A file that comes anew, as deployment tools write it: beside, then renamed.
rewrite_config() {
	cp "$LAB_STATE/holdfast.yaml" "$LAB_STATE/holdfast.yaml.new"
	mv "$LAB_STATE/holdfast.yaml.new" "$LAB_STATE/holdfast.yaml"
}

# One of each event, at a gateway and at a backend with an agent.
one_round() {
	killed_and_restarted g1 gateway
	killed_and_restarted b1 agent
	reread g2 gateway signal g2 gateway HUP
	reread b2 agent signal b2 agent HUP
	reread g1 gateway rewrite_config
	upgraded g2 gateway
	upgraded b2 agent
	stopped_and_restarted g2 gateway
	stopped_and_restarted b2 agent
}

rounds_of_events() {
	local round

	for ((round = 0; round < ROUNDS; round++)); do
		one_round
		kill -0 "$REQUESTS_PID"
	done
}

# enough_answered FAMILY: each one that was asked, and each served once.
enough_answered() {
	local asked answered

	asked=$(asked web "$1") answered=$(answered web "$1")
	echo "$answered of $asked were answered, $(served_by_all web "$1") served"
	((asked >= LEAST && answered == asked)) && serves_add_up web "$1" "$asked"
}

config_with() { sed "$1" "$LAB_STATE/holdfast.yaml" >"$LAB_STATE/holdfast.yaml.new"; }

bad_file_changes_nothing() {
	local before
	before=$(holdfast g1 status)

	cp "$LAB_STATE/holdfast.yaml" "$LAB_STATE/good.yaml"
	config_with 's/weight: 2/weight: 2000/'
	mv "$LAB_STATE/holdfast.yaml.new" "$LAB_STATE/holdfast.yaml"
	wait_for "the gateway to refuse the file" 10 \
		grep -q 'not taken over' "$(log_of g1 gateway)"
	grep -q 'holdfast.yaml:[0-9]*: services.web.backends.b1.weight: 2000 is out of range' \
		"$(log_of g1 gateway)"
	is "$before" holdfast g1 status
	mv "$LAB_STATE/good.yaml" "$LAB_STATE/holdfast.yaml"
}

pins_of_another_layout_are_refused() {
	stop g1 gateway TERM
	mkdir "$(bpffs_of g1)/layout-999"
	launch_holdfast gateway g1
	wait_for "the gateway to refuse" 10 has_ended "$LAB_STATE/processes/g1.gateway"
	rmdir "$(bpffs_of g1)/layout-999"
	grep -q 'layout-999: maps of layout 999, and this build has' "$(log_of g1 gateway)"
	get web 4 >/dev/null
	start_holdfast gateway g1
}

lab_open anycast
topology_up
traffic_begin
it "another build is made" build_upgrade

request_on &
REQUESTS_PID=$!
it "killed, restarted, reloaded, upgraded, with requests under way all the time" rounds_of_events
: >"$LAB_STATE/events-are-over"
wait "$REQUESTS_PID"
it "each of more than $LEAST requests over IPv4 was answered, and served once" enough_answered 4
it "each of more than $LEAST requests over IPv6 was answered, and served once" enough_answered 6
it "an agent that reads nothing new keeps its programs" same_programs b2 agent
it "and so does a gateway" same_programs g2 gateway
it "a file with an error changes nothing, and the log says what is wrong" bad_file_changes_nothing
it "pins of another layout are refused by name, and go on forwarding" \
	pins_of_another_layout_are_refused
tests_end
