# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# Holdfast's own daemons and its command line in a node.

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
		--node "$node" --bpffs "$(bpffs_of "$node")" --socket "$(socket_of "$node")"
}

bpffs_of() { echo "$LAB_STATE/bpf/$1"; }
socket_of() { echo "$LAB_STATE/$1/holdfast.sock"; }

# detach_agent NODE: undoes what the agent prepared on its host.
detach_agent() {
	on "$1" timeout 20 "$LAB_BUILD/agent/holdfast-agent" --config "$(config_of "$1")" \
		--node "$1" --bpffs "$(bpffs_of "$1")" --socket "$(socket_of "$1")" --detach
}

# holdfast NODE ARGUMENTS...: the command line, asking that node's daemon.
holdfast() {
	local node=$1
	shift
	on "$node" timeout 10 "$LAB_BUILD/cli/holdfast" --socket "$(socket_of "$node")" "$@"
}

# counter NODE NAME: packets that ended in this verdict.
counter() { holdfast "$1" counters --json | jq ".counters[\"$2\"].packets // 0"; }

# reconfigure [SERVICE/MEMBER...]: the gateways read a configuration with these members disabled,
# and this waits until they have taken it.
reconfigure() {
	local node

	write_config "$@" >"$LAB_STATE/holdfast.yaml"
	for node in "${GATEWAYS[@]}"; do
		signal "$node" gateway HUP
	done
	for node in "${GATEWAYS[@]}"; do
		wait_for "$node to have disabled '$*' and nothing else" 10 has_disabled "$node" "$@"
	done
}

# has_disabled NODE [SERVICE/MEMBER...]: exactly these.
has_disabled() {
	local node=$1
	shift

	[[ $(closed_members "$node" | sort) == "$(printf '%s\n' "$@" | sort)" ]]
}

# closed_members NODE: SERVICE/MEMBER, a line each.
closed_members() {
	holdfast "$1" status --json |
		jq -r '.services[] | .name + "/" + (.backends[] | select(.open | not) | .name)'
}

# accept_sid BACKEND [must]: the agent's SID, wire/srv6.h.
accept_sid() {
	case ${2:-} in
	must) echo "${LOCATOR[$1]}:f003:100::" ;;
	*) echo "${LOCATOR[$1]}:f003::" ;;
	esac
}
