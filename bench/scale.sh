#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A gateway with very many services and backends, in the lab: how long it takes to load, how much memory,
# and how long until a change of one backend is in the rows that packets go by. Topology:
# lab/topologies/small.sh, whose backends are the first two of the fleet (bench/fleet.h).

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lab/lib.sh"

MARK_MS=50 # from what the gateway knows to the rows

N_SERVICES=10000 BACKENDS_IN_ALL=10000 N_MEMBERS=10 ROUNDS=9 JSON=/dev/null
while (($#)); do
	case $1 in
	--quick) ROUNDS=2 ;;
	--json) JSON=$2 && shift ;;
	esac
	shift
done

watch() { "$LAB_BUILD/bench/holdfast-bench-watch" "$(echo "$(bpffs_of g1)"/layout-*/map-services)" "$@"; }

# The process, and the maps that it holds, in KiB.
resident() { awk '/^RssAnon/ { print $2 }' "/proc/$1/status"; }
maps() {
	cat "/proc/$1"/fdinfo/* |
		awk '/^map_id/ { id = $2 } /^memlock/ { bytes = $2 } /^map_id/ && !seen[id]++ { sum += bytes }
			END { printf "%d\n", sum / 1024 }'
}

is_ready() { grep -q " ready: " "$(log_of g1 gateway)"; }

# start_gateway: prints how many ms pass until it is ready.
start_gateway() {
	local start=$EPOCHREALTIME

	: >"$(log_of g1 gateway)"
	launch_holdfast gateway g1
	wait_ready g1 gateway "the gateway to be ready" 120 is_ready
	ms_since "$start"
}

ms_since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.0f\n", (b - a) * 1000 }'; }

quartiles() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 3) / 4)], v[int((NR + 1) / 2)], v[int((3 * NR + 3) / 4)] }'; }

lines=()

# tell WHAT UNIT LOW MEDIAN HIGH [MARK]
tell() {
	local reached=null verdict=''

	[[ ${5:-} ]] || die "$1: no figure"
	if [[ ${6:-} ]]; then
		reached=$(awk -v a="$4" -v b="$6" 'BEGIN { print (a < b) ? "true" : "false" }')
		verdict="   mark $6: $([[ $reached == true ]] && echo reached || echo MISSED)"
	fi
	printf '%-58s %10s %s  (%s to %s)%s\n' "$1" "$4" "$2" "$3" "$5" "$verdict"
	lines+=("$(jq -nc --arg what "$1" --arg unit "$2" --argjson low "$3" --argjson value "$4" --argjson high "$5" \
		--argjson mark "${6:-null}" --argjson reached "$reached" --argjson services "$N_SERVICES" \
		--argjson backends "$BACKENDS_IN_ALL" \
		'{table: "scale", what: $what, services: $services, backends: $backends, unit: $unit, value: $value,
			low: $low, high: $high} + if $mark then {mark: $mark, reached: $reached} else {} end')")
}

# A member of the last service gets another weight, each round.
change_file() {
	local round

	for ((round = 0; round < ROUNDS; round++)); do
		write_config $((round % 2 + 2)) >"$LAB_STATE/holdfast.yaml.new"
		watch rename "$LAB_STATE/holdfast.yaml.new" "$LAB_STATE/holdfast.yaml"
	done
}

s0_has() {
	holdfast g1 status --json |
		jq -e --arg name "$1" --argjson up "$2" \
			'.services[] | select(.name == "s0") | .backends[] | select(.name == $name) | .health.up == $up'
}

# A server dies, and is there again before the next one does.
change_health() {
	local round

	for ((round = 0; round < ROUNDS; round++)); do
		wait_for "b1 to be up" 30 s0_has b1 true
		"watch_$1" b1
		wait_for "b1 to be down" 30 s0_has b1 false
		load_serve b1
	done
}

watch_death() { watch signal "$(pid_of "$1" load)" 9; }

watch_knowledge() {
	watch log "$(log_of g1 gateway)" &
	stop "$1" load KILL
	wait $!
}

lab_open small

# write_config [WEIGHT]: of the last service's first member.
write_config() {
	"$LAB_BUILD/bench/holdfast-bench-tables" \
		--fleet "$N_SERVICES,$BACKENDS_IN_ALL,$N_MEMBERS,${1:-1}"
}

LOCATOR[b1]=fd48:6f6c:1:1 LOCATOR[b2]=fd48:6f6c:1:2
topology_up --without holdfast
agents b1 b2
load_serve b1 b2
printf '%s services of %s of %s backends, dual stack\n\n' "$N_SERVICES" "$N_MEMBERS" "$BACKENDS_IN_ALL"

first=$(start_gateway)
pid=$(pid_of g1 gateway)
memory=$(resident "$pid") maps=$(maps "$pid")
tell "the first start, until it is ready" ms "$first" "$first" "$first"
tell "memory of the daemon" KiB "$memory" "$memory" "$memory"
tell "memory of its maps" KiB "$maps" "$maps" "$maps"
stop g1 gateway
again=$(start_gateway)
tell "a start over full tables" ms "$again" "$again" "$again"
read -r low median high < <(change_file | quartiles)
tell "from a changed file to the rows" ms "$low" "$median" "$high"
read -r low median high < <(change_health knowledge | quartiles)
tell "from a backend known to be down to the rows" ms "$low" "$median" "$high" "$MARK_MS"
read -r low median high < <(change_health death | quartiles)
tell "from a server's death to the rows" ms "$low" "$median" "$high"
printf '%s\n' "${lines[@]}" | jq -s '{tables: .}' >"$JSON"
