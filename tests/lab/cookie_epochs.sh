#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Keys and cookies change under living connections, on one node after the other, and none breaks: what a
# connection's SYN-ACK was, it is for life, and who does not read its cookie finds it down the ladder. What
# connections carry, ids and epochs of keys, is nobody else's until it has rested.
# Topology: lab/topologies/churn.sh, each daemon with a configuration of its own.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

EACH=50 # connections of each family that every state of the fleet begins
ALL=()	# the names of all that were begun

config_of() {
	[[ -e $LAB_STATE/$1.yaml ]] || cp "$LAB_STATE/holdfast.yaml" "$LAB_STATE/$1.yaml"
	echo "$LAB_STATE/$1.yaml"
}

epochs_of() { holdfast "$1" status --json | jq -c '."cookie-epochs"'; }
takes_cookies() { holdfast "$1" status --json | jq '.services[0].cookie'; }

# take_over VERB EXPECTED NODE...: each reads what COOKIE and COOKIE_EPOCH say now, and then says so.
take_over() {
	local verb=$1 expected=$2 node
	shift 2

	for node; do
		write_config >"$LAB_STATE/$node.yaml.new"
		mv "$LAB_STATE/$node.yaml.new" "$LAB_STATE/$node.yaml"
	done
	for node; do
		wait_for "$node to say $expected" 10 is "$expected" "$verb" "$node"
	done
}

# tell NODE... -- [SERVICE/MEMBER...]: a configuration with these members disabled, which may be refused.
tell() {
	local node
	local -a nodes=()

	while [[ $1 != -- ]]; do
		nodes+=("$1")
		shift
	done
	shift
	for node in "${nodes[@]}"; do
		write_config "$@" >"$LAB_STATE/$node.yaml.new"
		mv "$LAB_STATE/$node.yaml.new" "$LAB_STATE/$node.yaml"
	done
}

# refused TEXT NODE ROLE...: the nodes say so in a line of the log, an event and a metric, and so does who
# checks the file before.
refused() {
	local text=$1 node role output
	shift

	while (($#)); do
		node=$1 role=$2
		shift 2
		wait_for "$node to refuse it" 10 grep -q "$text" "$(log_of "$node" "$role")"
		wait_for "$node to have said so" 5 refusal_stands "$node"
		output=$(holdfast "$node" config check "$LAB_STATE/$node.yaml" 2>&1) && return 1
		grep "$text" <<<"$output"
	done
}

refusal_stands() {
	holdfast "$1" metrics | grep -qx "holdfast_config_refused 1" &&
		holdfast "$1" events | grep -q "not taken over, the former configuration goes on"
}

members_on() { holdfast "$1" status --json | jq -r '[.services[0].backends[].name] | sort | join(" ")'; }

# has_members "NAME..." NODE...: these are the service's, as the gateways have it.
has_members() {
	local members=$1 node
	shift

	for node; do
		wait_for "$node to have $members" 10 is "$members" members_on "$node"
	done
}

# Its connections end by themselves, and then it goes.
removed() {
	tell "${GATEWAYS[@]}" "${AGENT_BACKENDS[@]}" -- "live/$1"
	load_ask_all "${ALL[@]}"
	for name in "${ALL[@]}"; do
		wait_for "all of $name to talk" 10 load_all_answered "$name"
	done
	load_leave "$1" "${ALL[@]}"
}

# The id of b3, which was just removed, for b4, which nobody has known.
newcomer_is_refused() {
	tell "${GATEWAYS[@]}" b1 b2 --
	refused "backends.b4.id: 3 was b3's and rests until 20" g1 gateway g2 gateway b1 agent
	has_members "b1 b2" "${GATEWAYS[@]}"
	holdfast g1 rests | grep "^id 3 .*was b3's"
}

killed_and_told_again() {
	(
		AGENT_BACKENDS=(b1 b2) MEMBERS[live]="b1 b2"
		tell g1 --
	)
	stop g1 gateway KILL
	gateways g1
	has_members "b1 b2" g1
	newcomer_is_refused
}

newcomer_is_taken() {
	tell b4 --
	agents b4
	tell "${GATEWAYS[@]}" b1 b2 --
	has_members "b1 b2 b4" "${GATEWAYS[@]}"
	is 3 eval 'holdfast b4 status --json | jq .id'
}

open_both() {
	load_open "$1-4" live 4 "$EACH"
	load_open "$1-6" live 6 "$EACH"
}

# begin NAME SENTENCE: connections of both families begin now.
begin() {
	it "$2" open_both "$1"
	ALL+=("$1-4" "$1-6")
}

# all_talk: every connection that any state has begun, and none is broken.
all_talk() {
	load_talk 20 "${ALL[@]}"
	none_broken "${ALL[@]}"
}

# go_by RUNG NAME...: these connections do, the others being silent meanwhile.
go_by() {
	all_pause "${ALL[@]}"
	by_rung "$@"
	load_tell "${ALL[@]}" -- resume
}

told_too_soon() {
	tell "${GATEWAYS[@]}" "${AGENT_BACKENDS[@]}" --
	refused "cookie-epoch: 2 would end 0, which connections carry, as agents count" g1 gateway g2 gateway b1 agent
	is '[1,0]' epochs_of g1
	is '[1,0]' epochs_of b1
}

carried_is() { holdfast "$3" rests --json | jq -e ".carried[$1] == $2"; }

# The connections of epoch 1 end, and with them what stands in epoch 3's way, to the second and not to the day.
ended_when_nobody_carries_it() {
	local node

	tell "${GATEWAYS[@]}" --
	refused "cookie-epoch: 3 would end 1, which connections carry, as agents count" g1 gateway g2 gateway
	load_end behind-4 behind-6 ahead-4 ahead-6
	for node in "${GATEWAYS[@]}" "${AGENT_BACKENDS[@]}"; do
		wait_for "$node to know of nobody with epoch 1" 10 carried_is 1 false "$node"
		carried_is 0 true "$node"
	done
	take_over epochs_of '[3,2]' "${GATEWAYS[@]}" "${AGENT_BACKENDS[@]}"
}

agents_restart() {
	local node

	for node in "${AGENT_BACKENDS[@]}"; do
		stop "$node" agent KILL
	done
	agents "${AGENT_BACKENDS[@]}"
}

lab_open churn
topology_up

it "a fleet begins with epoch 0, and no former one" is '[0]' epochs_of g1
begin zero "$((2 * EACH)) connections begin in epoch 0"
it "they go by cookie" go_by cookie zero-4 zero-6

export COOKIE_EPOCH=1
it "agents are told of epoch 1, gateways not yet" \
	take_over epochs_of '[1,0]' "${AGENT_BACKENDS[@]}"
begin behind "connections begin while the gateways are behind"
it "the gateways cannot read those" go_by candidates behind-4 behind-6
it "all talk" all_talk
it "agents that are killed and restarted change nothing" agents_restart
it "all talk" all_talk
it "the gateways are told, too" take_over epochs_of '[1,0]' "${GATEWAYS[@]}"
it "they read what began in epoch 1 now" go_by cookie behind-4 behind-6
it "and go on to read epoch 0" go_by cookie zero-4 zero-6

COOKIE_EPOCH=2
it "epoch 2 would end epoch 0, which connections carry, and is refused" told_too_soon
it "all talk, by cookie as before" go_by cookie zero-4 zero-6 behind-4 behind-6
export REST=0
it "an operator insists: gateways are told of epoch 2, agents not yet" take_over epochs_of '[2,1]' "${GATEWAYS[@]}"
begin ahead "connections begin while the agents are behind"
it "the gateways read those" go_by cookie ahead-4 ahead-6
it "the agents are told, too" take_over epochs_of '[2,1]' "${AGENT_BACKENDS[@]}"
begin two "connections begin in epoch 2"
it "they go by cookie" go_by cookie two-4 two-6
it "nobody has a key of epoch 0 any more: its connections go down the ladder" \
	go_by candidates zero-4 zero-6
it "all talk" all_talk
it "agents that are killed and restarted change nothing" agents_restart
it "all talk" all_talk

COOKIE=off
it "the agents are told to write no cookies" take_over takes_cookies false "${AGENT_BACKENDS[@]}"
begin plain "connections begin without"
it "all talk: those with cookies keep them" all_talk
it "the gateways are told to read none" take_over takes_cookies false "${GATEWAYS[@]}"
it "all talk" all_talk
COOKIE=on
it "cookies are switched on again" \
	take_over takes_cookies true "${GATEWAYS[@]}" "${AGENT_BACKENDS[@]}"
begin again "connections begin with them"
it "they go by cookie" go_by cookie again-4 again-6
it "all talk: those without cookies stay without" all_talk
it "no agent ever sent a packet back that a backend had" \
	eval '(($(counted unclaimed "${AGENT_BACKENDS[@]}") == 0))'

REST=86400
COOKIE_EPOCH=3
it "epoch 3 would end epoch 1, and is refused until nobody carries it" ended_when_nobody_carries_it
ALL=(zero-4 zero-6 two-4 two-6 plain-4 plain-6 again-4 again-6)
begin three "connections begin in epoch 3"
it "they go by cookie, and those of epoch 2 still do" go_by cookie three-4 three-6 two-4 two-6
it "all talk" all_talk
it "b3 is drained, and its connections end" removed b3
AGENT_BACKENDS=(b1 b2)
MEMBERS[live]="b1 b2"
it "b3 is removed" eval 'tell "${GATEWAYS[@]}" b1 b2 --; has_members "b1 b2" "${GATEWAYS[@]}"'
plan_backend b4
ID[b4]=3
load_serve b4
it "a new backend does not get its id yet" newcomer_is_refused
it "nor from a gateway that was killed in between" killed_and_told_again
it "all talk" all_talk
REST=1
it "when the id has rested, it does" newcomer_is_taken
begin newcomer "connections begin"
it "they go by cookie" go_by cookie newcomer-4 newcomer-6
it "some are the new backend's" load_has newcomer-4 '.servers.b4 > 0'
it "all talk" all_talk
tests_end
