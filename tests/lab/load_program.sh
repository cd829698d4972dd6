#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The load program sees what it is there to see: each kind of fault is planted, by its own server and by
# the network, and is found and counted; and without faults it finds none.
# Topology: lab/topologies/churn.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

COUNT=40

faults() { load_report "$1" ".faults[\"$2\"]"; }
has_faults() { [[ $(faults "$1" "$2") == "$3" ]]; }

# finds NAME FAULT PLANT: what is planted in two requests is found twice, and told as often.
finds() {
	local name=$1 fault=$2 plant=$3 before

	before=$(faults "$name" "$fault")
	load_ask "$name" plant "$plant" 2
	wait_for "$name to find two faults '$fault'" 5 has_faults "$name" "$fault" $((before + 2)) || {
		load_complain "$name"
		return 1
	}
	is $((before + 2)) grep -c "\"fault\": \"$fault\"" "$(log_of "$CLIENT" "load-$name")"
}

# servers_find FAULT COUNT: in all.
servers_find() {
	local node sum=0

	for node in "${BACKENDS[@]}"; do
		sum=$((sum + $(load_report "$node" ".faults[\"$1\"]")))
	done
	is "$2" echo "$sum"
}

has_several_servers() { load_has "$1" '.servers | length > 1'; }

# servers_speak NAME MS: each is silent for so long before it answers.
servers_speak() {
	load_tell "$1" -- mark
	load_tell "$1" -- pause "$2"
	wait_for "the servers to speak first" 10 load_all_answered "$1"
	load_has "$1" '.longest_ms < 1000' # beyond the delay
}

silent_when_paused() {
	local before

	load_tell "$1" -- pause
	wait_for "no answer to be due" 5 load_has "$1" '.waiting == 0'
	before=$(load_report "$1" .exchanges)
	SECONDS=0
	wait_for "two seconds to pass" 3 eval '((SECONDS >= 2))'
	is "$before" load_report "$1" .exchanges
}

# A path that is cut for a second: with half a second's patience all are stalls, and all go on.
stalls_in_a_cut() {
	load_tell "$1" -- stall 500
	ip_on "$FABRIC" -4 rule add pref 100 iif "$CLIENT" blackhole
	wait_for "each connection to stall" 10 load_has "$1" '.faults.stall == .wanted'
	ip_on "$FABRIC" -4 rule del pref 100
	load_talk 20 "$1"
	load_has "$1" '.longest_ms > 500 and .live == .wanted'
}

# The kernel of a server that is killed ends its connections.
finds_a_dead_server() {
	local lost

	lost=$(load_report "$1" '.servers.b1')
	stop b1 load KILL
	wait_for "the end of $lost connections with b1" 5 \
		load_has "$1" ".faults.closed + .faults.reset == $lost and .live == .wanted - $lost"
	load_serve b1
}

# come_and_go NAME FAMILY [OPTIONS]: short connections, one after the other.
come_and_go() {
	local name=$1 family=$2
	shift 2

	load_begin "$name" live "$family" 20 --rate 200 --exchanges 2 --interval 10 "$@"
	wait_for "300 connections to come and go" 10 load_has "$name" '.finished >= 300'
	load_tell "$name" -- finish
	wait_for "the last to go" 5 load_has "$name" '.live == 0'
	load_has "$name" '.broken == 0 and .finished == .opened'
}

lab_open churn
topology_up

for family in 4 6; do
	it "$COUNT connections over IPv$family open, and each is answered" \
		load_open "v$family" live "$family" "$COUNT"
	it "several servers share them (IPv$family)" has_several_servers "v$family"
	it "they talk on (IPv$family)" load_talk "v$family"
done
it "without faults none is found" none_broken v4 v6
it "a paused client is silent" silent_when_paused v6
it "servers can be asked to speak first" servers_speak v6 1500
it "and none of that is a fault" none_broken v4 v6
load_tell v6 -- resume

for family in 4 6; do
	it "short connections come and go, the client closes first (IPv$family)" \
		come_and_go "client-$family" "$family"
	it "short connections come and go, the server closes first (IPv$family)" \
		come_and_go "server-$family" "$family" --server-closes
done

# Not of those that the kernel takes for others, some of which wait in TIME_WAIT by now.
load_open fixed live 4 30 --ports 20000-20029
it "connections have the ports that they are told to have" \
	is "20000 20029 30" eval 'load_ask fixed flows | jq -r "map(.port) | \"\(min) \(max) \(length)\""'
it "multipath TCP is spoken" load_open multi live 6 10 --mptcp
it "by all that should" is 10 load_report multi .kernel.multipath
it "and by no others" is 0 load_report v4 .kernel.multipath
it "timestamps are seen where they are" is "$COUNT" load_report v4 .kernel.timestamps
set_sysctl "$CLIENT" net.ipv4.tcp_timestamps=0
it "connections can be without timestamps" load_open bare live 4 10
it "and that is seen" is 0 load_report bare .kernel.timestamps
set_sysctl "$CLIENT" net.ipv4.tcp_timestamps=1

it "a cut is found as stalls, and connections that go on after it live" stalls_in_a_cut v4
it "a broken one is told from none" fails none_broken v4
load_tell v6 -- stall 500
it "a reset is found" finds v6 reset reset
it "an early end is found" finds v6 closed early-end
it "a wrong byte is found" finds v6 wrong-byte wrong-byte
it "a wrong server is found" finds v6 wrong-name wrong-name
it "an answer that never comes is found" finds v6 stall silence
it "no server had a fault yet" servers_find wrong-byte 0
it "a wrong byte of the client's is found by the server, which resets" finds v6 reset wrong-request
it "and is told by the servers" servers_find wrong-byte 2
it "12 broken connections are 12" is 12 load_report v6 .broken
it "the end of a server is found" finds_a_dead_server fixed
tests_end
