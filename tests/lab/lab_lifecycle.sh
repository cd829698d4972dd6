#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The lab itself: teardown leaves nothing behind, however the run ended, and `up` works again.
# Topology: lab/topologies/anycast.sh, brought up by other processes, which this one ends.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

lab_join anycast
LAB_COMMAND=$LAB_HOME/lab/lab.sh
NOTES=$(mktemp -d)
trap 'rm -rf "$NOTES"' EXIT

up() { "$LAB_COMMAND" up anycast >"$NOTES/up.log" 2>&1; }

# note: the processes, and the BPF programs, of the lab that is up.
note() {
	inhabitants >"$NOTES/pids"
	find "$LAB_STATE/bpf" -type f -name 'link-*' -exec bpftool -j link show pinned {} \; |
		jq -r .prog_id >"$NOTES/programs"
	[[ -s $NOTES/pids && -s $NOTES/programs ]]
}

nothing_left() {
	local pid id

	is '' eval "ip netns list | grep '^anycast-'"
	[[ ! -e $LAB_STATE && ! -e $LAB_STATE.lock ]]
	is '' mounts_below "$LAB_STATE"
	while read -r pid; do
		fails identity_of "$pid"
	done <"$NOTES/pids"
	while read -r id; do
		wait_for "BPF program $id to be freed" 10 fails bpftool prog show id "$id"
	done <"$NOTES/programs"
}

# interrupted SIGNAL: `up` gets it in the middle. (A shell's background job ignores SIGINT; a person's
# `up` does not.)
interrupted() {
	local pid

	env --default-signal=INT setsid "$LAB_COMMAND" up anycast >"$NOTES/up.log" 2>&1 &
	pid=$!
	disown "$pid"
	wait_for "the first gateway's BIRD" 20 test -e "$LAB_STATE/processes/g1.bird"
	kill "-$1" "$pid"
	wait_for "that run to end" 30 fails identity_of "$pid"
}

it "anycast comes up" up
it "it has processes and pinned programs" note
it "down succeeds" "$LAB_COMMAND" down anycast
it "nothing is left: namespaces, mounts, processes, programs, files" nothing_left

it "anycast comes up a second time" up
it "up again replaces it" up
it "it has processes and pinned programs again" note
it "in a shell on a node, holdfast asks the daemon there" \
	is "gateway g2" eval "'$LAB_COMMAND' shell anycast g2 <<<'holdfast status' | grep -o 'gateway g2'"
it "down succeeds again" "$LAB_COMMAND" down anycast
it "nothing is left again" nothing_left

interrupted INT
it "nothing is left after Ctrl-C in the middle of up" nothing_left
interrupted TERM
it "nothing is left after SIGTERM in the middle of up" nothing_left
interrupted KILL
it "after SIGKILL in the middle of up the next up works" up
it "and down" "$LAB_COMMAND" down anycast
it "and then nothing is left" nothing_left
tests_end
