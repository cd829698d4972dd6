#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The lab by hand: ./run lab VERB ...

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/lib.sh"

do_help() {
	cat <<-END
		usage: ./run lab VERB ...

		  list                           the topologies, and which of them are up
		  draw   TOPOLOGY                the drawing
		  up     TOPOLOGY [--without holdfast]
		                                 brings it up and keeps it; again: anew
		  down   TOPOLOGY                takes it down, also what a killed run left
		  nodes  TOPOLOGY                the nodes
		  shell  TOPOLOGY NODE           a shell in the node's network; holdfast asks its daemon there
		  on     TOPOLOGY NODE COMMAND   one command there
		  holdfast TOPOLOGY NODE ...     the command line, asking that node's daemon
		  log    TOPOLOGY [NODE]         the daemons' logs
		  config TOPOLOGY                the path of the generated holdfast.yaml
		  matrix [--quick] ...           what breaks connections: events x schemes; --help tells more
	END
}

do_draw() {
	lab_join "$1"
	drawing "$(topology_file "$1")"
}

do_list() {
	local name state

	for name in $(topologies); do
		state=down
		[[ ! -d $LAB_RUN/$name${LAB_INSTANCE:+.$LAB_INSTANCE} ]] || state=up
		printf '%-12s %-5s %s\n' "$name" "$state" "$(title "$(topology_file "$name")")"
	done
}

do_up() {
	local name=$1
	shift

	lab_join "$name"
	rm -f "$LAB_STATE/kept"
	lab_open "$name"
	drawing "$(topology_file "$name")"
	topology_up "$@"
	lab_keep
	echo "$name is up: ./run lab shell $name NODE ($(nodes | tr '\n' ' ')), ./run lab down $name"
}

do_down() {
	((EUID == 0)) || die "the lab needs root"
	lab_join "$1"
	[[ -d $LAB_STATE ]] || die "$1 is not up"
	lab_lock
	lab_close
}

do_config() {
	is_up "$1"
	echo "$LAB_STATE/holdfast.yaml"
}

is_up() {
	lab_join "$1"
	[[ -d $LAB_STATE ]] || die "$1 is not up; ./run lab up $1"
}

do_nodes() {
	is_up "$1"
	nodes
}

do_on() {
	has_node "$1" "$2"
	on "${@:2}"
}

do_holdfast() {
	has_node "$1" "$2"
	holdfast "${@:2}"
}

# There `holdfast` is the command line that asks this node's daemon.
do_shell() {
	local ask

	has_node "$1" "$2"
	printf -v ask '%q ' "$LAB_BUILD/cli/holdfast" --socket "$(socket_of "$2")"
	on "$2" env PS1="[$1 $2] \w # " "BASH_FUNC_holdfast%%=() { $ask \"\$@\"; }" /bin/bash --norc
}

do_matrix() { exec "$LAB_HOME/lab/matrix.sh" "$@"; }

has_node() {
	is_up "$1"
	[[ -e /run/netns/$LAB-$2 ]] || die "$1 has no node '$2'; it has: $(nodes | tr '\n' ' ')"
}

do_log() {
	is_up "$1"
	tail -n 20 "$LAB_STATE"/log/"${2:-}"*.log
}

declare -A arguments=([help]=0 [list]=0 [draw]=1 [up]=1 [down]=1 [nodes]=1 [shell]=2 [on]=3
	[holdfast]=2 [log]=1 [config]=1 [matrix]=0) # at least so many

# arguments_of VERB: its line of the help, without what it says.
arguments_of() {
	do_help | awk -v "verb=$1" '$1 == verb { sub(/^ *[a-z]* */, verb " "); sub(/   .*/, ""); print }'
}

verb=${1:-help}
shift || true
[[ -n ${arguments[$verb]:-} ]] || {
	complain "$verb: no such verb, allowed: ${!arguments[*]}"
	exit 2
}
(($# >= arguments[$verb])) || {
	complain "$verb: more has to follow: $(arguments_of "$verb")"
	exit 2
}
"do_$verb" "$@"
