# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# Living connections of several clients (holdfast-load, of the service live), and the account of them. A crowd
# is those of a client and a family, and called so: cw4. Connections whose server was killed are told apart:
# nobody can keep them.

CROWDS=()
declare -A CROWD_LONGEST=() CROWD_MARK=() # what belongs to a crowd but its name does not say: "opened while west was down"

# crowd_open NAME CLIENT FAMILY COUNT [OPTIONS]
crowd_open() {
	local name=$1 client=$2 family=$3 count=$4
	shift 4

	from "$client" load_open "$name" live "$family" "$count" "$@"
	CROWDS+=("$name")
	crowd_client "$name" "$client" "$family"
}

crowd_client() { echo "$2 $3" >"$LAB_STATE/crowd.$1"; }

# crowds_open COUNT CLIENT... : of both families.
crowds_open() {
	local count=$1 client family
	shift

	for client; do
		for family in 4 6; do
			crowd_open "$client$family" "$client" "$family" "$count"
		done
	done
}

# crowds_doom SERVER...: those that live there now will end with it.
crowds_doom() {
	local name

	for name in "${CROWDS[@]}"; do
		load_ask "$name" flows | jq -r --arg servers " $* " '.[] | .server as $server |
			select(.live and ($servers | contains(" \($server) "))) | .port' >>"$LAB_STATE/doomed.$name"
	done
}

# crowds_talk: each living connection makes one exchange more, that begins now. What they had to wait for
# before is kept for the account.
crowds_talk() {
	local name

	for name in "${CROWDS[@]}"; do
		CROWD_LONGEST[$name]=$(load_report "$name" .longest_ms)
	done
	load_ask_all "${CROWDS[@]}"
	for name in "${CROWDS[@]}"; do
		wait_for "all of $name to talk" 15 load_has "$name" '.answered == .live' || return
	done
}

# crowd_account NAME: "OPENED ALIVE APART BROKEN".
crowd_account() {
	local doomed="$LAB_STATE/doomed.$1"

	touch "$doomed"
	load_ask "$1" flows | jq -r --slurpfile doomed "$doomed" --argjson opened "$(load_report "$1" .opened)" '
		[.[] | select(.port | IN($doomed[]))] as $apart
		| [.[] | select(.port | IN($doomed[]) | not)] as $others
		| "\($opened) \([$others[] | select(.live and (.broken | not))] | length) \($apart | length) " +
		  "\([$others[] | select(.broken)] | length)"'
}

# crowds_account: a line for each crowd, and their sum, left in CROWDS_ALIVE and CROWDS_APART. 1 if any
# connection broke that was not to.
crowds_account() {
	local name client family opened alive apart broken sum=(0 0 0 0)

	printf '  %-6s  %-4s  %-10s  %6s  %6s  %6s  %6s  %12s\n' \
		client '' timestamps opened alive killed BROKEN 'longest wait'
	for name in "${CROWDS[@]}"; do
		read -r client family <"$LAB_STATE/crowd.$name"
		read -r opened alive apart broken < <(crowd_account "$name")
		printf '  %-6s  IPv%s  %-10s  %6d  %6d  %6d  %6d  %12s  %s\n' "$client" "$family" \
			"$(has_timestamps "$client")" "$opened" "$alive" "$apart" "$broken" \
			"$(crowd_longest "$name" "$apart")" "${CROWD_MARK[$name]:-}"
		sum=($((sum[0] + opened)) $((sum[1] + alive)) $((sum[2] + apart)) $((sum[3] + broken)))
	done
	printf '  %-24s  %6d  %6d  %6d  %6d\n' all "${sum[@]}"
	CROWDS_ALIVE=${sum[1]} CROWDS_APART=${sum[2]}
	((sum[3] == 0 && sum[0] == sum[1] + sum[2]))
}

# Where servers were killed it would be that of their connections.
crowd_longest() { (($2 > 0)) && echo - || echo "${CROWD_LONGEST[$1]:-0} ms"; }

has_timestamps() { [[ $(on "$1" sysctl -n net.ipv4.tcp_timestamps) == 0 ]] && echo no || echo yes; }

# crowds_tell: the first faults of each crowd that were not to be, as they were logged, and packets' verdicts.
crowds_tell() {
	local name client

	for name in "${CROWDS[@]}"; do
		read -r client _ <"$LAB_STATE/crowd.$name"
		sed -n 1,5p "$(log_of "$client" "load-$name")"
	done
	for client in "${GATEWAYS[@]}" "${BACKENDS[@]}"; do
		echo "$client: $(holdfast "$client" counters --json 2>/dev/null | jq -r '[.counters | to_entries[]
			| select(.value.packets > 0) | "\(.key) \(.value.packets)"] | join(", ")')"
	done
}

# crowds_servers NAME: "SERVER" of each living connection, counted: "e1 12 e2 9".
crowds_servers() { load_report "$1" '.servers' | jq -r 'to_entries | map("\(.key) \(.value)") | join("  ")'; }
