# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034
#
# Two sites, west and east, that announce the same VIPs over a core, with clients near each.
#
#  -----------------------------------------------------------------------------------------------
#
#      cw  192.0.2.10    2001:db8:1::10              ce  203.0.113.10  2001:db8:2::10
#      nw  198.18.1.10   2001:db8:3::10              ne  198.18.2.10   2001:db8:4::10
#
#        |                                                                  |
#        |  clients: nw and ne have no TCP timestamps, and so no cookie     |
#        |                                                                  |
#   +----+-----+               +--------------------+               +-------+--+
#   | fw  FRR  +------BGP------+   core: FRR, BFD   +------BGP------+ fe  FRR  |
#   +-+------+-+               +--------------------+               +-+------+-+
#     |      |                                                        |      |
#     |      +--------------+                          +--------------+      |
#     |                     |                          |                     |
#   +-+-----------+  +------+------+            +------+------+  +-----------+-+
#   | gw1   BIRD  |  | w1  w2  w3  |            | e1  e2  e3  |  | ge1   BIRD  |
#   | gw2   FRR   |  | nginx       |            | nginx       |  | ge2   FRR   |
#   +-------------+  +-------------+            +-------------+  +-------------+
#      gateways         backends                   backends         gateways
#
#               west                                         east
#
#     web    198.51.100.80  2001:db8:100::80   tcp 80          nginx, in both sites
#     live   198.51.100.70  2001:db8:100::70   tcp 7000-7009   holdfast-load (lab/load), in both sites
#
#  -----------------------------------------------------------------------------------------------
#
# Links as in lab/topologies/anycast.sh: the end of a link to NODE is called NODE, the other end eth0; link N
# has fd48:6f6c:ffff:N::/64, and with BGP also 10.72.N.0/30. Sites learn each other's networks by BGP over the
# core, so a site whose own gateways announce nothing still knows the VIPs of the other.

SITES=(west east)
CORE=core
declare -gA FABRIC_OF=([west]=fw [east]=fe)
declare -gA CLIENTS_OF=([west]="cw nw" [east]="ce ne")
declare -gA GATEWAYS_OF=([west]="gw1 gw2" [east]="ge1 ge2")
declare -gA BACKENDS_OF=([west]="w1 w2 w3" [east]="e1 e2 e3")
declare -gA CLIENT_NET4=([cw]=192.0.2 [nw]=198.18.1 [ce]=203.0.113 [ne]=198.18.2)
declare -gA CLIENT_NET6=([cw]=2001:db8:1: [nw]=2001:db8:3: [ce]=2001:db8:2: [ne]=2001:db8:4:)
declare -gA FABRIC_AS_OF=([west]=65010 [east]=65020)
declare -gA GATEWAY_AS_OF=([west]=65011 [east]=65021)
CORE_AS=65000
BGP_OF=([gw1]=bird [gw2]=frr [ge1]=bird [ge2]=frr)
BFD=on

CLIENTS=(cw nw ce ne)
GATEWAYS=(gw1 gw2 ge1 ge2)
BACKENDS=(w1 w2 w3 e1 e2 e3)
AGENT_BACKENDS=("${BACKENDS[@]}")

declare -gA LINK=([gw1]=1 [gw2]=2 [ge1]=3 [ge2]=4 [w1]=11 [w2]=12 [w3]=13 [e1]=14 [e2]=15 [e3]=16
	[fw]=91 [fe]=92)
declare -gA LOCATOR=([west]=fd48:6f6c:0:1 [east]=fd48:6f6c:0:2
	[gw1]=fd48:6f6c:0:101 [gw2]=fd48:6f6c:0:102 [ge1]=fd48:6f6c:0:103 [ge2]=fd48:6f6c:0:104
	[w1]=fd48:6f6c:0:201 [w2]=fd48:6f6c:0:202 [w3]=fd48:6f6c:0:203
	[e1]=fd48:6f6c:0:204 [e2]=fd48:6f6c:0:205 [e3]=fd48:6f6c:0:206)
declare -gA ID=([w1]=1 [w2]=2 [w3]=3 [e1]=4 [e2]=5 [e3]=6)

SERVICES=(web live)
declare -gA PROTOCOL=([web]=tcp [live]=tcp)
declare -gA PORT=([web]=80 [live]=7000-7009)
declare -gA VIP4=([web]=198.51.100.80 [live]=198.51.100.70)
declare -gA VIP6=([web]=2001:db8:100::80 [live]=2001:db8:100::70)
declare -gA MEMBERS=([web]="${BACKENDS[*]}" [live]="${BACKENDS[*]}")

topology_up() {
	local site node

	holdfast_built || exit 1
	topology_wire
	for site in "${SITES[@]}"; do
		site_bgp "$site" | frr "${FABRIC_OF[$site]}"
		for node in ${GATEWAYS_OF[$site]}; do
			gateway_bgp "$node" "$site"
		done
	done
	core_bgp | frr "$CORE"
	for node in "${BACKENDS[@]}"; do
		nginx_on "$node"
	done
	load_serve "${BACKENDS[@]}"
	write_config >"$LAB_STATE/holdfast.yaml"
	make_secret "$LAB_STATE/secret"
	sites_reach_each_other
	agents "${BACKENDS[@]}"
	gateways "${GATEWAYS[@]}"
	for site in "${SITES[@]}"; do
		announced_by "$site" 2
	done
}

topology_wire() {
	local site node

	for node in "$CORE" "${FABRIC_OF[@]}" "${CLIENTS[@]}" "${GATEWAYS[@]}" "${BACKENDS[@]}"; do
		node "$node"
	done
	set_sysctl nw net.ipv4.tcp_timestamps=0
	set_sysctl ne net.ipv4.tcp_timestamps=0
	set_sysctl "$CORE" net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	for site in "${SITES[@]}"; do
		node=${FABRIC_OF[$site]}
		link "$CORE" "$node"
		address "$CORE" "$node" "$(fabric_address "$node")/64" "10.72.${LINK[$node]}.1/30"
		address "$node" eth0 "$(link_address "$node")/64" "10.72.${LINK[$node]}.2/30"
		site_wire "$site"
	done
}

# site_bgp SITE: it tells the core what is in the site, and what its gateways announce.
site_bgp() {
	local fabric=${FABRIC_OF[$1]}

	REDISTRIBUTE="connected kernel" bgp_router "$fabric" "${FABRIC_AS_OF[$1]}" "10.72.0.${LINK[$fabric]}" \
		"10.72.${LINK[$fabric]}.1=$CORE_AS" "$(fabric_address "$fabric")=$CORE_AS" \
		$(gateway_neighbours "$1")
}

core_bgp() {
	local site neighbours=()

	for site in "${SITES[@]}"; do
		neighbours+=("10.72.${LINK[${FABRIC_OF[$site]}]}.2=${FABRIC_AS_OF[$site]}")
		neighbours+=("$(link_address "${FABRIC_OF[$site]}")=${FABRIC_AS_OF[$site]}")
	done
	REDISTRIBUTE=connected bgp_router "$CORE" "$CORE_AS" 10.72.0.90 "${neighbours[@]}"
}

# Before the daemons start: each fabric has the other's networks, by BGP.
sites_reach_each_other() {
	local node

	wait_for "the BGP sessions of the core" 20 bgp_established "$CORE" 4
	for node in fw fe; do
		wait_for "the BGP sessions of $node" 20 bgp_established "$node" 6
	done
	for node in east e3 ge2; do
		wait_for "west to know the way to $node" 20 has_next_hops fw "${LOCATOR[$node]}::/64" 1
	done
	for node in west w3 gw2; do
		wait_for "east to know the way to $node" 20 has_next_hops fe "${LOCATOR[$node]}::/64" 1
	done
}

# write_config [SITE]: the configuration, with that site drained.
write_config() {
	local members="w1: {}, w2: {}, w3: {}, e1: {}, e2: {}, e3: {}"

	echo "# Made by lab/topologies/pops.sh."
	sites_config "$@"
	cat <<-END
		services:
		  web:
		    vips: [${VIP4[web]}, "${VIP6[web]}"]
		    protocol: tcp
		    ports: 80
		    backends: {$members}
		  live:
		    vips: [${VIP4[live]}, "${VIP6[live]}"]
		    protocol: tcp
		    ports: 7000-7009
		    health: {check: tcp, port: 7000}
		    backends: {$members}
	END
}
