# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154,SC2004
#
# What can happen to a site of the topology churn, a function each. Each returns when it has happened, as
# those it happened to say themselves.

# Variables, so that a test says it outside of `it`: one of those to come later is known from here on, or
# one is no more.
plan_gateway() { GATEWAYS+=("$1"); }

plan_backend() {
	AGENT_BACKENDS+=("$1")
	BACKENDS+=("$1")
	plan_member "$1"
}

plan_member() { MEMBERS[live]+=" $1"; }
plan_no_member() { MEMBERS[live]=${MEMBERS[live]/$1/}; }

gateway_joins() {
	put_config
	gateways "$1"
	reconfigure
	gateway_bgp "$1"
	vips_are_announced "${#GATEWAYS[@]}"
}

# Closed at first: gateways read their file as soon as it is written, and what they send to a node before
# its agent runs, for it to pass on, is lost.
backend_joins() {
	reconfigure "live/$1"
	agents "$1"
	load_serve "$1"
	reconfigure
}

# weights_change BACKEND WEIGHT...: one change after the other. Behind `it`, WEIGHT is what it was.
weights_change() {
	local node=$1 weight
	shift

	for weight; do
		WEIGHT[$node]=$weight
		reconfigure
	done
}

# restarted NODE ROLE SIGNAL: ended by the signal, and started again.
restarted() {
	local before

	before=$(pid_of "$1" "$2")
	stop "$1" "$2" "$3"
	start_holdfast "$2" "$1"
	[[ $(pid_of "$1" "$2") != "$before" ]]
}

# processes_killed GATEWAY: and with BIRD its announcement, so the fabric sends its packets to the others.
processes_killed() {
	stop "$1" gateway KILL
	stop "$1" bird KILL
	vips_are_announced $((${#GATEWAYS[@]} - 1))
}

processes_return() {
	start_holdfast gateway "$1"
	gateway_bgp "$1"
	vips_are_announced "${#GATEWAYS[@]}"
}

# link_cut GATEWAY: nothing of it answers any more, and it says no goodbye.
link_cut() {
	ip_on "$1" link set eth0 down
	processes_killed "$1"
}

# keys_rotate EPOCH: of the cookies, on gateways first.
keys_rotate() {
	local node role

	COOKIE_EPOCH=$1 put_config
	for role in gateway agent; do
		for node in $(nodes_of "$role"); do
			signal "$node" "$role" HUP
		done
		for node in $(nodes_of "$role"); do
			wait_for "$node to have the keys of epoch $1" 10 is "$1" cookie_epoch "$node"
		done
	done
}

nodes_of() {
	case $1 in
	gateway) echo "${GATEWAYS[@]}" ;;
	agent) echo "${AGENT_BACKENDS[@]}" ;;
	esac
}

cookie_epoch() { holdfast "$1" status --json | jq '."cookie-epochs"[0]'; }
