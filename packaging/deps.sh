#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# deps.sh [lab] [bench] [vm]: installs the Debian packages of packaging/needs that are missing, and only them;
# with `lab`, `bench`, `vm` those of packaging/needs-lab, needs-bench, needs-vm, too. The services
# among them (nginx, FRR, BIRD, NSD, unbound, etcd) are neither started nor enabled: the lab runs its own, in
# network namespaces.

set -euo pipefail
export DEBIAN_FRONTEND=noninteractive PATH=$PATH:/usr/sbin:/sbin

here=$(cd "$(dirname "$0")" && pwd)
policy=/usr/sbin/policy-rc.d # invoke-rc.d and systemd's helpers ask it before they start anything
services=(frr bird bird6 nginx nsd etcd prometheus influxdb haproxy unbound)
lists=("$here/needs" "${@/#/$here/needs-}")
wanted="$*"

needed() { awk '!/^#/ && NF { print $1 }' "${lists[@]}"; }

is_installed() {
	[[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

missing() {
	local package

	for package in $(needed); do
		is_installed "$package" || echo "$package"
	done
}

has_unit() { [[ -e /lib/systemd/system/$1.service || -e /etc/init.d/$1 ]]; }

# start_nothing: until this script ends. A policy that is there already is somebody's, and stays.
start_nothing() {
	[[ -e $policy ]] && return 0
	trap 'rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
}

apt() {
	apt-get --quiet --yes --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1 && return

	tail -n 20 "$log" >&2
	echo "deps: apt-get $1 failed; its whole output is in $log" >&2
	return 1
}

main() {
	local list packages service had=()

	command -v dpkg-query >/dev/null || {
		echo "deps: no Debian here; what is needed is listed in packaging/needs" >&2
		exit 1
	}
	for list in "${lists[@]}"; do
		[[ -e $list ]] || {
			echo "deps: there is no ${list#"$here/"}, allowed: lab, bench, vm" >&2
			exit 2
		}
	done
	mapfile -t packages < <(missing)
	((${#packages[@]} > 0)) || exit 0
	((EUID == 0)) || {
		echo "deps: missing ${packages[*]}; installing them needs root: sudo ./run deps${wanted:+ $wanted}" >&2
		exit 1
	}

	log=$(mktemp /var/log/holdfast-deps.XXXXXX)
	echo "installing ${packages[*]} (a few minutes; log in $log)"
	for service in "${services[@]}"; do
		! has_unit "$service" || had+=("$service")
	done
	start_nothing
	apt update
	apt install "${packages[@]}"

	[[ -d /run/systemd/system ]] || exit 0
	for service in "${services[@]}"; do
		if has_unit "$service" && [[ " ${had[*]} " != *" $service "* ]]; then
			systemctl --quiet disable "$service" 2>>"$log"
		fi
	done
}

main
