# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# Many connections that last, of holdfast-load (lab/load): each talks slowly, its bytes are checked at both
# ends, and whatever breaks one is counted and told in a line of JSON in the log of its client.
#
#	load_serve b1 b2		servers, each on the ports below
#	load_open four live 4 200	200 connections, called `four`, each answered once
#	load_open old live 6 200 --mptcp	more options as `holdfast-load help` has them
#	load_open_bare bare live 4 200	connections without timestamps
#	...				something happens
#	load_talk four			each of them is asked and answers once more
#	none_broken four		no reset, wrong byte or stall, at neither end

LOAD_PORT=7000		# answers what it is asked; so do 7002 to 7009
LOAD_GREETING_PORT=7001 # speaks first, LOAD_GREETING_MS after the handshake
LOAD_GREETING_MS=70000

load_program() { echo "$LAB_BUILD/lab/load/holdfast-load"; }
load_socket() { echo "$LAB_STATE/load.$1.sock"; }

# load_ask NAME VERB...: tells the client NAME, or the server of node NAME, and prints its answer.
load_ask() { "$(load_program)" ask "$(load_socket "$1")" "${@:2}"; }

# load_tell NAME... -- VERB...: the same to several; the answers are not printed.
load_tell() {
	local names=()

	while [[ $1 != -- ]]; do
		names+=("$1")
		shift
	done
	for name in "${names[@]}"; do
		load_ask "$name" "${@:2}" >/dev/null
	done
}

# load_serve NODE...: servers that call themselves after their nodes.
load_serve() {
	local node

	for node; do
		start "$node" load "$(load_program)" serve --name "$node" \
			--port 7000 --port 7002-7009 --greet "$LOAD_GREETING_PORT:$LOAD_GREETING_MS" --mptcp \
			--control "$(load_socket "$node")"
	done
	for node; do
		wait_ready "$node" load "the load server on $node" 10 load_ask "$node" report
	done
}

# load_open NAME SERVICE FAMILY COUNT [OPTIONS]: and waits until all are open and have been answered.
load_open() {
	local name=$1 count=$4

	load_begin "$@"
	wait_ready "$CLIENT" "load-$name" "$count connections of $name" $((10 + count / 20)) \
		load_has "$name" ".opened == $count and ([.servers[]] | add) == $count"
}

# load_open_bare: the same without timestamps.
load_open_bare() {
	local status=0

	set_sysctl "$CLIENT" net.ipv4.tcp_timestamps=0
	load_open "$@" || status=$?
	set_sysctl "$CLIENT" net.ipv4.tcp_timestamps=1
	return "$status"
}

# load_begin: as load_open, without waiting.
load_begin() {
	local name=$1 service=$2 family=$3 count=$4
	shift 4

	echo "$service $family $(load_endpoint "$service" "$family")" >"$LAB_STATE/load.$name"
	start "$CLIENT" "load-$name" "$(load_program)" talk --control "$(load_socket "$name")" \
		--to "$(load_endpoint "$service" "$family")" --connections "$count" "$@"
	wait_ready "$CLIENT" "load-$name" "the load client $name" 10 load_ask "$name" report
}

# load_endpoint SERVICE FAMILY: at LOAD_PORT, which a caller may set for one call.
load_endpoint() {
	case $2 in
	4) echo "$(vip "$1" 4):$LOAD_PORT" ;;
	6) echo "[$(vip "$1" 6)]:$LOAD_PORT" ;;
	esac
}

# load_report NAME [EXPRESSION]: of its counters, by jq.
load_report() { load_ask "$1" report | jq -c "${2:-.}"; }

load_has() { load_ask "$1" report | jq -e "$2"; }

# load_talk [SECONDS] NAME...: each living connection makes one exchange that begins after now, and none
# has ended.
load_talk() {
	local name seconds=10

	if [[ $1 =~ ^[0-9]+$ ]]; then
		seconds=$1
		shift
	fi
	load_ask_all "$@"
	for name; do
		wait_for "all connections of $name to talk" "$seconds" load_all_answered "$name" ||
			load_complain "$name" || return
	done
}

# load_ask_all NAME...: begins what load_all_answered ends.
load_ask_all() {
	load_tell "$@" -- mark
	load_tell "$@" -- resume
}

load_all_answered() { load_has "$1" '.live == .wanted - .finished and .answered == .live'; }

# load_complain NAME: what became of it, and of all packets; 1.
load_complain() {
	local node

	load_report "$1" 'del(.faults[] | select(. == 0))'
	tail -n 4 "$(log_of "$CLIENT" "load-$1")"
	for node in "${GATEWAYS[@]}" "${AGENT_BACKENDS[@]}"; do
		echo "$node: $(holdfast "$node" counters --json 2>/dev/null | jq -r '[.counters | to_entries[]
			| select(.value.packets > 0) | "\(.key) \(.value.packets)"] | join(", ")')"
	done
	return 1
}

# none_broken NAME...: all live, none had a fault, and the servers found none.
none_broken() {
	local name

	for name; do
		load_has "$name" '.live == .wanted - .finished and .broken == 0' >/dev/null ||
			load_complain "$name" || return
	done
	servers_found_nothing
}

servers_found_nothing() {
	local node

	for node in "${BACKENDS[@]}"; do
		load_has "$node" '.broken == 0' >/dev/null || {
			load_report "$node"
			tail -n 4 "$(log_of "$node" load)"
			return 1
		}
	done
}

# load_leave SERVER NAME...: their connections with this server close, after an exchange.
load_leave() {
	local server=$1 name
	shift

	for name; do
		load_ask "$name" leave "$server" >/dev/null
	done
	for name; do
		wait_for "the connections of $name with $server to close" 10 \
			load_has "$name" ".servers.$server == null"
	done
}

# load_end NAME...: the connections end in good order, between two exchanges.
load_end() {
	local name

	load_tell "$@" -- pause
	for name; do
		wait_for "no answer to be due on $name" 10 load_has "$name" '.waiting == 0'
		load_ask "$name" stop >/dev/null
		wait_for "the load client $name to end" 5 has_ended "$LAB_STATE/processes/$CLIENT.load-$name"
	done
}
