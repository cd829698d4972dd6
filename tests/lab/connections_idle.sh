#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Connections that are silent for 40 s, 70 s and 5 min (16 bits of milliseconds change their sign after
# 32.8 s and come round after 65.5 s), those whose server speaks first after 70 s of silence from the
# handshake on, and those whose network is dark for 35 s in the middle of talking: all go on. The rows
# change meanwhile, so that none goes on by chance. Both families, with and without timestamps.
# Runs beside others: it waits most of its time. Takes up to 900 s.
# Topology: lab/topologies/churn.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

COUNT=200 # of each cell
SILENCES=(40 70 300)
DARK_PORT=7002
DARK_SECONDS=35
DARK_PATIENCE=73000 # ms: TCP doubles its timeout, so its next try comes up to as long after the darkness

CELLS=(ipv4 bare4 ipv6 bare6)

# open_cells KIND [OPTIONS]: called KIND-CELL.
open_cells() {
	local kind=$1 family
	shift

	for family in 4 6; do
		load_open "$kind-ipv$family" live "$family" "$COUNT" "$@"
		load_open_bare "$kind-bare$family" live "$family" "$COUNT" "$@"
	done
}

# Greetings come long after the connection: open is all that can be waited for.
begin_greeted() {
	local family timestamps

	for family in 4 6; do
		for timestamps in 1 0; do
			set_sysctl "$CLIENT" "net.ipv4.tcp_timestamps=$timestamps"
			begin_greeted_cell "$(cell "$family" "$timestamps")" "$family"
		done
	done
	set_sysctl "$CLIENT" net.ipv4.tcp_timestamps=1
}

cell() {
	case $2 in
	1) echo "ipv$1" ;;
	0) echo "bare$1" ;;
	esac
}

begin_greeted_cell() {
	LOAD_PORT=$LOAD_GREETING_PORT load_begin "greeted-$1" live "$2" "$COUNT" \
		--greeting "$LOAD_GREETING_MS"
	wait_for "$COUNT connections of greeted-$1" 10 load_has "greeted-$1" ".opened == $COUNT"
}

names() { printf "$1-%s\n" "${CELLS[@]}"; }

# of KIND COMMAND...: for all its cells.
of() {
	local cells

	mapfile -t cells < <(names "$1")
	"${@:2}" "${cells[@]}"
}

tell() {
	local cells

	mapfile -t cells < <(names "$1")
	load_tell "${cells[@]}" -- "${@:2}"
}

# falls_silent KIND: the client will speak first. answers_in KIND SECONDS: the server will.
falls_silent() { tell "$1" pause; }
answers_in() {
	tell "$1" mark
	tell "$1" pause "$(($2 * 1000))"
}

# No packet of theirs: their counters stand still but for what is asked for.
is_silent() {
	local name

	for name in $(names "$1"); do
		wait_for "$name to be silent" 5 load_has "$name" "${2:-.waiting == 0}"
	done
}

# Not much longer, either: after 65.5 s the clock has come round, and what 40 s would break may live again.
has_waited() {
	wait_for "$1 seconds since the silence began" "$(($1 + 5))" eval "((SECONDS >= $1))"
	((SECONDS < $1 + 15)) || {
		echo "it is $SECONDS s already"
		return 1
	}
}

# client_speaks KIND: and is answered on each. That is all that they were open for.
client_speaks() {
	of "$1" load_talk
	of "$1" none_broken
	of "$1" load_end
}

# servers_speak KIND: they have, to each, by themselves.
servers_speak() {
	local name

	for name in $(names "$1"); do
		wait_for "the servers of $name to speak" 20 load_all_answered "$name" || load_complain "$name"
	done
	of "$1" none_broken
}

# dark on|off: for the connections at this port, in both directions.
dark() {
	local verb family direction

	case $1 in
	on) verb=add ;;
	off) verb=del ;;
	esac
	for family in -4 -6; do
		for direction in sport dport; do
			ip_on "$FABRIC" "$family" rule "$verb" pref 90 ipproto tcp \
				"$direction" "$DARK_PORT" blackhole
		done
	done
}

all_wait() { is_silent dark '.waiting == .wanted'; }

lab_open churn
topology_up

for silence in "${SILENCES[@]}"; do
	it "$COUNT connections of each cell open, to be silent for $silence s" open_cells "client-$silence"
	it "... and as many whose servers will speak first" open_cells "server-$silence"
done
LOAD_PORT=$DARK_PORT it "... and as many whose network will be dark" \
	open_cells dark --stall "$DARK_PATIENCE"
it "... and as many whose servers greet them after $((LOAD_GREETING_MS / 1000)) s" begin_greeted
SECONDS=0
tell dark pause
for silence in "${SILENCES[@]}"; do
	falls_silent "client-$silence"
	answers_in "server-$silence" "$silence"
done
for silence in "${SILENCES[@]}"; do
	it "those of $silence s are silent" is_silent "client-$silence"
	it "... and all their servers are asked" is_silent "server-$silence" '.waiting == .wanted'
done
of dark ways_keep
it "the rows change four times meanwhile" weights_change b3 2 5 3 4
it "... so that 10 % of the connections or more go another way" of dark have_moved 10
for silence in 40 70; do
	it "$silence s pass" has_waited "$silence"
	it "after $silence s of silence the client speaks and is answered" client_speaks "client-$silence"
	it "after $silence s of silence the servers speak" servers_speak "server-$silence"
	it "... and these connections go on" client_speaks "server-$silence"
done
it "servers greet after $((LOAD_GREETING_MS / 1000)) s of silence" servers_speak greeted
it "... and these connections go on" client_speaks greeted
of dark load_talk
DARK_SINCE=$SECONDS
dark on
it "in the dark all wait" all_wait
it "$DARK_SECONDS s pass" has_waited $((DARK_SINCE + DARK_SECONDS))
it "after $DARK_SECONDS s of darkness none has been answered" all_wait
dark off
it "with light again all go on" of dark load_talk 60
it "... and none is broken" of dark none_broken
it "no link had too little room for what all of them sent again in one moment" links_lost_nothing "$FABRIC"
of dark load_end
it "300 s pass" has_waited 300
it "after 300 s of silence the client speaks and is answered" client_speaks client-300
it "after 300 s of silence the servers speak" servers_speak server-300
it "... and these connections go on" client_speaks server-300
tests_end
