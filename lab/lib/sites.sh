# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# Topologies of several sites (lab/topologies/twosites.sh, pops.sh): wired as they say themselves, in
# FABRIC_OF, CLIENTS_OF, GATEWAYS_OF, BACKENDS_OF of each site, CLIENT_NET4 and CLIENT_NET6 of each client, and
# LINK and LOCATOR of each node.

declare -A BGP_OF=() # of gateways: bird, frr, gobgp

link_address() { echo "fd48:6f6c:ffff:${LINK[$1]}::2"; }
fabric_address() { echo "fd48:6f6c:ffff:${LINK[$1]}::1"; }

# site_wire SITE: links, addresses and routes within the site.
site_wire() {
	local fabric=${FABRIC_OF[$1]} node
	local -a legs=()

	set_sysctl "$fabric" net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
		net.ipv4.fib_multipath_hash_policy=1 net.ipv6.fib_multipath_hash_policy=1
	for node in ${CLIENTS_OF[$1]}; do
		client_wire "$fabric" "$node" "${CLIENT_NET4[$node]}" "${CLIENT_NET6[$node]}"
	done
	for node in ${GATEWAYS_OF[$1]} ${BACKENDS_OF[$1]}; do
		link "$fabric" "$node"
		address "$fabric" "$node" "$(fabric_address "$node")/64"
		address "$node" eth0 "$(link_address "$node")/64"
		ip_on "$node" -6 route add default via "$(fabric_address "$node")"
		ip_on "$fabric" -6 route add "${LOCATOR[$node]}::/64" via "$(link_address "$node")"
		feeds_xdp "$fabric" "$node"
	done
	for node in ${GATEWAYS_OF[$1]}; do
		address "$fabric" "$node" "10.72.${LINK[$node]}.1/30"
		address "$node" eth0 "10.72.${LINK[$node]}.2/30"
		ip_on "$node" -4 route add default via "10.72.${LINK[$node]}.1"
		legs+=(nexthop via "$(link_address "$node")")
	done
	ip_on "$fabric" -6 route add "${LOCATOR[$1]}::/64" "${legs[@]}"
}

# client_wire FABRIC CLIENT NET4 NET6
client_wire() {
	link "$1" "$2"
	address "$1" "$2" "$3.1/24" "$4:1/64"
	address "$2" eth0 "$3.10/24" "$4:10/64"
	ip_on "$2" -4 route add default via "$3.1"
	ip_on "$2" -6 route add default via "$4:1"
}

# gateway_neighbours SITE: as bgp_router takes them.
gateway_neighbours() {
	local node

	for node in ${GATEWAYS_OF[$1]}; do
		echo "10.72.${LINK[$node]}.2=${GATEWAY_AS_OF[$1]} $(link_address "$node")=${GATEWAY_AS_OF[$1]}"
	done
}

# gateway_bgp GATEWAY SITE: by the daemon that BGP_OF says, or BIRD.
gateway_bgp() {
	LOCAL4=10.72.${LINK[$1]}.2 LOCAL6=$(link_address "$1") \
	NEIGHBOUR4=10.72.${LINK[$1]}.1 NEIGHBOUR6=$(fabric_address "$1") \
	NEIGHBOUR_AS=${FABRIC_AS_OF[$2]} "${BGP_OF[$1]:-bird}_announces" "$1" "${GATEWAY_AS_OF[$2]}"
}

# announced_by SITE COUNT: its fabric has that many next hops of its own for the VIPs.
announced_by() {
	local vip

	for vip in $(printf '%s\n' "${VIP4[@]}" "${VIP6[@]}" | sort -u); do
		wait_for "$2 next hops for $vip on ${FABRIC_OF[$1]}" 20 \
			has_next_hops "${FABRIC_OF[$1]}" "$vip" "$2"
	done
}

DRAINED=() # gateways

# sites_config [SITE]: all of the configuration above its services; that site is drained, and so are the
# gateways DRAINED. DRAIN_LIMIT_S: how long they wait for their traffic to leave, if not for the default.
sites_config() {
	local site node

	printf '%s\n' "infrastructure: fd48:6f6c::/32" "secret: secret" ""
	[[ -z ${DRAIN_LIMIT_S:-} ]] || echo "drain: {limit: $DRAIN_LIMIT_S}"
	echo "sites:"
	for site in "${SITES[@]}"; do
		echo "  $site: {locator: \"${LOCATOR[$site]}::/64\"$([[ $site != "${1:-}" ]] || echo ', enabled: false')}"
	done
	echo "gateways:"
	for site in "${SITES[@]}"; do
		for node in ${GATEWAYS_OF[$site]}; do
			echo "  $node: {site: $site, locator: \"${LOCATOR[$node]}::/64\", interfaces: [eth0]$(is_drained "$node")}"
		done
	done
	echo "backends:"
	for site in "${SITES[@]}"; do
		for node in ${BACKENDS_OF[$site]}; do
			echo "  $node: {site: $site, id: ${ID[$node]}, locator: \"${LOCATOR[$node]}::/64\"," \
				"interfaces: [eth0]}"
		done
	done
}

is_drained() { [[ " ${DRAINED[*]} " != *" $1 "* ]] || echo ', enabled: false'; }

# goes_to GATEWAY SERVICE SITE|null: where it sends new connections, null being its own site.
goes_to() {
	[[ $(holdfast "$1" status --json |
		jq -r --arg service "$2" '.services[] | select(.name == $service) | .away') == "$3" ]]
}

# site_goes_to SITE SERVICE OTHER|null: all its gateways come to do so.
site_goes_to() {
	local gateway

	for gateway in ${GATEWAYS_OF[$1]}; do
		wait_for "$gateway to send new connections of $2 to $3" 15 goes_to "$gateway" "$2" "$3"
	done
}

# late_ms GATEWAY: by how much its daemon came too late to its ticks so far, in all.
late_ms() { holdfast "$1" status --json | jq '.late_s * 1000 | round'; }

# is_up_on GATEWAY SERVICE BACKEND true|false: as that gateway sees its health.
is_up_on() {
	[[ $(holdfast "$1" status --json | jq -r --arg service "$2" --arg backend "$3" '.services[] |
		select(.name == $service) | .backends[] | select(.name == $backend) | .health.up') == "$4" ]]
}

# site_sees SITE SERVICE BACKEND true|false: all its gateways come to.
site_sees() {
	local gateway

	for gateway in ${GATEWAYS_OF[$1]}; do
		wait_for "$gateway to see that $3 is up: $4" 20 is_up_on "$gateway" "$2" "$3" "$4"
	done
}

# A host whose power is cut behind a switch: nobody is told, its packets are just not there any more.
# fall_silent SITE NODE... / speak_again SITE NODE...: seen from the site's fabric, together; silent since DIED_US.
fall_silent() { silence add "$@"; }
speak_again() { silence del "$@"; }

# On a busy machine it takes a while to start a process: one waits for the rules already when the clock starts.
silence() {
	local what=$1 fabric=${FABRIC_OF[$2]} node rules='' batch pid
	shift 2

	for node; do
		rules+="rule $what pref 90 to ${LOCATOR[$node]}::/64 blackhole"$'\n'
		rules+="rule $what pref 90 iif $node blackhole"$'\n'
	done
	exec {batch}> >(exec ip -n "$LAB-$fabric" -6 -batch -)
	pid=$!
	wait_for "ip to be there" 5 is_called "$pid" ip
	DIED_US=$(now_us)
	printf '%s' "$rules" >&"$batch"
	exec {batch}>&-
	wait "$pid"
	printf "rule $what pref 90 iif %s blackhole\n" "$@" | ip_on "$fabric" -4 -batch -
}

is_called() { [[ $(</proc/"$1"/comm) == "$2" ]]; }

# site_of NODE
site_of() {
	local site

	for site in "${SITES[@]}"; do
		[[ " ${CLIENTS_OF[$site]} ${GATEWAYS_OF[$site]} ${BACKENDS_OF[$site]} " != *" $1 "* ]] || echo "$site"
	done
}

# from CLIENT COMMAND...: as that client.
from() {
	local CLIENT=$1
	shift
	"$@"
}
