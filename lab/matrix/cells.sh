# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# The four cells that one run fills, family x timestamps, and what is counted of their connections. Half of
# each cell's talk all the time, half are silent while the event happens and speak after it; then the
# cells speak one after the other, so that the gateways' counters tell whose packets took which rung.

HALF=64 # connections: 128 in a cell
CELLS=(4-stamped 6-stamped 4-bare 6-bare) # in the order of their turns
HALVES=(talking silent)
INTERVAL_MS=300
FIRST_PORT=20000 # of the client's; a cell has 2 * HALF of them

declare -A BASE=() # CELL: its first port
for cell in "${CELLS[@]}"; do
	BASE[$cell]=$((FIRST_PORT + ${#BASE[@]} * 2 * HALF))
done

family_of() { echo "${1%-*}"; }
crowds_of() { printf '%s\n' "${HALVES[@]/#/$1-}"; }

# Timestamps are agreed upon in the handshake: a setting of the client's, for those that open under it.
crowds_open() {
	local kind cell

	for kind in bare stamped; do
		set_sysctl "$CLIENT" net.ipv4.tcp_timestamps="$([[ $kind == stamped ]] && echo 1 || echo 0)"
		for cell in 4-$kind 6-$kind; do
			crowd_begin "$cell-talking" "${BASE[$cell]}"
			crowd_begin "$cell-silent" $((BASE[$cell] + HALF))
		done
		for cell in 4-$kind 6-$kind; do
			wait_for "$HALF connections of $cell-talking" 20 crowd_is_open "$cell-talking"
			wait_for "$HALF connections of $cell-silent" 20 crowd_is_open "$cell-silent"
		done
	done
}

# fall_silent: each of the silent says a word, and from then on none. However long the run took to come here,
# that is how long they have been silent when the event happens.
fall_silent() {
	local silent=("${CELLS[@]/%/-silent}") crowd

	load_talk "${silent[@]}"
	load_tell "${silent[@]}" -- pause
	for crowd in "${silent[@]}"; do
		wait_for "$crowd to be silent" 5 load_has "$crowd" '.waiting == 0'
	done
}

crowd_begin() {
	load_begin "$1" live "$(family_of "${1%-*}")" "$HALF" --rate 400 --interval "$INTERVAL_MS" \
		--ports "$2-$(($2 + HALF - 1))"
}

crowd_is_open() { load_has "$1" ".opened == $HALF and ([.servers[]] | add) == $HALF"; }

# flows CELL: of both halves.
flows() {
	local crowd

	for crowd in $(crowds_of "$1"); do
		load_ask "$crowd" flows
	done | jq -cs 'add'
}

# stamped CELL: how many of its connections carry timestamps, as the client's kernel says.
stamped() {
	local crowd

	for crowd in $(crowds_of "$1"); do
		load_report "$crowd" .kernel.timestamps
	done | jq -s 'add'
}

# note_live: what there is before the event.
note_live() {
	local cell

	for cell in "${CELLS[@]}"; do
		flows "$cell" | jq -c --argjson stamped "$(stamped "$cell")" '{
			live: map(select(.live and (.broken | not)) | .port), stamped: $stamped}' \
			>"$RUN/$cell.live"
	done
}

# note_killed NODE: the event is about to end this server. Its connections that are well until now are not
# counted as broken.
note_killed() {
	local cell

	for cell in "${CELLS[@]}"; do
		flows "$cell" | jq -c --arg node "$1" \
			'map(select(.server == $node and .live and (.broken | not)) | .port)' \
			>"$RUN/$cell.killed"
	done
}

# Of the gateways that there are, by verdict, and of the daemons' answers.
counters_now() {
	local node

	for node in "${GATEWAYS[@]}"; do
		holdfast "$node" counters --json
	done | jq -cs 'reduce (.[].counters | to_entries[]) as $c ({}; .[$c.key] += $c.value.packets)'
}

all_crowds() { for cell in "${CELLS[@]}"; do crowds_of "$cell"; done; }

# The verdicts of each rung.
RUNGS='{"cookie": ["cookie"], "pin": ["pin", "pin-after-all"], "candidate": ["candidates", "pin-new", "pin-midway"],
	"who_has": ["who-has"]}'

# cells_talk: each connection, also those that were silent, is asked once more and answers, or is broken.
# A cell's turn ends when all have done one or the other.
cells_talk() {
	local cell crowds before

	mapfile -t crowds < <(all_crowds)
	load_tell "${crowds[@]}" -- pause
	for cell in "${CELLS[@]}"; do
		before=$(counters_now)
		mapfile -t crowds < <(crowds_of "$cell")
		load_tell "${crowds[@]}" -- mark
		load_tell "${crowds[@]}" -- resume
		wait_for "$cell to talk or break" 12 cell_has_talked "$cell" || load_complain "${crowds[1]}" || true
		load_tell "${crowds[@]}" -- pause
		jq -cn --argjson before "$before" --argjson after "$(counters_now)" --argjson rungs "$RUNGS" '
			$rungs | map_values([.[] | ($after[.] // 0) - ($before[.] // 0)] | add)' \
			>>"$RUN/$cell.rungs"
	done
}

cell_has_talked() {
	local crowd

	for crowd in $(crowds_of "$1"); do
		load_has "$crowd" '.answered + .broken >= .wanted' >/dev/null || return
	done
}

# cells_talk_on: after some more of it, those that talk go on until the next turn.
cells_talk_on() {
	local cell

	for cell in "${CELLS[@]}"; do
		load_tell "$cell-talking" -- resume
	done
}

# What is due and does not come is a stall by and by.
cells_settle() {
	local crowd

	for crowd in $(all_crowds); do
		wait_for "$crowd to have no answer due" 5 load_has "$crowd" '.waiting == 0 or .broken > 0' || true
	done
}

# watch_hops: from here on the fabric's links note whose packets they carry.
watch_hops() {
	local pins=$LAB_STATE/bpf/hops link

	bpftool prog load "$LAB_BUILD/lab/matrix/hops.bpf.o" "$pins"
	for link in $(ip_on "$FABRIC" -j link show type veth | jq -r '.[].ifname'); do
		[[ $link != "$CLIENT" ]] || continue
		on "$FABRIC" tc qdisc add dev "$link" clsact
		on "$FABRIC" tc filter add dev "$link" egress prio 1 handle 1 bpf da pinned "$pins"
	done
}

# look FILE: of each connection the fabric's next hop, as it was last seen, and router and row as that gateway
# knows them: what it would make of a new connection, which no pin leads elsewhere.
look() {
	local cell

	{
		for cell in "${CELLS[@]}"; do
			for node in "${GATEWAYS[@]}"; do
				paths "$node" "$(family_of "$cell")" "${BASE[$cell]}" $((BASE[$cell] + 2 * HALF - 1))
			done
		done
	} | jq -cs --argjson first "$FIRST_PORT" \
		--slurpfile hops <(seen_hops) \
		--slurpfile links <(ip_on "$FABRIC" -j link) '
		([$links[0][] | {key: (.ifindex | tostring), value: .ifname}] | from_entries) as $names
		| (map({key: "\(.port) \(.gateway)", value: {router, backend}}) | from_entries) as $paths
		| [$hops[0][].formatted | select(.value != 0) | ($first + .key | tostring) as $port | $names[.value | tostring] as $hop
		   | {key: $port, value: ({$hop} + ($paths["\($port) \($hop)"] // {}))}] | from_entries' >"$1"
}

seen_hops() {
	bpftool -j map dump id "$(bpftool -j prog show pinned "$LAB_STATE/bpf/hops" | jq '.map_ids[0]')"
}

# paths GATEWAY FAMILY FIRST-PORT LAST-PORT
paths() {
	local client=${CLIENT_ADDRESS[$2]} vip

	vip=$(vip live "$2")
	[[ $2 == 4 ]] || client="%5B$client%5D" vip="%5B$vip%5D"
	curl --silent --show-error --unix-socket "$(socket_of "$1")" \
		"http://x/path?protocol=tcp&packet=bare&client=$client:[$3-$4]&vip=$vip:$LOAD_PORT" |
		jq -cs --argjson first "$3" 'to_entries[] | .value + {port: ($first + .key)}'
}

# cell_json CELL: the counts.
cell_json() {
	local cell=$1

	[[ -e $RUN/$cell.killed ]] || echo '[]' >"$RUN/$cell.killed"
	flows "$cell" | jq -c --arg event "$EVENT" --arg scheme "$SCHEME" --arg cell "$cell" \
		--arg kind "$(kind "$SCHEME" "$EVENT")" --argjson witness "$WITNESS" \
		--slurpfile before "$RUN/before" --slurpfile after "$RUN/after" \
		--slurpfile note "$RUN/$cell.live" --slurpfile killed "$RUN/$cell.killed" \
		--slurpfile rungs "$RUN/$cell.rungs" '
		. as $flows
		| ($cell | endswith("stamped")) as $timestamps
		| ($note[0].live | map({key: tostring, value: true}) | from_entries) as $live
		| ($killed[0] | map({key: tostring, value: true}) | from_entries) as $killed
		| [$flows[] | select($live[.port | tostring])] as $mine
		| [$mine[].port | tostring | select($before[0][.] != $after[0][.])] as $moved
		| [$mine[] | select($killed[.port | tostring])] as $lost
		| [$mine[] | select(($killed[.port | tostring] | not) and (.broken or (.live | not)))] as $broken
		| {$event, $scheme, family: ($cell[0:1] | tonumber), $timestamps, live: ($live | length),
		   moved: ($moved | length), broken: ($broken | length), on_killed_backend: ($lost | length),
		   verified: ($witness
			and $note[0].stamped == (if $timestamps then $live | length else 0 end)
			and ($kind != "moves" or ($moved | length) * 10 >= ($live | length))),
		   rungs: (reduce $rungs[] as $r ({cookie: 0, pin: 0, candidate: 0, who_has: 0};
			reduce ($r | to_entries[]) as $e (.; .[$e.key] += $e.value)))}'
}
