#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The demo's story, as a test: 2,000 requests through lab/topologies/anycast.sh, all accounted for.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

PER_BATCH=250

all_requests() {
	local service family

	traffic_begin
	for service in "${SERVICES[@]}"; do
		for family in 4 6; do
			requests "$service" "$family" "$PER_BATCH"
		done
	done
}

# Five standard deviations about the share that the weights ask for.
near_weights() {
	local service=$1 node weights=0 all served

	for node in ${MEMBERS[$service]}; do
		weights=$((weights + WEIGHT[$node]))
	done
	all=$(($(asked "$service" 4) + $(asked "$service" 6)))
	for node in ${MEMBERS[$service]}; do
		served=$(($(served "$service" 4 "$node") + $(served "$service" 6 "$node")))
		awk -v n="$all" -v p="$(awk "BEGIN { print ${WEIGHT[$node]} / $weights }")" -v got="$served" \
			'BEGIN { d = got - n * p; exit !(d * d <= 25 * n * p * (1 - p)) }' || {
			echo "$node served $served of $all; weight ${WEIGHT[$node]} of $weights"
			return 1
		}
	done
}

forwards_a_share() { (($(forwarded "$1") > PER_BATCH)); }

lab_open anycast
topology_up
all_requests

for service in "${SERVICES[@]}"; do
	for family in 4 6; do
		it "$service answers each of $PER_BATCH requests over IPv$family exactly once" \
			answered_once "$service" "$family"
	done
	it "the backends of $service serve what their weights ask" near_weights "$service"
done
for service in web web-plain; do
	for family in 4 6; do
		it "an upload of 1 MB to $service over IPv$family arrives whole" \
			is 1000000 upload "$service" "$family" 1000000
	done
done
for node in "${GATEWAYS[@]}"; do
	it "$node forwards a share of the packets" forwards_a_share "$node"
done
it "holdfast path names the right backend for 100 of 100 flows" is "100 100" predicted 100
tests_end
