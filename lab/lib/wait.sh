# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# Waiting for a state: bounded, and it says what it waited for.

now_us() { echo "${EPOCHREALTIME/./}"; }

# wait_for WHAT SECONDS COMMAND...: until COMMAND succeeds. 1 and one line when it never did. On a machine that is
# slow by itself LAB_PATIENCE is a factor to all seconds.
wait_for() {
	local what=$1 seconds=$(($2 * ${LAB_PATIENCE:-1})) deadline
	shift 2

	deadline=$(($(now_us) + seconds * 1000000))
	until "$@" >/dev/null 2>&1; do
		if (($(now_us) > deadline)); then
			complain "waited $seconds s in vain for $what"
			return 1
		fi
		sleep 0.05
	done
}

# wait_ready NODE PROCESS WHAT SECONDS COMMAND...: the same for a process that was started. Stops
# early when the process has died, and shows the end of its log.
wait_ready() {
	local node=$1 name=$2 what=$3 seconds=$4
	shift 4

	if ! wait_for "$what" "$seconds" ended_or "$node" "$name" "$@" ||
		! running "$node" "$name"; then
		complain "$name on $node is not ready; the end of $(log_of "$node" "$name"):"
		tail -n 8 "$(log_of "$node" "$name")" >&2
		return 1
	fi
}

ended_or() {
	local node=$1 name=$2
	shift 2

	! running "$node" "$name" || "$@"
}
