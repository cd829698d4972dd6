#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The churn matrix: what each event breaks under each scheme. Every run has a network of its own, so
# several go on at once. Exits with 0 only if nothing was broken under holdfast, every event was seen to
# happen, and the others broke where theory says that they must.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/lib.sh"
. "$LAB_HOME/lab/matrix/tables.sh"

AT_ONCE=3	 # runs
SILENT_AT_ONCE=4 # besides those: runs that consist of silence
SETUPS=3	 # attempts to bring a network up, on a busy machine
WORK=$LAB_BUILD/lab/runs

usage() {
	cat <<-END
		usage: sudo ./run lab matrix [OPTION...]

		  --only EVENT     this event alone; again: and this one
		  --scheme SCHEME  this scheme alone; again: and this one
		  --quick          holdfast alone
		  --go-on          what an earlier one has in build/lab/runs stands; the rest is run
		  --at-once N      so many runs beside each other (default: $AT_ONCE)
		  --json FILE      the cells go there
		  --docs FILE      the account goes there (after all of it: docs/evidence/churn.md)

		events: ${EVENTS[*]}
		schemes: ${SCHEMES[*]}
	END
}

only=() schemes=() json='' docs='' go_on=false
while (($# > 0)); do
	case $1 in
	--only) only+=("${2?--only: which event?}") && shift ;;
	--scheme) schemes+=("${2?--scheme: which?}") && shift ;;
	--quick) schemes=(holdfast) ;;
	--go-on) go_on=true ;;
	--at-once) AT_ONCE=${2?--at-once: how many?} && shift ;;
	--json) json=$(realpath "${2?--json: which file?}") && shift ;;
	--docs) docs=$(realpath "${2?--docs: which file?}") && shift ;;
	help | --help | -h) usage && exit ;;
	*) usage >&2 && exit 2 ;;
	esac
	shift
done

# among WORD LIST...
among() {
	local word=$1
	shift
	[[ " $* " == *" $word "* ]]
}

for name in "${only[@]}"; do
	among "$name" "${EVENTS[@]}" || die "no event '$name'; there are: ${EVENTS[*]}"
done
for name in "${schemes[@]}"; do
	among "$name" "${SCHEMES[@]}" || die "no scheme '$name'; there are: ${SCHEMES[*]}"
done
((EUID == 0)) || die "the lab needs root: network namespaces, BPF"
holdfast_built || exit 1

whole=false
if ((${#only[@]} + ${#schemes[@]} == 0)); then
	whole=true
	: "${docs:=$LAB_HOME/docs/evidence/churn.md}"
fi
((${#only[@]} > 0)) || only=("${EVENTS[@]}")
((${#schemes[@]} > 0)) || schemes=("${SCHEMES[@]}")

# stop_all: whatever is under way takes its network down first.
stop_all() {
	trap '' INT TERM
	# shellcheck disable=SC2046
	kill $(jobs -p) 2>/dev/null || true
	wait
	exit 143
}

# The runs ------------------------------------------------------------------------------------------

run_name() { echo "${2}.${1//+/-}"; }

# a_run SCHEME EVENT: with as many attempts as it takes to come to the event, and a line when it is done.
a_run() {
	local scheme=$1 event=$2 name status attempt child begin=$SECONDS
	name=$(run_name "$@")
	[[ ! -e $WORK/$name.json ]] || return 0
	trap 'kill "$child" 2>/dev/null; wait "$child"; exit 143' TERM

	for ((attempt = 1; attempt <= SETUPS; attempt++)); do
		status=0
		LAB_INSTANCE=${LAB_INSTANCE:+$LAB_INSTANCE-}$name \
			timeout --foreground --kill-after=60 600 bash "$LAB_HOME/lab/matrix/run.sh" "$scheme" "$event" \
			"$WORK/$name.json" >"$WORK/$name.log" 2>&1 &
		child=$!
		wait "$child" || status=$?
		((status == 75)) || break
	done
	if ((status == 0)); then
		jq -r --arg seconds $((SECONDS - begin)) -f "$LAB_HOME/lab/matrix/line.jq" "$WORK/$name.json"
	else
		printf '  %-14s %-20s did not come to an end (%s): %s\n' "$scheme" "$event" "$status" \
			"$WORK/$name.log"
	fi
}

# a_pool COUNT < "SCHEME EVENT" LINES: so many at once; in the background, where it waits for its own alone.
a_pool() {
	local running=0 scheme event

	trap stop_all TERM
	while read -r scheme event; do
		if ((running == $1)); then
			wait -n || true
			((running--)) || true
		fi
		a_run "$scheme" "$event" </dev/null &
		((++running))
	done
	wait
}

# runs PATTERN: the lines; a pattern of events. Our own column comes first.
runs() {
	local i event

	for ((i = ${#schemes[@]} - 1; i >= 0; i--)); do
		for event in "${only[@]}"; do
			# shellcheck disable=SC2053
			[[ $event != $1 ]] || ! applies "${schemes[i]}" "$event" || echo "${schemes[i]} $event"
		done
	done
}

mkdir -p "$WORK"
rm -f "$WORK/matrix.json"
$go_on || rm -f "$WORK"/*.json "$WORK"/*.log
shopt -s extglob
trap stop_all INT TERM HUP
begin=$SECONDS
a_pool "$SILENT_AT_ONCE" < <(runs 'idle-*') &
a_pool "$AT_ONCE" < <(runs '!(idle-*)') &
wait

# The judgement -------------------------------------------------------------------------------------

# What was to be run and what came of it.
{ runs '*'; } | jq -Rn '[inputs | split(" ") | {scheme: .[0], event: .[1]}]' >"$WORK/planned"
find "$WORK" -name '*.json' ! -name matrix.json -exec cat {} + | jq -s '{cells: (add // [])}' >"$WORK/matrix.json"
jq -n --slurpfile matrix "$WORK/matrix.json" --slurpfile planned "$WORK/planned" \
	--argjson theory "$(theory)" --argjson titles "$(titles)" --arg seconds $((SECONDS - begin)) \
	--arg kernel "$(uname -r)" --arg date "$(date +%F)" --arg cores "$(nproc)" \
	--argjson go_on "$go_on" \
	'{cells: $matrix[0].cells, planned: $planned[0], $theory, $titles, $seconds, $kernel, $date, $cores, $go_on}' \
	>"$WORK/all"
[[ -z $json ]] || cp "$WORK/matrix.json" "$json"

echo
jq -r -f "$LAB_HOME/lab/matrix/table.jq" "$WORK/all"
echo
verdict=$(jq -r -f "$LAB_HOME/lab/matrix/judge.jq" "$WORK/all")
echo "$verdict"
status=1
[[ $verdict != "All of it held." ]] || status=0

# In place of what stands between the same two lines there.
readme_takes_summary() {
	local summary

	summary=$(sed -n '/^<!-- summary -->/,/^<!-- end of summary -->/p' "$1")
	awk -v summary="$summary" '
		/^<!-- summary -->/ { print summary; skip = 1 }
		!skip { print }
		/^<!-- end of summary -->/ { skip = 0 }' "$LAB_HOME/README.md" >"$WORK/readme"
	cat "$WORK/readme" >"$LAB_HOME/README.md"
}

if [[ -n $docs ]] && { ((status == 0)) || ! $whole; }; then
	mkdir -p "$(dirname "$docs")"
	jq -r -f "$LAB_HOME/lab/matrix/account.jq" "$WORK/all" >"$docs"
	! $whole || readme_takes_summary "$docs"
fi
exit "$status"
