#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Backends without agent: a stock kernel's seg6local takes our packets out of SRv6.
# Topology: lab/topologies/anycast.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

runs_nothing_of_ours() {
	is 0 eval "ip_on $1 -d -j link show dev eth0 | jq '[.[] | select(.xdp)] | length'" &&
		is '' on "$1" tc filter show dev eth0 ingress && is '' on "$1" tc filter show dev eth0 egress
}

all_answered() {
	traffic_begin
	requests "$1" "$2" 100
	answered_once "$1" "$2"
}

lab_open anycast
topology_up

for node in "${PLAIN_BACKENDS[@]}"; do
	it "$node runs no program of ours" runs_nothing_of_ours "$node"
done
for service in web-plain dns-plain; do
	for family in 4 6; do
		it "$service answers 100 of 100 requests over IPv$family" all_answered "$service" "$family"
	done
done
for family in 4 6; do
	it "an upload in full-sized segments fits into the links over IPv$family" \
		is 1000000 upload web-plain "$family" 1000000
done
tests_end
