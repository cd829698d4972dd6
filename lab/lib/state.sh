# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# A topology's life: open, keep or close. With LAB_INSTANCE set, a second one of the same topology lives
# beside the first: LAB is TOPOLOGY, or TOPOLOGY.INSTANCE. /run/holdfast-lab/LAB holds
#
#	nodes		the names of the namespaces, one a line, written before they are made
#	processes/	NODE.NAME: pid and start time
#	log/		NODE.NAME.log
#	bpf/		a bpffs of its own
#	losses		what the machine had lost before
#	kept		if a finished `lab up` left it for a person to play with
#	NODE/		what a node's daemons read and write
#
# Beside it LAB.lock is held by the script that uses the topology, and freed by the kernel
# however that script ends.

LAB='' LAB_STATE=''
LAB_LOCK=99 # a number that nothing uses, until there is a lock

topology_file() { echo "$LAB_HOME/lab/topologies/$1.sh"; }

# lab_join TOPOLOGY: looks at a topology without owning it.
lab_join() {
	[[ $1 =~ ^[a-z0-9]+$ && -e $(topology_file "$1") ]] ||
		die "no topology '$1'; there are: $(topologies | tr '\n' ' ')"
	LAB=$1${LAB_INSTANCE:+.$LAB_INSTANCE}
	LAB_STATE=$LAB_RUN/$LAB
	# shellcheck source=lab/topologies/anycast.sh
	. "$(topology_file "$1")"
}

topologies() { (cd "$LAB_HOME/lab/topologies" && printf '%s\n' *.sh | sed 's/\.sh$//'); }

# lab_open TOPOLOGY: owns it, clears what a dead run left, and takes it down when the script ends.
lab_open() {
	((EUID == 0)) || die "the lab needs root: network namespaces, BPF"
	lab_join "$1"
	lab_lock
	if [[ -e $LAB_STATE/kept ]]; then
		die "$LAB is up and kept; ./run lab down $LAB takes it down"
	fi
	trap lab_close EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	lab_clear
	mkdir -p "$LAB_STATE"/{processes,log,bpf}
	losses_begin
	mount -t bpf bpf "$LAB_STATE/bpf"
}

# A run that ended a moment ago may still have a child that holds the lock: hence the patience.
# The file is removed at the end, so the one that was locked must still be the one in its place.
lab_lock() {
	local lock=$LAB_STATE.lock

	while true; do
		mkdir -p "$LAB_RUN"
		exec {LAB_LOCK}>>"$lock" || continue # another topology's end took the folder away
		flock -w 10 "$LAB_LOCK" || die "$LAB is in use by process $(<"$lock")"
		[[ $lock -ef /proc/self/fd/$LAB_LOCK ]] && break
		exec {LAB_LOCK}>&-
	done
	echo $$ >"$lock"
}

# lab_keep: the topology outlives the script.
lab_keep() {
	touch "$LAB_STATE/kept"
	trap - EXIT HUP INT TERM
}

# lab_close: takes everything down; safe to call at any moment and twice.
lab_close() {
	trap '' HUP INT TERM
	trap - EXIT
	set +e
	lab_clear
	rm -f "$LAB_STATE.lock"
	rmdir "$LAB_RUN" 2>/dev/null
	exec {LAB_LOCK}>&-
	return 0
}

lab_clear() {
	local node mounted

	[[ -d $LAB_STATE ]] || return 0
	end_processes
	for node in $(nodes); do
		[[ ! -e /run/netns/$LAB-$node ]] || ip netns delete "$LAB-$node"
	done
	for mounted in $(mounts_below "$LAB_STATE"); do
		umount "$mounted" || umount --lazy "$mounted"
	done
	lab_save_logs
	rm -rf --one-file-system "$LAB_STATE"
}

# mounts_below FOLDER: the newest first.
mounts_below() { awk -v below="$1/" 'index($2, below) == 1 { print $2 }' /proc/self/mounts | tac; }

# The logs of the last run stay readable in the build folder.
lab_save_logs() {
	local kept=$LAB_BUILD/lab/log/$LAB

	[[ -d $LAB_BUILD && -d $LAB_STATE/log ]] || return 0
	rm -rf "$kept"
	mkdir -p "$kept"
	cp "$LAB_STATE"/log/* "$kept" 2>/dev/null || true
}
