#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Connections of clients and backends that do it another way: handshakes by SYN cookies, multipath TCP, and
# ports that are used again at once (tcp_tw_reuse), while a backend is drained, opened and a gateway dies.
# Both families, with and without timestamps; and none breaks.
# Takes up to 600 s.
# Topology: lab/topologies/churn.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

COUNT=200   # of each cell
REUSED=60   # ports of a client that uses them again
REUSES=3000 # connections on them

# of_backends COUNTER: a counter of their kernels, in all.
of_backends() {
	local node sum=0

	for node in "${BACKENDS[@]}"; do
		sum=$((sum + $(on "$node" nstat -az "$1" | awk -v name="$1" '$1 == name { print $2 }')))
	done
	echo "$sum"
}

syncookies() {
	local node

	for node in "${BACKENDS[@]}"; do
		set_sysctl "$node" "net.ipv4.tcp_syncookies=$1"
	done
}

cells_close() {
	load_end "${CELLS[@]}"
	CELLS=()
}

# A drain moves rows, and the loss of a gateway's announcement moves the fabric's flows.
changes() {
	survives "a backend is drained under $1" 10 reconfigure live/b2
	survives "it is opened again under $1" 10 reconfigure
}

all_multipath() {
	local cell

	for cell in "${CELLS[@]}"; do
		is "$COUNT" load_report "$cell" .kernel.multipath
	done
}

# reuse_begin NAME FAMILY FIRST-PORT [OPTIONS]: connections of two exchanges, the next on a port at once
# when its TIME_WAIT allows it.
reuse_begin() {
	local name=$1 family=$2 first=$3
	shift 3

	load_begin "$name" live "$family" "$REUSED" --rate 200 --exchanges 2 --interval 20 \
		--ports "$first-$((first + REUSED - 1))" "$@"
}

reused() { wait_for "$2 connections of $1" 60 load_has "$1" ".finished >= $2"; }

none_failed() {
	load_ask "$1" finish
	wait_for "the last of $1 to end" 10 load_has "$1" '.live == 0'
	load_has "$1" '.broken == 0 and .finished == .begun' || load_complain "$1"
}

lab_open churn
topology_up

syncookies 2
BEFORE_COOKIES=$(of_backends TcpExtSyncookiesRecv)
cells_open "$COUNT"
it "all handshakes were by SYN cookies" \
	is $((BEFORE_COOKIES + 4 * COUNT)) of_backends TcpExtSyncookiesRecv
syncookies 1
changes "connections that began with SYN cookies"
it "they end in good order" none_broken "${CELLS[@]}"
cells_close

cells_open "$COUNT" --mptcp
it "all of them speak multipath TCP" all_multipath
changes "multipath TCP"
it "they end in good order" none_broken "${CELLS[@]}"
cells_close

set_sysctl "$CLIENT" net.ipv4.tcp_tw_reuse=1
REUSERS=()
for family in 4 6; do
	it "a client closes first and uses its ports again (IPv$family)" \
		reuse_begin "client$family" "$family" 10000
	it "a server closes first, the client uses its ports again (IPv$family)" \
		reuse_begin "server$family" "$family" 11000 --server-closes
	REUSERS+=("client$family" "server$family")
done
for name in "${REUSERS[@]}"; do
	it "$((REUSES / 3)) connections on $REUSED ports ($name)" reused "$name" $((REUSES / 3))
done
it "a backend is drained meanwhile" reconfigure live/b2
for name in "${REUSERS[@]}"; do
	it "$((REUSES * 2 / 3)) connections on $REUSED ports ($name)" reused "$name" $((REUSES * 2 / 3))
done
it "and opened again" reconfigure
for name in "${REUSERS[@]}"; do
	it "$REUSES connections on $REUSED ports ($name)" reused "$name" "$REUSES"
	it "and none of them failed" none_failed "$name"
done
it "as the servers say, too" servers_found_nothing
tests_end
