#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Forwarding does not need the daemons alive: what they pinned goes on.
# Topology: lab/topologies/anycast.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

SERVED_SERVICES=(web dns web-plain dns-plain)

all_answered() {
	local service

	for service in "${SERVED_SERVICES[@]}"; do
		(($(requests_answered "$service" 4) == 50 && $(requests_answered "$service" 6) == 50)) || {
			echo "not all requests to $service were answered"
			return 1
		}
	done
}

requests_answered() {
	: >"$LAB_STATE/traffic/asked"
	requests "$1" "$2" 50
	answered "$1" "$2"
}

end_all() {
	local signal=$1 node

	for node in "${GATEWAYS[@]}"; do
		stop "$node" gateway "$signal"
	done
	for node in "${AGENT_BACKENDS[@]}"; do
		stop "$node" agent "$signal"
	done
}

start_all() {
	agents "${AGENT_BACKENDS[@]}"
	gateways "${GATEWAYS[@]}"
}

lab_open anycast
topology_up
traffic_begin

it "a connection is open before anything happens" talk_open long web 6
holder=$(talk long)
it "all requests are answered with the daemons alive" all_answered
end_all TERM
it "all requests are answered after the daemons were stopped" all_answered
start_all
it "all requests are answered after they started again" all_answered
end_all KILL
it "all requests are answered after the daemons were killed" all_answered
start_all
it "all requests are answered after they started again, once more" all_answered
it "the connection is still with its backend" is "$holder" talk long
tests_end
