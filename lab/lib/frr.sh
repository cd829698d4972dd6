# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# FRR's zebra and bgpd in a node, with sockets and vty of their own; and bfdd, where the configuration
# wants BFD. As a router of the fabric (bgp_router), and in a gateway, by the configuration that is an
# example for everybody, examples/bgp/frr.conf.

# frr NODE [DAEMON...] < CONFIGURATION
frr() {
	local node=$1 home="$LAB_STATE/$1/frr" daemons=("${@:2}") daemon

	mkdir -p "$home"
	cat >"$home/frr.conf"
	# FRR drops to its own user, who must reach this folder and nothing else of ours.
	chown -R frr:frr "$home"
	chmod 755 "$LAB_STATE" "$LAB_STATE/$node"

	if ((${#daemons[@]} == 0)); then
		daemons=(zebra bgpd)
		! grep -q ' bfd$' "$home/frr.conf" || daemons=(zebra bfdd bgpd)
	fi
	for daemon in "${daemons[@]}"; do
		frr_daemon "$node" "$daemon"
	done
}

frr_daemon() {
	local node=$1 daemon=$2 home="$LAB_STATE/$1/frr" more=()

	[[ $daemon != bfdd ]] || more=(--bfdctl "$home/bfdd.sock")
	start "$node" "$daemon" "/usr/lib/frr/$daemon" -P 0 -f "$home/frr.conf" -i "$home/$daemon.pid" \
		-z "$home/zserv" --vty_socket "$home" --log stdout "${more[@]}"
	wait_ready "$node" "$daemon" "$daemon's socket" 10 test -S "$home/$daemon.vty"
	[[ $daemon != zebra ]] || wait_ready "$node" zebra "zebra's socket" 10 test -S "$home/zserv"
}

# frr_announces NODE AS: a gateway's; variables as bird_announces.
frr_announces() {
	local without_bfd='/ bfd$/d'

	[[ ${BFD:-off} == off ]] || without_bfd=''
	sed -E "s/\b65001\b/$2/; s/\b65000\b/$NEIGHBOUR_AS/
		s/\b10\.72\.1\.2\b/$LOCAL4/; s/\b10\.72\.1\.1\b/$NEIGHBOUR4/
		s/\bfd48:6f6c:ffff:1::1\b/$NEIGHBOUR6/
		s/^hostname .*/hostname $1/
		$without_bfd" "$LAB_HOME/examples/bgp/frr.conf" | frr "$1"
}

# bgp_router NAME AS ID NEIGHBOUR=AS...: the configuration of a router of the fabric, to its neighbours
# of both families. By the environment: BFD=on, and REDISTRIBUTE, what else than routes learned by BGP it
# announces ("connected kernel").
bgp_router() {
	local name=$1 as=$2 id=$3 neighbour
	local -a v4=() v6=()
	shift 3

	cat <<-END
		hostname $name
		log stdout informational
		router bgp $as
		 bgp router-id $id
		 bgp log-neighbor-changes
		 no bgp ebgp-requires-policy
		 no bgp default ipv4-unicast
		 no bgp network import-check
		 timers bgp 1 3
	END
	for neighbour; do
		echo " neighbor ${neighbour%=*} remote-as ${neighbour#*=}"
		echo " neighbor ${neighbour%=*} advertisement-interval 0"
		echo " neighbor ${neighbour%=*} timers connect 1"
		[[ ${BFD:-off} == off ]] || echo " neighbor ${neighbour%=*} bfd"
		case $neighbour in
		*:*) v6+=("${neighbour%=*}") ;;
		*) v4+=("${neighbour%=*}") ;;
		esac
	done
	bgp_family ipv4 "${v4[@]}"
	bgp_family ipv6 "${v6[@]}"
}

bgp_family() {
	local family=$1 what
	shift

	printf ' address-family %s unicast\n  maximum-paths 8\n' "$family"
	for what in ${REDISTRIBUTE:-}; do
		echo "  redistribute $what"
	done
	printf '  neighbor %s activate\n' "$@"
	printf ' exit-address-family\n'
}

# vtysh_on NODE COMMAND...: FRR's shell.
vtysh_on() {
	local node=$1
	shift
	vtysh --vty_socket "$LAB_STATE/$node/frr" -c "$*"
}

# vtysh_configure NODE LINE...
vtysh_configure() {
	local node=$1 line words=(-c 'configure terminal')
	shift

	for line; do
		words+=(-c "$line")
	done
	vtysh --vty_socket "$LAB_STATE/$node/frr" "${words[@]}"
}

# bgp_established NODE COUNT: so many of its sessions, both families together, are up.
bgp_established() {
	local up

	up=$(vtysh_on "$1" show bgp summary established json |
		jq '[.[] | objects | .peers // {} | .[] | select(.state == "Established")] | length')
	[[ $up == "$2" ]]
}

# bfd_up NODE COUNT: so many of its BFD sessions are up.
bfd_up() { [[ $(vtysh_on "$1" show bfd peers json | jq '[.[] | select(.status == "up")] | length') == "$2" ]]; }
