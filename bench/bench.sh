#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# ./run bench: its sections one after the other, and their figures in one file.

set -euo pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin

home=$(cd "$(dirname "$0")/.." && pwd)
SECTIONS=(paths tables scale traffic)

usage() {
	cat <<-END
		usage: sudo ./run bench [--quick] [--json FILE] [--only SECTION|PATH]
		       sudo ./run bench --check [--only PATH]

		How fast it is, and how large. Nothing of this machine's own network is touched.

		  paths     what a packet costs on each of its ways through the BPF programs, in ns
		  tables    pins by how full they are; rows: how long, how even, what moves
		  scale     a gateway with 10,000 services and backends: loading, memory, changes
		  traffic   requests and connections beside HAProxy, nginx and the kernel's routing

		  --quick         small versions, two minutes in all; without it, fifteen
		  --check         times nothing: do all packets of `paths` end where they should?
		  --json FILE     the figures for programs: machine, and a list for each section
		  --only SECTION  one of them; or one path of a packet, for instance: pick

		Docs: docs/performance.md for paths, docs/scale.md for the rest.
	END
}

fail() {
	echo "run bench: $*" >&2
	exit 2
}

quick=() check=() json='' only=''
while (($#)); do
	case $1 in
	--quick) quick=(--quick) ;;
	--check) check=(--check) ;;
	--json | --only)
		(($# > 1)) || fail "$1: something is missing behind it, see --help"
		[[ $1 == --json ]] && json=$2 || only=$2
		shift
		;;
	--help | -h) usage && exit ;;
	*) fail "$1: not an option, see --help" ;;
	esac
	shift
done

if ((${#check[@]})); then
	[[ -z $json && ${#quick[@]} == 0 ]] || fail "--check: nothing is timed, so neither --json nor --quick, see --help"
	exec "$home/build/bench/holdfast-bench" --check ${only:+--only "$only"}
fi

parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT

section_paths() { "$home/build/bench/holdfast-bench" "$@"; }
section_tables() { "$home/build/bench/holdfast-bench-tables" "$@"; }
section_scale() { LAB_INSTANCE=${LAB_INSTANCE:-bench} "$home/bench/scale.sh" "$@"; }
section_traffic() { LAB_INSTANCE=${LAB_INSTANCE:-bench} "$home/bench/traffic.sh" "$@"; }

# Others that run meanwhile make figures worse, and those of real traffic most.
machine=$("$home/build/bench/holdfast-bench-tables" --machine)
if jq -e '.load_before > 1' <<<"$machine" >/dev/null; then
	echo "this machine is busy: a load of $(jq .load_before <<<"$machine") on $(jq .cores <<<"$machine") cores"
fi

# section NAME [OPTION...]
section() {
	local name=$1
	shift

	printf '\n== %s\n\n' "$name"
	"section_$name" "${quick[@]}" --json "$parts/$name.json" "$@"
}

case " ${SECTIONS[*]} " in
*" $only "*) section "$only" ;;
*)
	if [[ -n $only ]]; then
		section paths --only "$only"
	else
		for name in "${SECTIONS[@]}"; do
			section "$name"
		done
	fi
	;;
esac

files=()
for name in "${SECTIONS[@]}"; do
	[[ ! -e $parts/$name.json ]] || files+=("$parts/$name.json")
done
[[ -z $json ]] || jq -s --argjson machine "$machine" '(map(.tables // []) | add) as $tables | add
	| .machine = $machine | if $tables == [] then . else .tables = $tables end' "${files[@]}" >"$json"
