#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Replies go directly from the backends to the client, past the gateways.
# Topology: lab/topologies/anycast.sh, with cookies: without, first replies go another way (in_band.sh).
# Health is not asked for, since a server answers such a question to the gateway.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

VIP_SOURCE='ip.src in {198.51.100.80, 198.51.100.53} or ipv6.src in {2001:db8:100::80, 2001:db8:100::53}'
WATCHED=(g1 g2 b1 b2 b3 b4 b5)

HEALTH=off
lab_open anycast
topology_up
for node in "${WATCHED[@]}"; do
	capture "$FABRIC" "$node"
done
traffic_begin
for service in "${SERVICES[@]}"; do
	requests "$service" 4 100
	requests "$service" 6 100
done
for node in "${WATCHED[@]}"; do
	capture_end "$FABRIC" "$node"
done

for node in "${GATEWAYS[@]}"; do
	it "clients' packets cross the link of $node" has_captured "$node" 'tcp.dstport == 80'
	it "no packet from a VIP crosses the link of $node" has_not_captured "$node" "$VIP_SOURCE"
done
for node in "${BACKENDS[@]}"; do
	it "replies from $node leave with the VIP as their source, not encapsulated" \
		has_captured "$node" "($VIP_SOURCE) and frame.protocols matches \"^eth:ethertype:ipv?6?:(tcp|udp)\""
done
tests_end
