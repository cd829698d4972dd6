#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Packets in mid-connection find their backend by the cookie in their timestamps: no router is asked,
# and what the kernel makes of timestamps goes on working, also after a silence in which the cookie's
# clock would have wrapped.
# Topology: lab/topologies/anycast.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

REQUESTS=200
SILENCE=40 # seconds: more than the 32.8 after which 16 bits of milliseconds change their sign
TALKS=4	   # connections of each family that are silent so long

unclaimed() {
	echo $(($(counted unclaimed "${AGENT_BACKENDS[@]}") + $(counted passed-on "${AGENT_BACKENDS[@]}")))
}

timestamps() { on "$1" cat /proc/sys/net/ipv4/tcp_timestamps; }

# The backends that answer the open connections, in order.
all_talk() {
	local family i

	for family in 4 6; do
		for ((i = 0; i < TALKS; i++)); do
			talk "silent-$family-$i"
		done
	done
}

lab_open anycast
topology_up
traffic_begin

it "backends' timestamps have no random offset" is 2 timestamps b1
for family in 4 6; do
	for ((i = 0; i < TALKS; i++)); do
		talk_open "silent-$family-$i" web "$family"
	done
done
all_talk >"$LAB_STATE/before"
SECONDS=0

for family in 4 6; do
	requests web "$family" "$REQUESTS"
	it "every request over IPv$family is answered once" answered_once web "$family"
	it "an upload of 1 MB over IPv$family arrives whole" is 1000000 upload web "$family" 1000000
done
echo "# cookie $(on_gateways cookie), picked $(on_gateways picked), to-router" \
	"$(on_gateways to-router), candidates $(on_gateways candidates), unclaimed $(unclaimed)"
echo "# retransmitted by b1: $(on b1 nstat -az TcpRetransSegs | awk '/Retrans/ { print $2 }')"

wait_for "$SILENCE seconds of silence" $((SILENCE + 5)) eval '((SECONDS >= SILENCE))'
all_talk >"$LAB_STATE/after"
it "connections that were silent for $SILENCE s are answered by their backends" \
	cmp "$LAB_STATE/before" "$LAB_STATE/after"
it "and none of them is lost" fails grep -q lost "$LAB_STATE/after"

it "more packets go by cookie than new connections were picked" \
	eval '(($(on_gateways cookie) > $(on_gateways picked)))'
it "none needed another gateway" is 0 on_gateways to-router
it "none needed candidates" is 0 on_gateways candidates
it "every packet was claimed by the first agent that it reached" is 0 unclaimed
tests_end
