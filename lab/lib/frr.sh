# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# FRR's zebra and bgpd in a node, with sockets and vty of their own.

# frr NODE < CONFIGURATION
frr() {
	local node=$1 home="$LAB_STATE/$1/frr"

	mkdir -p "$home"
	cat >"$home/frr.conf"
	# FRR drops to its own user, who must reach this folder and nothing else of ours.
	chown -R frr:frr "$home"
	chmod 755 "$LAB_STATE" "$LAB_STATE/$node"

	start "$node" zebra /usr/lib/frr/zebra -P 0 -f "$home/frr.conf" -i "$home/zebra.pid" \
		-z "$home/zserv" --vty_socket "$home" --log stdout
	wait_ready "$node" zebra "zebra's socket" 10 test -S "$home/zserv"
	start "$node" bgpd /usr/lib/frr/bgpd -P 0 -f "$home/frr.conf" -i "$home/bgpd.pid" \
		-z "$home/zserv" --vty_socket "$home" --log stdout
	wait_ready "$node" bgpd "bgpd's socket" 10 test -S "$home/bgpd.vty"
}

# vtysh_on NODE COMMAND...: FRR's shell.
vtysh_on() {
	local node=$1
	shift
	vtysh --vty_socket "$LAB_STATE/$node/frr" -c "$*"
}

# bgp_established NODE COUNT: so many of its sessions, both families together, are up.
bgp_established() {
	local up

	up=$(vtysh_on "$1" show bgp summary established json |
		jq '[.[] | objects | .peers // {} | .[] | select(.state == "Established")] | length')
	[[ $up == "$2" ]]
}
