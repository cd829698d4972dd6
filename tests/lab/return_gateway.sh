#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# With `return: gateway` every reply of the service goes through the gateway that the client's packets come
# from, large transfers in both directions too, and a gateway that dies takes no connection along.
# Topology: lab/topologies/anycast.sh, with cookies.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

VIP_SOURCE='ip.src == 198.51.100.80 or ipv6.src == 2001:db8:100::80'
TO_PROBES='ipv6.dst == fd48:6f6c::/32' # of gateways: their answers need no gateway
NOT_ENCAPSULATED='frame.protocols matches "^eth:ethertype:ipv?6?:(tcp|udp|icmp)"'

# million SERVICE FAMILY: a million bytes, as the server has them.
million() {
	on "$CLIENT" curl --silent --fail --max-time 20 --output "$LAB_STATE/got" "$(url "$1" "$2")/million"
	cmp "$LAB_STATE/got" "$LAB_STATE/million"
}

transfers() {
	local family

	for family in 4 6; do
		million web "$family"
		is 1000000 upload web "$family" 1000000
	done
}

# The links' addresses stay, the BGP sessions end; clients' packets come by the other gateway then.
kill_gateway() {
	set_sysctl "$1" net.ipv6.conf.eth0.keep_addr_on_down=1
	ip_on "$1" link set eth0 down
	stop "$1" gateway KILL
	stop "$1" bird KILL
}

goes_on_without_g2() {
	local name

	kill_gateway g2
	vips_are_announced 1
	for name in four six; do
		is "${BACKEND[$name]}" talk "$name"
	done
}

declare -A BACKEND
export RETURN=gateway
lab_open anycast
topology_up
traffic_begin
for node in "${AGENT_BACKENDS[@]}"; do
	capture "$FABRIC" "$node"
done

for family in 4 6; do
	for service in web dns; do
		requests "$service" "$family" 100
		it "every request to $service over IPv$family is answered once" \
			answered_once "$service" "$family"
	done
	it "a million bytes come over IPv$family, as they were sent" million web "$family"
	it "a million bytes go over IPv$family, all of them" is 1000000 upload web "$family" 1000000
done
it "services without it are answered as ever" is 1000000 upload web-plain 4 1000000

for node in "${AGENT_BACKENDS[@]}"; do
	capture_end "$FABRIC" "$node"
	it "$node sends replies through a gateway" has_captured "$node" "$VIP_SOURCE"
	it "$node sends none directly" has_not_captured "$node" \
		"($VIP_SOURCE) and $NOT_ENCAPSULATED and not ($TO_PROBES)"
done
it "no reply was too big for its header" is 0 counted reply-too-big "${AGENT_BACKENDS[@]}"
it "and none lacked a way" is 0 counted reply-no-way "${AGENT_BACKENDS[@]}"
it "both gateways hand replies on" \
	eval "(($(counter g1 returned) > 100 && $(counter g2 returned) > 100))"
it "connections with cookies need no pins for it" is 0 counted pinned "${GATEWAYS[@]}"

talk_open four web 4
talk_open six web 6
BACKEND=([four]=$(talk four) [six]=$(talk six))
it "connections go on when a gateway dies" goes_on_without_g2
it "and so do transfers" transfers
tests_end
