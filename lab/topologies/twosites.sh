# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034
#
# Two sites that announce the same VIP, and stand in for each other.
#
#  -----------------------------------------------------------------------------------------------
#
#            ams                                                            lon
#
#        +----------+                                                  +----------+
#        |  client  |  192.0.2.10                        203.0.113.10  |  client2 |
#        +----+-----+  2001:db8:1::10                  2001:db8:2::10  +----+-----+
#             |                                                             |
#      +------+-----+                                                +------+-----+
#      |  fa: FRR   +------------------- BGP, static ----------------+  fl: FRR   |
#      +--+------+--+                                                +--+------+--+
#         |      |                                                      |      |
#     +---+--+ +-+----+                                             +---+--+ +-+----+
#     | a1   | | b1   |                                             | l1   | | b3   |
#     | a2   | | b2   |                                             | l2   | | b4   |
#     +------+ +------+                                             +------+ +------+
#     gateways backends                                             gateways backends
#
#     web    198.51.100.80  2001:db8:100::80   b1 b2 b3 b4   nginx tcp 80, all with agents
#
#  -----------------------------------------------------------------------------------------------
#
# Links as in lab/topologies/anycast.sh: the fabric's end of the link to NODE is called NODE, the other end
# eth0; link N has fd48:6f6c:ffff:N::/64, to gateways also 10.72.N.0/30. Each fabric learns the VIPs from
# its own gateways, and from the other fabric by a longer way. Locators are routed statically.

SITES=(ams lon)
declare -gA FABRIC_OF=([ams]=fa [lon]=fl)
declare -gA CLIENT_OF=([ams]=client [lon]=client2)
declare -gA GATEWAYS_OF=([ams]="a1 a2" [lon]="l1 l2")
declare -gA BACKENDS_OF=([ams]="b1 b2" [lon]="b3 b4")
declare -gn CLIENTS_OF=CLIENT_OF # one each
declare -gA CLIENT_NET4=([client]=192.0.2 [client2]=203.0.113)
declare -gA CLIENT_NET6=([client]=2001:db8:1: [client2]=2001:db8:2:)
declare -gA FABRIC_AS_OF=([ams]=65010 [lon]=65020)
declare -gA GATEWAY_AS_OF=([ams]=65011 [lon]=65021)

GATEWAYS=(a1 a2 l1 l2)
BACKENDS=(b1 b2 b3 b4)
CLIENT=client
CLIENT_ADDRESS=([4]=192.0.2.10 [6]=2001:db8:1::10)

declare -gA LINK=([a1]=1 [a2]=2 [l1]=3 [l2]=4 [b1]=11 [b2]=12 [b3]=13 [b4]=14 [between]=99)
declare -gA LOCATOR=([ams]=fd48:6f6c:0:1 [lon]=fd48:6f6c:0:2
	[a1]=fd48:6f6c:0:101 [a2]=fd48:6f6c:0:102 [l1]=fd48:6f6c:0:103 [l2]=fd48:6f6c:0:104
	[b1]=fd48:6f6c:0:201 [b2]=fd48:6f6c:0:202 [b3]=fd48:6f6c:0:203 [b4]=fd48:6f6c:0:204)
declare -gA ID=([b1]=1 [b2]=2 [b3]=3 [b4]=4)

SERVICES=(web)
declare -gA PROTOCOL=([web]=tcp) PORT=([web]=80)
declare -gA VIP4=([web]=198.51.100.80) VIP6=([web]=2001:db8:100::80)
declare -gA MEMBERS=([web]="b1 b2 b3 b4")

# What a backend serves; tests that add services have their own.
topology_backend() { nginx_on "$1"; }

topology_up() {
	local site node

	holdfast_built || exit 1
	for node in fa fl client client2 "${GATEWAYS[@]}" "${BACKENDS[@]}"; do
		node "$node"
	done
	link fa fl
	address fa fl fd48:6f6c:ffff:99::1/64 10.72.99.1/30
	address fl eth0 fd48:6f6c:ffff:99::2/64 10.72.99.2/30
	for site in "${SITES[@]}"; do
		site_wire "$site"
	done
	site_reaches ams fd48:6f6c:ffff:99::2 10.72.99.2 lon
	site_reaches lon fd48:6f6c:ffff:99::1 10.72.99.1 ams
	site_bgp ams 10.72.99.2 fd48:6f6c:ffff:99::2 lon | frr fa
	site_bgp lon 10.72.99.1 fd48:6f6c:ffff:99::1 ams | frr fl
	for site in "${SITES[@]}"; do
		for node in ${GATEWAYS_OF[$site]}; do
			gateway_bgp "$node" "$site"
		done
	done
	for node in "${BACKENDS[@]}"; do
		topology_backend "$node"
	done
	write_config >"$LAB_STATE/holdfast.yaml"
	make_secret "$LAB_STATE/secret"
	agents "${BACKENDS[@]}"
	gateways "${GATEWAYS[@]}"
	for site in "${SITES[@]}"; do
		announced_by "$site" 2
	done
}

# site_reaches SITE NEXT6 NEXT4 OTHER: the other site's locators and clients.
site_reaches() {
	local fabric=${FABRIC_OF[$1]} node

	for node in "$4" ${GATEWAYS_OF[$4]} ${BACKENDS_OF[$4]}; do
		ip_on "$fabric" -6 route add "${LOCATOR[$node]}::/64" via "$2"
	done
	for node in ${GATEWAYS_OF[$4]} ${BACKENDS_OF[$4]}; do
		ip_on "$fabric" -6 route add "fd48:6f6c:ffff:${LINK[$node]}::/64" via "$2"
	done
	for node in ${GATEWAYS_OF[$4]}; do
		ip_on "$fabric" -4 route add "10.72.${LINK[$node]}.0/30" via "$3"
	done
	ip_on "$fabric" -6 route add "${CLIENT_NET6[${CLIENT_OF[$4]}]}:/64" via "$2"
	ip_on "$fabric" -4 route add "${CLIENT_NET4[${CLIENT_OF[$4]}]}.0/24" via "$3"
}

# site_bgp SITE NEXT4 NEXT6 OTHER: a site's own gateways are one hop nearer than the other's.
site_bgp() {
	bgp_router "${FABRIC_OF[$1]}" "${FABRIC_AS_OF[$1]}" "10.72.0.${FABRIC_AS_OF[$1]: -2}" \
		"$2=${FABRIC_AS_OF[$4]}" "$3=${FABRIC_AS_OF[$4]}" $(gateway_neighbours "$1")
}

# write_config [SITE]: the configuration, with that site drained.
write_config() {
	echo "# Made by lab/topologies/twosites.sh."
	sites_config "$@"
	cat <<-END
		services:
		  web:
		    vips: [${VIP4[web]}, "${VIP6[web]}"]
		    protocol: tcp
		    ports: 80
		    backends: {b1: {}, b2: {}, b3: {}, b4: {}}
	END
}
