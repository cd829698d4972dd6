#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Keys and cookies change under living connections, on one node after the other, and none breaks: what a
# connection's SYN-ACK was, it is for life, and who does not read its cookie finds it down the ladder.
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
it "gateways are told of epoch 2, agents not yet" take_over epochs_of '[2,1]' "${GATEWAYS[@]}"
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
tests_end
