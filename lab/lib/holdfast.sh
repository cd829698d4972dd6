# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# Holdfast's own daemons and its command line in a node.

HOLDFAST_OPTIONS=() # more of them, for all daemons

# make_secret FILE: 32 bytes that only root reads.
make_secret() { (umask 077 && head -c 32 /dev/urandom >"$1"); }

# holdfast_built: or says in one line what is missing.
holdfast_built() {
	local program

	for program in gateway/holdfast-gateway agent/holdfast-agent cli/holdfast; do
		if [[ ! -x $LAB_BUILD/$program ]]; then
			complain "build/$program is missing; ./run build makes it"
			return 1
		fi
	done
}

# gateways NODE... / agents NODE...: starts the daemons, together, and waits until each answers.
gateways() { start_holdfast gateway "$@"; }
agents() { start_holdfast agent "$@"; }

start_holdfast() {
	local role=$1 node
	shift

	for node; do
		launch_holdfast "$role" "$node"
	done
	for node; do
		wait_ready "$node" "$role" "the $role on $node to answer" 20 holdfast "$node" status --json
	done
}

# config_of NODE: the file that its daemon reads. A test may give each its own.
config_of() { echo "$LAB_STATE/holdfast.yaml"; }

launch_holdfast() {
	local role=$1 node=$2

	mkdir -p "$LAB_STATE/$node" "$(bpffs_of "$node")"
	start "$node" "$role" "$LAB_BUILD/$role/holdfast-$role" --config "$(config_of "$node")" \
		--node "$node" --bpffs "$(bpffs_of "$node")" --socket "$(socket_of "$node")" \
		--state "$LAB_STATE/$node/state" "${HOLDFAST_OPTIONS[@]}"
}

bpffs_of() { echo "$LAB_STATE/bpf/$1"; }
# In a folder that the daemons make, as on a host where they never ran.
socket_of() { echo "$LAB_STATE/$1/run/holdfast.sock"; }

# Another build, with other compiler options: the daemon that starts from it takes over the pins. It is
# kept, so that the next test has it at once.
LAB_UPGRADE=$LAB_BUILD/lab/upgrade

build_upgrade() {
	local lock

	exec {lock}>>"$LAB_BUILD/lab/upgrade.lock"
	flock "$lock"
	[[ -e $LAB_UPGRADE/build.ninja ]] || meson setup "$LAB_UPGRADE" "$LAB_HOME" -Dbuildtype=release
	ninja -C "$LAB_UPGRADE" gateway/holdfast-gateway agent/holdfast-agent cli/holdfast
	exec {lock}>&-
}

# upgraded NODE ROLE
upgraded() {
	stop "$1" "$2" TERM
	LAB_BUILD=$LAB_UPGRADE start_holdfast "$2" "$1"
	runs_from "$1" "$2" "$LAB_UPGRADE"
}

runs_from() { [[ $(readlink "/proc/$(pid_of "$1" "$2")/exe") == "$3"/* ]]; }

# daemon_by_hand ROLE NODE OPTION...: in the foreground, as the one that runs there; options may be given again.
daemon_by_hand() {
	local role=$1 node=$2
	shift 2

	on "$node" timeout 20 "$LAB_BUILD/$role/holdfast-$role" --config "$(config_of "$node")" \
		--node "$node" --bpffs "$(bpffs_of "$node")" --socket "$(socket_of "$node")" \
		--state "$LAB_STATE/$node/state" "$@"
}

# detach ROLE NODE: takes down what the daemon left there.
detach() { daemon_by_hand "$1" "$2" --detach; }

# program_at NODE: what runs at its link: the same number as long as it is the same load of the program.
program_at() { on "$1" ip -j link show eth0 | jq '.[0].xdp.prog.id'; }

# holdfast NODE ARGUMENTS...: the command line, asking that node's daemon.
holdfast() {
	local node=$1
	shift
	on "$node" timeout 25 "$LAB_BUILD/cli/holdfast" --socket "$(socket_of "$node")" "$@"
}

# counter NODE NAME: packets that ended in this verdict.
counter() { holdfast "$1" counters --json | jq ".counters[\"$2\"].packets // 0"; }

# counted VERDICT NODE...: those of all these nodes.
counted() {
	local verdict=$1 node sum=0
	shift

	for node; do
		sum=$((sum + $(counter "$node" "$verdict")))
	done
	echo "$sum"
}

# on_gateways VERDICT, on_agents VERDICT: the same of all of a kind.
on_gateways() { counted "$1" "${GATEWAYS[@]}"; }
on_agents() { counted "$1" "${BACKENDS[@]}"; }

# connections NODE SERVICE: how many the agent counts.
connections() {
	holdfast "$1" status --json |
		jq --arg service "$2" '.services[] | select(.name == $service).connections'
}

# put_config [ARGUMENTS]: what write_config says, in one piece. Daemons read their file when it is written,
# and the half of one may be a configuration, too: of a service without its last backend.
put_config() {
	write_config "$@" >"$LAB_STATE/holdfast.yaml.new"
	mv "$LAB_STATE/holdfast.yaml.new" "$LAB_STATE/holdfast.yaml"
}

# log_lines NODE ROLE PATTERN: how many there are.
log_lines() { grep -c "$3" "$(log_of "$1" "$2")" || true; }

# reread NODE ROLE COMMAND...: the command makes the daemon read its file again.
reread() {
	local node=$1 role=$2 before
	shift 2

	before=$(log_lines "$node" "$role" 'read again')
	"$@"
	wait_for "$role on $node to read its file again" 30 reread_since "$node" "$role" "$before"
}

reread_since() { (($(log_lines "$1" "$2" 'read again') > $3)); }

# reconfigure [SERVICE/MEMBER...]: the gateways read a configuration of what MEMBERS and WEIGHT are now,
# with these members disabled, and this waits until they have taken it.
reconfigure() {
	local node

	put_config "$@"
	for node in "${GATEWAYS[@]}"; do
		signal "$node" gateway HUP
	done
	for node in "${GATEWAYS[@]}"; do
		wait_for "$node to have taken the configuration without '$*'" 10 has_taken "$node" "$@"
	done
}

# has_taken NODE [SERVICE/MEMBER...]: all members are known to it, and all but these are open.
has_taken() {
	local node=$1
	shift

	[[ $(members_known "$node") == "$(members_wanted "$@")" ]]
}

# SERVICE/MEMBER WEIGHT OPEN, a line each.
members_known() {
	holdfast "$1" status --json |
		jq -r '.services[] | .name + "/" + (.backends[] | "\(.name) \(.weight) \(.open)")' | sort
}

members_wanted() {
	local service member

	for service in "${SERVICES[@]}"; do
		for member in ${MEMBERS[$service]}; do
			if [[ " $* " == *" $service/$member "* ]]; then
				echo "$service/$member ${WEIGHT[$member]} false"
			else
				echo "$service/$member ${WEIGHT[$member]} true"
			fi
		done
	done | sort
}

# accept_sid BACKEND [must]: the agent's SID, wire/srv6.h.
accept_sid() {
	case ${2:-} in
	must) echo "${LOCATOR[$1]}:f003:100::" ;;
	*) echo "${LOCATOR[$1]}:f003::" ;;
	esac
}
