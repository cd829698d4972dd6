# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# By which rung of the ladder living connections go: they talk alone, and the gateways' counters tell.

# all_pause NAME...: these loads are silent, and no answer is due.
all_pause() {
	local name

	load_tell "$@" -- pause
	for name; do
		wait_for "$name to be silent" 10 load_has "$name" '.waiting == 0'
	done
}

# by_rung cookie|candidates NAME...: these connections talk, all others being silent, and go by that rung
# and not by the other, but for what somebody else still had to acknowledge.
by_rung() {
	local rung=$1 other by_this by_other live=0 name
	shift

	[[ $rung == cookie ]] && other=candidates || other=cookie
	by_this=$(counted "$rung" "${GATEWAYS[@]}") by_other=$(counted "$other" "${GATEWAYS[@]}")
	load_talk 20 "$@"
	all_pause "$@"
	by_this=$(($(counted "$rung" "${GATEWAYS[@]}") - by_this))
	by_other=$(($(counted "$other" "${GATEWAYS[@]}") - by_other))
	for name; do
		live=$((live + $(load_report "$name" .live)))
	done
	echo "$live connections: $by_this packets by $rung, $by_other by $other"
	((live > 0 && by_this >= live && by_other < live / 2))
}
