#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Ports that are used again (tcp_tw_reuse), so that SYNs remember a timestamp, and every first SYN-ACK is lost: the
# server's second SYN-ACK and the client's second SYN cross a second later. The connections are established by
# one of these, and go on. Those before were silent for so long that their clocks have fallen behind the kernel's.
# Takes up to 180 s.
# Topology: lab/topologies/churn.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

COUNT=200
SILENCE=58 # seconds: the clock stands at its bound for all but 16 of these, which is more than half a wrap

# syn_acks_lost yes|no: the fabric loses what is for the client.
syn_acks_lost() {
	local verb=add

	[[ $1 == yes ]] || verb=del
	ip_on "$FABRIC" -4 rule "$verb" pref 50 to "${CLIENT_ADDRESS[4]}" blackhole
	ip_on "$FABRIC" -6 rule "$verb" pref 50 to "${CLIENT_ADDRESS[6]}" blackhole
}

# in_state NODE STATE: how many sockets of the node's are there.
in_state() { on "$1" ss -Htn state "$2" | wc -l; }

half_open() {
	local node all=0

	for node in "${BACKENDS[@]}"; do
		all=$((all + $(in_state "$node" syn-recv)))
	done
	echo "$all"
}

# refused: what the servers' kernels did not take for its timestamp, since 6.15 for its echo, too.
refused() {
	local node

	for node in "${BACKENDS[@]}"; do
		on "$node" nstat -az | awk '/PAWS|TSEcr/ && $2 { print $1, $2 }'
	done
}

# begin NAME FAMILY: connections on the ports that each family has.
begin() {
	load_begin "$1$2" live "$2" "$COUNT" --ports "$((10000 + 1000 * $2))-$((10000 + 1000 * $2 + COUNT - 1))"
}

opened() {
	wait_for "$COUNT connections of $1" "$2" load_has "$1" ".opened == $COUNT and ([.servers[]] | add) == $COUNT"
}

lose_first() {
	local family

	syn_acks_lost yes
	for family in 4 6; do
		begin again "$family"
	done
	wait_for "all to be half-open" 5 eval '(($(half_open) == 2 * COUNT))'
	syn_acks_lost no
}

lab_open churn
topology_up
set_sysctl "$CLIENT" net.ipv4.tcp_tw_reuse=1

for family in 4 6; do
	begin before "$family"
	opened "before$family" 20
done
load_tell before4 before6 -- pause
SECONDS=0
wait_for "$SILENCE seconds of silence" $((SILENCE + 5)) eval '((SECONDS >= SILENCE))'
it "the client closes connections that were silent" load_end before4 before6
wait_for "their ports to be free" 5 eval '(($(in_state "$CLIENT" time-wait) >= 2 * COUNT))'
SECONDS=0
wait_for "a second, after which they can be used again" 3 eval '((SECONDS > 1))'

it "$COUNT connections of each family on the same ports, all of whose SYN-ACKs are lost" lose_first
for family in 4 6; do
	it "are established within 4 s (IPv$family)" opened "again$family" 4
	it "and go on" load_talk 5 "again$family"
	it "and none breaks (IPv$family)" none_broken "again$family"
done
it "no server has refused a timestamp" is '' refused
tests_end
