#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Whatever happens, no living connection breaks: the last column of the churn matrix, a test for each event.
# Takes up to 600 s.
# Topology: lab/topologies/churn.sh, many times.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"
. "$LAB_HOME/lab/matrix/tables.sh"

CELLS=$LAB_BUILD/lab/matrix.json

# has EVENT CONDITION: four cells, and in all of them.
has() {
	jq -e --arg event "$1" "[.cells[] | select(.event == \$event)] | length == 4 and all($2)" "$CELLS" >/dev/null || {
		jq -c --arg event "$1" '.cells[] | select(.event == $event)' "$CELLS"
		return 1
	}
}

rung_has_answered() { jq -e --arg rung "$1" '[.cells[].rungs[$rung]] | add > 0' "$CELLS"; }

rm -f "$CELLS"
"$LAB_HOME/lab/matrix.sh" --quick --json "$CELLS" > >(sed 's/^/# /') &
matrix=$!
trap 'kill "$matrix"; wait "$matrix"; exit 143' INT TERM
wait "$matrix" || true
trap - INT TERM
for event in "${EVENTS[@]}"; do
	it "${TITLE[$event]}: seen to happen to 500 connections" has "$event" '.verified and .live >= 125'
	it "${TITLE[$event]}: none of them is broken" has "$event" '.broken == 0'
done
for rung in cookie pin candidate who_has; do
	it "some packets were answered by the rung $rung" rung_has_answered "$rung"
done
tests_end
