#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A VIP is announced while one of its services has a backend that is enabled, and its site is not drained.
# Topology: lab/topologies/anycast.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

# has_ways VIP COUNT: the fabric comes to have so many next hops for it.
has_ways() { wait_for "$2 next hops for $1 on the fabric" 20 has_next_hops "$FABRIC" "$1" "$2"; }

# The traffic has nowhere else to go: the only site takes leave for as long as it may, and what lives goes on.
only_site_is_drained() {
	put_config
	sed -i "s|^  ams: {|&enabled: false, |; \$a drain: {limit: 8, settle: 20000}" "$LAB_STATE/holdfast.yaml"
	for gateway in "${GATEWAYS[@]}"; do
		wait_for "$gateway to take leave" 5 phase_is "$gateway" leaving
	done
	is "$TALKER" talk live
	has_next_hops "$FABRIC" "${VIP4[web]}" 2
	for gateway in "${GATEWAYS[@]}"; do
		phase_is "$gateway" leaving || return
	done
	has_ways "${VIP4[web]}" 0
	has_ways "${VIP6[web]}" 0
}

phase_is() { [[ $(holdfast "$1" status --json | jq -r .drain.phase) == "$2" ]]; }

it_is_back() {
	reconfigure
	has_ways "${VIP4[web]}" 2
	is "$TALKER" talk live
}

lab_open anycast
topology_up

it "every VIP has a next hop for each gateway" vips_are_announced 2

reconfigure web-plain/b4 web-plain/b5
it "a VIP stays announced while one of its services has a backend (IPv4)" \
	has_ways "${VIP4[dns-plain]}" 2
it "a VIP stays announced while one of its services has a backend (IPv6)" \
	has_ways "${VIP6[dns-plain]}" 2

reconfigure web-plain/b4 web-plain/b5 dns-plain/b4 dns-plain/b5
it "a VIP without any enabled backend is withdrawn (IPv4)" has_ways "${VIP4[web-plain]}" 0
it "a VIP without any enabled backend is withdrawn (IPv6)" has_ways "${VIP6[web-plain]}" 0
it "the other VIP stays announced (IPv4)" has_ways "${VIP4[web]}" 2
it "the other VIP stays announced (IPv6)" has_ways "${VIP6[web]}" 2

reconfigure
it "it is announced again when a backend is enabled (IPv4)" has_ways "${VIP4[web-plain]}" 2
it "it is announced again when a backend is enabled (IPv6)" has_ways "${VIP6[web-plain]}" 2
it "and answers" get web-plain 4

it "a connection opens" talk_open live web 4
TALKER=$(talk live)
it "the only site, drained, keeps its VIPs for the connections it has until the limit, then withdraws" \
	only_site_is_drained
it "it is announced again, and the connection goes on" it_is_back
tests_end
