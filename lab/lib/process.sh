# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# Processes of a topology. Each has a record, processes/NODE.NAME, with its pid and its start time
# (proc(5), stat, field 22): a pid that was given to somebody else meanwhile is left alone.
# Each leads a session of its own, so that Ctrl-C reaches the script and not the daemons, and so
# that its children end with it.

# identity_of PID: the start time, or nothing if there is no such living process.
identity_of() {
	local stat

	{ IFS= read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
	read -ra stat <<<"${stat##*) }"
	[[ ${stat[0]} != Z ]] && echo "${stat[19]}"
}

log_of() { echo "$LAB_STATE/log/$1.$2.log"; }

# start NODE NAME COMMAND...: in the background, output to the log.
start() {
	local node=$1 name=$2 record="$LAB_STATE/processes/$1.$2" pid
	shift 2

	setsid nsenter --net="/run/netns/$LAB-$node" -- "$@" \
		</dev/null >>"$(log_of "$node" "$name")" 2>&1 {LAB_LOCK}>&- &
	pid=$!
	disown "$pid"
	echo "$pid $(identity_of "$pid")" >"$record"
}

# pid_of NODE NAME: the pid of a process that was started and lives.
pid_of() { living "$LAB_STATE/processes/$1.$2"; }

running() { pid_of "$@" >/dev/null; }

living() {
	local pid identity

	read -r pid identity 2>/dev/null <"$1" || return 1
	[[ -n $identity && $(identity_of "$pid") == "$identity" ]] && echo "$pid"
}

# signal NODE NAME SIGNAL: to the process alone, not to its children.
signal() { kill "-$3" "$(pid_of "$1" "$2")"; }

# stop NODE NAME [SIGNAL]: and waits until it has ended.
stop() {
	end_process "$LAB_STATE/processes/$1.$2" "${3:-TERM}"
}

end_process() {
	local record=$1 signal=$2 pid

	if pid=$(living "$record"); then
		kill "-$signal" "$pid" 2>/dev/null || true
		if ! wait_for "${record##*/} to end" 5 has_ended "$record"; then
			kill -KILL -- "-$pid" 2>/dev/null || true
		fi
	fi
	rm -f "$record"
}

has_ended() { ! living "$1"; }

# end_processes: every recorded one, together, then what still lives in our namespaces.
end_processes() {
	local record pid

	for record in "$LAB_STATE"/processes/*; do
		! pid=$(living "$record") || kill -TERM "$pid" 2>/dev/null || true
	done
	for record in "$LAB_STATE"/processes/*; do
		[[ -e $record ]] && end_process "$record" TERM
	done
	for pid in $(inhabitants); do
		kill -KILL "$pid" 2>/dev/null || true
	done
}

# inhabitants: the pids of all processes in the topology's namespaces.
inhabitants() {
	local node

	for node in $(nodes); do
		ip netns pids "$LAB-$node" 2>/dev/null || true
	done
}
