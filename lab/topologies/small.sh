# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034
#
# The least that is a site: one gateway, two backends with agents, and a router between them.
#
#  -----------------------------------------------------------------------------------------------
#
#                  +---------+          +------------+
#                  | g1      +----------+   fabric   |   a router with static routes,
#                  | gateway |          |            |   no client and no servers
#                  +---------+          +--+------+--+
#                                          |      |
#                                     +----+-+  +-+----+
#                                     | b1   |  | b2   |
#                                     | agent|  | agent|
#                                     +------+  +------+
#
#     web    198.51.100.80  2001:db8:100::80   b1 b2   tcp 80
#
#  -----------------------------------------------------------------------------------------------
#
# Links: fabric's end of the link to NODE is called NODE, the other end eth0. Link N has
# fd48:6f6c:ffff:N::/64 (fabric ::1, node ::2).

FABRIC=fabric
GATEWAYS=(g1)
BACKENDS=(b1 b2)

declare -gA LINK=([g1]=1 [b1]=11 [b2]=12)
declare -gA LOCATOR=([ams]=fd48:6f6c:0:1 [g1]=fd48:6f6c:0:101
	[b1]=fd48:6f6c:0:201 [b2]=fd48:6f6c:0:202)
declare -gA ID=([b1]=1 [b2]=2)
declare -gA VIP4=([web]=198.51.100.80)
declare -gA VIP6=([web]=2001:db8:100::80)

# topology_up [--without holdfast]
topology_up() {
	local node

	if [[ $* != "--without holdfast" ]]; then
		holdfast_built || exit 1
	fi
	for node in "$FABRIC" "${GATEWAYS[@]}" "${BACKENDS[@]}"; do
		node "$node"
	done
	set_sysctl "$FABRIC" net.ipv6.conf.all.forwarding=1
	for node in "${GATEWAYS[@]}" "${BACKENDS[@]}"; do
		topology_link "$node"
	done
	write_config >"$LAB_STATE/holdfast.yaml"
	make_secret "$LAB_STATE/secret"
	[[ $* != "--without holdfast" ]] || return 0

	agents "${BACKENDS[@]}"
	gateways "${GATEWAYS[@]}"
	for node in "${BACKENDS[@]}"; do
		wait_for "the gateway to reach $node" 10 is_reachable "$node"
	done
}

link_address() { echo "fd48:6f6c:ffff:${LINK[$1]}::2"; }
fabric_address() { echo "fd48:6f6c:ffff:${LINK[$1]}::1"; }

topology_link() {
	local node=$1

	link "$FABRIC" "$node"
	address "$FABRIC" "$node" "$(fabric_address "$node")/64"
	address "$node" eth0 "$(link_address "$node")/64"
	ip_on "$node" -6 route add default via "$(fabric_address "$node")"
	ip_on "$FABRIC" -6 route add "${LOCATOR[$node]}::/64" via "$(link_address "$node")"
	feeds_xdp "$FABRIC" "$node"
}

# is_reachable BACKEND: the gateway has a route and a neighbour for it.
is_reachable() {
	holdfast g1 status --json |
		jq -e --arg name "$1" '.services[].backends[] | select(.name == $name) | .reachable'
}

write_config() {
	local node

	cat <<-END
		# Made by lab/topologies/small.sh.
		infrastructure: fd48:6f6c::/32
		secret: secret
		mtu: 1500

		sites:
		  ams: {locator: "${LOCATOR[ams]}::/64"}

		gateways:
		  g1: {site: ams, locator: "${LOCATOR[g1]}::/64", interfaces: [eth0]}

		backends:
	END
	for node in "${BACKENDS[@]}"; do
		echo "  $node: {site: ams, id: ${ID[$node]}, locator: \"${LOCATOR[$node]}::/64\"," \
			"interfaces: [eth0]}"
	done
	cat <<-END

		services:
		  web:
		    vips: [${VIP4[web]}, "${VIP6[web]}"]
		    protocol: tcp
		    ports: 80
		    max-backends: 64
		    health: {check: off} # there are no servers to ask
		    backends:
		      b1: {weight: 1}
		      b2: {weight: 1}
	END
}
