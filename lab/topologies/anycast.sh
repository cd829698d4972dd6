# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034
#
# One site: two gateways announce the VIPs, five backends answer for them.
#
#  -----------------------------------------------------------------------------------------------
#
#                                 +----------+
#                                 |  client  |  192.0.2.10  2001:db8:1::10
#                                 +----+-----+
#                                      |
#           +---------+          +-----+------+          +---------+
#           | g1      +---BGP----+   fabric   +---BGP----+ g2      |   ECMP over g1 and g2 by an
#           | gateway |          | FRR, ECMP  |          | gateway |   L4 hash; the gateways send
#           +---------+          +-----+------+          +---------+   SRv6 back to the fabric
#                                      |
#          +------------+------------+-+----------+------------+
#          |            |            |            |            |
#     +----+----+  +----+----+  +----+----+  +----+----+  +----+----+
#     | b1   x2 |  | b2   x1 |  | b3   x1 |  | b4   x1 |  | b5   x1 |   replies go directly to
#     | agent   |  | agent   |  | agent   |  | kernel  |  | kernel  |   the client, from the VIP
#     +---------+  +---------+  +---------+  +---------+  +---------+
#
#     web, dns              198.51.100.80  2001:db8:100::80   b1 b2 b3   nginx tcp 80, NSD udp 53
#     web-plain, dns-plain  198.51.100.53  2001:db8:100::53   b4 b5      without agents
#
#  -----------------------------------------------------------------------------------------------
#
# Links: fabric's end of the link to NODE is called NODE, the other end eth0. Link N has
# fd48:6f6c:ffff:N::/64 (fabric ::1, node ::2), to gateways also 10.72.N.0/30 for the BGP session.
# Backends have no IPv4 address but the VIPs. Locators are routed statically on the fabric, the
# VIPs by BGP only: no gateway, no route.

FABRIC=fabric
CLIENT=client
CLIENT_ADDRESS=([4]=192.0.2.10 [6]=2001:db8:1::10)
GATEWAYS=(g1 g2)
AGENT_BACKENDS=(b1 b2 b3)
PLAIN_BACKENDS=(b4 b5)
BACKENDS=("${AGENT_BACKENDS[@]}" "${PLAIN_BACKENDS[@]}")
LATER_GATEWAYS=() LATER_BACKENDS=() # wired, but neither started nor configured: lab/topologies/churn.sh

declare -gA LINK=([g1]=1 [g2]=2 [b1]=11 [b2]=12 [b3]=13 [b4]=14 [b5]=15)
declare -gA LOCATOR=([ams]=fd48:6f6c:0:1
	[g1]=fd48:6f6c:0:101 [g2]=fd48:6f6c:0:102
	[b1]=fd48:6f6c:0:201 [b2]=fd48:6f6c:0:202 [b3]=fd48:6f6c:0:203
	[b4]=fd48:6f6c:0:204 [b5]=fd48:6f6c:0:205)
declare -gA ID=([b1]=1 [b2]=2 [b3]=3 [b4]=4 [b5]=5)

SERVICES=(web web-plain dns dns-plain)
declare -gA PROTOCOL=([web]=tcp [web-plain]=tcp [dns]=udp [dns-plain]=udp)
declare -gA PORT=([web]=80 [web-plain]=80 [dns]=53 [dns-plain]=53)
declare -gA VIP4=([web]=198.51.100.80 [dns]=198.51.100.80
	[web-plain]=198.51.100.53 [dns-plain]=198.51.100.53)
declare -gA VIP6=([web]=2001:db8:100::80 [dns]=2001:db8:100::80
	[web-plain]=2001:db8:100::53 [dns-plain]=2001:db8:100::53)
declare -gA MEMBERS=([web]="b1 b2 b3" [dns]="b1 b2 b3" [web-plain]="b4 b5" [dns-plain]="b4 b5")
declare -gA WEIGHT=([b1]=2 [b2]=1 [b3]=1 [b4]=1 [b5]=1)

FABRIC_AS=65000
GATEWAY_AS=65001 # one for both: the fabric then sees equal paths

# topology_up [--without holdfast]
topology_up() {
	local node

	if [[ $* != "--without holdfast" ]]; then
		holdfast_built || exit 1
	fi
	topology_wire
	topology_route
	for node in "${AGENT_BACKENDS[@]}" "${PLAIN_BACKENDS[@]}"; do
		topology_backend "$node"
	done
	write_config >"$LAB_STATE/holdfast.yaml"
	make_secret "$LAB_STATE/secret"
	[[ $* != "--without holdfast" ]] || return 0

	agents "${AGENT_BACKENDS[@]}"
	gateways "${GATEWAYS[@]}"
	vips_are_announced "${#GATEWAYS[@]}"
}

link_address() { echo "fd48:6f6c:ffff:${LINK[$1]}::2"; }
fabric_address() { echo "fd48:6f6c:ffff:${LINK[$1]}::1"; }

# Namespaces, links, addresses, and the routes that nobody announces.
topology_wire() {
	local node n

	local gateways=("${GATEWAYS[@]}" "${LATER_GATEWAYS[@]}")
	local backends=("${BACKENDS[@]}" "${LATER_BACKENDS[@]}")

	for node in "$FABRIC" "$CLIENT" "${gateways[@]}" "${backends[@]}"; do
		node "$node"
	done
	set_sysctl "$FABRIC" net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
		net.ipv4.fib_multipath_hash_policy=1 net.ipv6.fib_multipath_hash_policy=1

	link "$FABRIC" "$CLIENT"
	address "$FABRIC" "$CLIENT" 192.0.2.1/24 2001:db8:1::1/64
	address "$CLIENT" eth0 "${CLIENT_ADDRESS[4]}/24" "${CLIENT_ADDRESS[6]}/64"
	ip_on "$CLIENT" -4 route add default via 192.0.2.1
	ip_on "$CLIENT" -6 route add default via 2001:db8:1::1

	for node in "${gateways[@]}" "${backends[@]}"; do
		link "$FABRIC" "$node"
		address "$FABRIC" "$node" "$(fabric_address "$node")/64"
		address "$node" eth0 "$(link_address "$node")/64"
		ip_on "$node" -6 route add default via "$(fabric_address "$node")"
		ip_on "$FABRIC" -6 route add "${LOCATOR[$node]}::/64" via "$(link_address "$node")"
	done
	for node in "${gateways[@]}"; do
		n=${LINK[$node]}
		address "$FABRIC" "$node" "10.72.$n.1/30"
		address "$node" eth0 "10.72.$n.2/30"
		ip_on "$node" -4 route add default via "10.72.$n.1"
	done
	for node in "${gateways[@]}" "${AGENT_BACKENDS[@]}" "${LATER_BACKENDS[@]}"; do
		feeds_xdp "$FABRIC" "$node"
	done
}

# BGP: the gateways announce, the fabric spreads the clients' packets over them.
topology_route() {
	local node

	fabric_bgp | frr "$FABRIC"
	for node in "${GATEWAYS[@]}"; do
		gateway_bgp "$node"
	done
	wait_for "the BGP sessions of both families with both gateways" 20 bgp_established "$FABRIC" 4
}

gateway_bgp() {
	LOCAL4=10.72.${LINK[$1]}.2 LOCAL6=$(link_address "$1") \
	NEIGHBOUR4=10.72.${LINK[$1]}.1 NEIGHBOUR6=$(fabric_address "$1") \
	NEIGHBOUR_AS=$FABRIC_AS "${BGP_OF[$1]:-bird}_announces" "$1" "$GATEWAY_AS"
}

fabric_bgp() {
	local node neighbour

	cat <<-END
		hostname $FABRIC
		log stdout informational
		router bgp $FABRIC_AS
		 bgp router-id 10.72.0.1
		 no bgp ebgp-requires-policy
		 no bgp default ipv4-unicast
		 no bgp network import-check
		 timers bgp 1 3
	END
	for node in "${GATEWAYS[@]}" "${LATER_GATEWAYS[@]}"; do
		for neighbour in "10.72.${LINK[$node]}.2" "$(link_address "$node")"; do
			cat <<-END
				 neighbor $neighbour remote-as $GATEWAY_AS
				 neighbor $neighbour description $node
				 neighbor $neighbour advertisement-interval 0
				 neighbor $neighbour timers connect 1
			END
		done
	done
	echo " address-family ipv4 unicast"
	echo "  maximum-paths 8"
	for node in "${GATEWAYS[@]}" "${LATER_GATEWAYS[@]}"; do
		echo "  neighbor 10.72.${LINK[$node]}.2 activate"
	done
	echo " exit-address-family"
	echo " address-family ipv6 unicast"
	echo "  maximum-paths 8"
	for node in "${GATEWAYS[@]}" "${LATER_GATEWAYS[@]}"; do
		echo "  neighbor $(link_address "$node") activate"
	done
	echo " exit-address-family"
}

topology_backend() {
	local node=$1

	if [[ " ${PLAIN_BACKENDS[*]} " == *" $node "* ]]; then
		agentless "$node" "${LOCATOR[$node]}" "$(fabric_address "$node")" \
			"${VIP4[web-plain]}/32" "${VIP6[web-plain]}/128"
		nsd_on "$node" "${VIP4[dns-plain]}" "${VIP6[dns-plain]}"
	else
		nsd_on "$node" "${VIP4[dns]}" "${VIP6[dns]}"
	fi
	nginx_on "$node"
}

# vips_are_announced COUNT: the fabric has that many next hops for each of the VIPs.
vips_are_announced() {
	local vip

	for vip in $(printf '%s\n' "${VIP4[@]}" "${VIP6[@]}" | sort -u); do
		wait_for "$1 next hops for $vip on the fabric" 20 has_next_hops "$FABRIC" "$vip" "$1"
	done
}

# return_of SERVICE: RETURN, where there are agents.
return_of() {
	if [[ " ${PLAIN_BACKENDS[*]} " == *" ${MEMBERS[$1]%% *} "* ]]; then
		echo direct
	else
		echo "${RETURN:-direct}"
	fi
}

# write_config [SERVICE/MEMBER...]: the configuration, with the named members (web/b1) disabled.
write_config() {
	local node service member

	cat <<-END
		# Made by lab/topologies/anycast.sh.
		infrastructure: fd48:6f6c::/32
		secret: secret
		mtu: 1500
		cookie-epoch: ${COOKIE_EPOCH:-0}
		rest: ${REST:-86400}
		pins: ${PINS:-983040}
		metrics: {${METRICS:-}}

		sites:
		  ams: {locator: "${LOCATOR[ams]}::/64"}

		gateways:
	END
	for node in "${GATEWAYS[@]}"; do
		echo "  $node: {site: ams, locator: \"${LOCATOR[$node]}::/64\", interfaces: [eth0]$(is_drained "$node")}"
	done
	printf '\nbackends:\n'
	for node in "${AGENT_BACKENDS[@]}"; do
		echo "  $node: {site: ams, id: ${ID[$node]}, locator: \"${LOCATOR[$node]}::/64\"," \
			"interfaces: [eth0]}"
	done
	for node in "${PLAIN_BACKENDS[@]}"; do
		echo "  $node: {site: ams, id: ${ID[$node]}, locator: \"${LOCATOR[$node]}::/64\"," \
			"agent: false}"
	done
	printf '\nservices:\n'
	for service in "${SERVICES[@]}"; do
		cat <<-END
			  $service:
			    vips: [${VIP4[$service]}, "${VIP6[$service]}"]
			    protocol: ${PROTOCOL[$service]}
			    ports: ${PORT[$service]}
			    max-backends: 64
			    cookie: ${COOKIE:-on}
			    return: $(return_of "$service")
			    health: {check: ${HEALTH:-auto}}
			    backends:
		END
		for member in ${MEMBERS[$service]}; do
			if [[ " $* " == *" $service/$member "* ]]; then
				echo "      $member: {weight: ${WEIGHT[$member]}, enabled: false}"
			else
				echo "      $member: {weight: ${WEIGHT[$member]}}"
			fi
		done
	done
}
