#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# One event happens to one scheme: run.sh SCHEME EVENT FILE writes the run's four cells to FILE, as JSON.
# Ends with 75 if it never came to the event. Topology: lab/topologies/churn.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
. "$LAB_HOME/lab/matrix/tables.sh"

SCHEME=$1 EVENT=$2 RESULT=$3
WITNESS=true # has the event been seen to happen?

lab_open churn
. "$LAB_HOME/lab/matrix/cells.sh"
. "$LAB_HOME/lab/matrix/schemes.sh"
. "$LAB_HOME/lab/matrix/events.sh"
RUN=$LAB_STATE/matrix # what was noted

prepare() {
	mkdir -p "$RUN"
	scheme_up
	watch_hops
	crowds_open
	note_live
	look "$RUN/before"
	fall_silent
}

happen() {
	echo "event: $EVENT at $(date +%T.%3N)"
	"event_${EVENT//-/_}"
	echo "over: at $(date +%T.%3N), ${SECONDS} s"
}

# count: whoever waits in vain by now is broken, too.
count() {
	local cell

	cells_talk
	cells_settle
	[[ -e $RUN/after ]] || look "$RUN/after"
	for cell in "${CELLS[@]}"; do
		cell_json "$cell"
	done | jq -s . >"$RUN/result"
	mv "$RUN/result" "$RESULT"
}

trap 'exit 75' ERR
set -E
prepare
trap - ERR
happen
count
