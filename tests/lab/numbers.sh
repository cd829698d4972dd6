#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The numbers go out: Prometheus fetches them from gateways and agents and knows how many packets were
# sent, and to whom. Topology: lab/topologies/anycast.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

QUERIES=300
METRICS='listen: "[::]:9469", agent-listen: "[::]:9470"'

targets() {
	local node

	for node in "${GATEWAYS[@]}"; do
		echo "[$(link_address "$node")]:9469"
	done
	for node in "${AGENT_BACKENDS[@]}"; do
		echo "[$(link_address "$node")]:9470"
	done
}

# says QUERY WANT...: within a few scrapes.
says() {
	wait_for "Prometheus to say that $1 is $2" 10 promql_is "$@" || {
		echo "$1: $(promql "$FABRIC" "$1" "${3:-}")"
		return 1
	}
}

promql_is() { [[ $(promql "$FABRIC" "$1" "${3:-}") == "$2" ]]; }

# metrics_of NODE PORT
metrics_of() { on "$FABRIC" curl -sf "http://[$(link_address "$1")]:$2/metrics"; }

# promtool says nothing about good ones.
well_formed() { is '' check_metrics "$@"; }
check_metrics() { metrics_of "$@" | promtool check metrics 2>&1; }

# Each is one packet, which one of the gateways sends to a backend; the agents take them.
packets_are_counted() {
	local before gateways='sum(holdfast_packets_total{verdict="picked"})'

	requests dns 4 "$QUERIES"
	says "$gateways" "$QUERIES"
	requests dns 6 "$QUERIES"
	says "$gateways" $((2 * QUERIES))
	is $((2 * QUERIES)) sum_of_counters picked "${GATEWAYS[@]}"
}

sum_of_counters() {
	local name=$1 node sum=0
	shift

	for node; do
		sum=$((sum + $(counter "$node" "$name")))
	done
	echo "$sum"
}

backend_dies() {
	kill -KILL -- "-$(pid_of b1 nginx)"
	says 'min by (backend) (holdfast_backend_up{service="web"})' $'b1 0\nb2 1\nb3 1' backend
	says 'max by (backend) (holdfast_backend_open{service="web"})' $'b1 0\nb2 1\nb3 1' backend
	says 'min(holdfast_backend_falls_total{service="web",backend="b1"})' 1
}

gateway_dies() {
	signal g2 gateway STOP # its data plane goes on, but nobody gives its numbers
	says 'sum(up)' 4
	signal g2 gateway CONT
	says 'sum(up)' 5
}

same_as_on_the_socket() {
	is "$(metrics_of g1 9469 | grep -c '^holdfast_')" on_the_socket
}

on_the_socket() { holdfast g1 metrics | grep -c '^holdfast_'; }

loopback_alone() {
	METRICS='' put_config
	signal g1 gateway HUP
	wait_for "g1 to listen on loopback only" 5 fails metrics_of g1 9469
	on g1 curl -sf "http://[::1]:9469/metrics" | grep '^holdfast_build_info{.*node="g1"'
}

lab_open anycast
topology_up
mapfile -t TARGETS < <(targets)
prometheus_on "$FABRIC" "${TARGETS[@]}"
traffic_begin
it "Prometheus reaches two gateways and three agents" says 'sum(up)' 5
it "a gateway's metrics are well-formed" well_formed g1 9469
it "an agent's are, too" well_formed b1 9470
it "what was sent is what was counted" packets_are_counted
it "each gateway sees the other" says 'sum by (gateway) (holdfast_gateway_peer_up)' $'g1 2\ng2 2' gateway
it "VIPs are announced by both" says 'sum(holdfast_vip_announced)' 8
it "holdfast metrics prints as many" same_as_on_the_socket
it "a backend that dies is seen" backend_dies
it "a gateway without its daemon gives none" gateway_dies
it "without being told otherwise they are given on loopback alone" loopback_alone
tests_end
