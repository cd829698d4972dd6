#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Interfaces go down and come back under running daemons, are made anew, or are missing: what the kernel takes
# away with them comes back, too. A gateway sees a backend's death afterwards, and a backend answers IPv4 clients;
# one interface that is missing keeps no other from its work.
# Topology: lab/topologies/anycast.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

SUBJECT=b1 # who dies
ROUTES=72  # our protocol, io/rtnetlink.h
MISSING=eth9

# sees GATEWAY up|down BACKEND
sees() {
	local want=true

	[[ $2 == up ]] || want=false
	holdfast "$1" status --json | jq -e --arg backend "$3" --argjson want "$want" \
		'.services[] | select(.name == "web") | .backends[] | select(.name == $backend).health.up == $want'
}

# The routes of the node are the operator's, and he brings them back; those of ours are not his to know.
link_goes_down() {
	set_sysctl "$1" net.ipv6.conf.eth0.keep_addr_on_down=1
	ip_on "$1" link set eth0 down
}

link_comes_back() {
	ip_on "$1" link set eth0 up
	ip_on "$1" -6 route replace default via "$(fabric_address "$1")"
}

gateway_link_comes_back() {
	link_comes_back "$1"
	ip_on "$1" -4 route replace default via "10.72.${LINK[$1]}.1"
}

# ways GATEWAY 4|6: encapsulating routes of probes. ends: what answers without them.
ways() { ip_on "$1" "-$2" route show table all proto "$ROUTES" | grep -c 'encap seg6' || true; }
ends() { ip_on "$1" "-$2" route show table all proto "$ROUTES" | grep -c '^unreachable default' || true; }
has_ways() { [[ $(ways "$1" 4) == "$2" && $(ways "$1" 6) == "$2" ]]; }

# With its only interface down nobody can be reached, and that is what the gateway says.
sees_nobody() {
	link_goes_down "$1"
	is 0 ways "$1" 4
	is "${#BACKENDS[@]}" ends "$1" 4
	is "${#BACKENDS[@]}" ends "$1" 6
	wait_for "$1 to see $SUBJECT down behind its own link" 5 sees "$1" down "$SUBJECT"
}

sees_them_again() {
	gateway_link_comes_back "$1"
	wait_for "the probes' ways on $1" 5 has_ways "$1" "${#BACKENDS[@]}"
	wait_for "$1 to see $SUBJECT up" 15 sees "$1" up "$SUBJECT"
}

# So quickly that nobody sees it down.
blinks() {
	link_goes_down "$1"
	gateway_link_comes_back "$1"
	wait_for "the probes' ways on $1" 5 has_ways "$1" "${#BACKENDS[@]}"
}

server_dies() {
	kill -KILL -- "-$(pid_of "$1" nginx)"
	wait_for "$2 to see $1 down" 5 sees "$2" down "$1"
}

server_returns() {
	rm -f "$LAB_STATE/$1/nginx/upload.sock"
	nginx_on "$1"
	wait_for "$2 to see $1 up" 15 sees "$2" up "$1"
}

has_way_back() { ip_on "$1" -4 route show default proto "$ROUTES" | grep 'via inet6'; }
has_no_way_back() { [[ -z $(ip_on "$1" -4 route show default) ]]; }

loses_its_way() {
	link_goes_down "$1"
	has_no_way_back "$1"
}

finds_its_way() {
	link_comes_back "$1"
	wait_for "the way back for IPv4 on $1" 5 has_way_back "$1"
}

serves_v4() {
	local i

	served_before=$(wc -l <"$(access_log "$1")")
	for i in {1..40}; do
		get web 4 5
	done
	(($(wc -l <"$(access_log "$1")") > served_before))
}

mac_of() { ip_on "$1" -j link show dev eth0 | jq -r '.[0].address'; }

# made_anew NODE: its link is another one, of the same name and MAC as a bond's would be, with the operator's
# addresses and routes.
made_anew() {
	local node=$1 mac
	local queues=(numtxqueues "$LINK_QUEUES" numrxqueues "$LINK_QUEUES")

	mac=$(mac_of "$node")
	ip_on "$FABRIC" link del "$node"
	ip_on "$FABRIC" link add "$node" mtu 1500 "${queues[@]}" type veth \
		peer name eth0 address "$mac" mtu 1500 "${queues[@]}" netns "$LAB-$node"
	ip_on "$FABRIC" link set "$node" up
	ip_on "$node" link set eth0 up
	address "$FABRIC" "$node" "$(fabric_address "$node")/64"
	address "$node" eth0 "$(link_address "$node")/64"
	ip_on "$node" -6 route replace default via "$(fabric_address "$node")"
	ip_on "$FABRIC" -6 route replace "${LOCATOR[$node]}::/64" via "$(link_address "$node")"
	feeds_xdp "$FABRIC" "$node"
}

gateway_made_anew() {
	local n=${LINK[$1]}

	made_anew "$1"
	address "$FABRIC" "$1" "10.72.$n.1/30"
	address "$1" eth0 "10.72.$n.2/30"
	ip_on "$1" -4 route replace default via "10.72.$n.1"
}

# has_program NODE INTERFACE
has_program() { ip_on "$1" -j link show dev "$2" | jq -e '.[0].xdp.prog.id'; }

gateway_forwards_alone() {
	local i

	wait_for "$1 to have the program on eth0" 5 has_program "$1" eth0
	vips_are_announced 2
	link_goes_down "$2"
	vips_are_announced 1
	for i in {1..10}; do
		get web 4 5 && get web 6 5
	done
	gateway_link_comes_back "$2" # its routing daemon takes its time, and nobody here waits for it
}

claims_again() {
	local name

	wait_for "$1 to have the program on eth0" 5 has_program "$1" eth0
	wait_for "g1 to see $1 up" 15 sees g1 up "$1"
	wait_for "g2 to see $1 up" 15 sees g2 up "$1"
	for name in rp_filter=0 arp_ignore=1 arp_announce=2; do
		is "${name#*=}" on "$1" sysctl -n "net.ipv4.conf.eth0.${name%=*}"
	done
	on "$1" tc filter show dev eth0 ingress | grep -q agent_restore
	on "$1" tc filter show dev eth0 egress | grep -q agent_stamp
}

# Of all nodes, an interface that is not there, and as the first one.
with_a_missing_one() {
	write_config | sed "s/interfaces: \\[eth0\\]/interfaces: [$MISSING, eth0]/" >"$LAB_STATE/holdfast.yaml.new"
	grep -q "$MISSING" "$LAB_STATE/holdfast.yaml.new"
	mv "$LAB_STATE/holdfast.yaml.new" "$LAB_STATE/holdfast.yaml"
}

says_what_is_missing() {
	grep "$MISSING: there is no such interface" "$(log_of "$1" "$2")"
}

has_withdrawn() { [[ $(next_hops "$FABRIC" "$1/32") == 0 ]]; }

# A service less: its VIPs have to go, missing interface or not.
withdraws() {
	local SERVICES=(web dns)

	with_a_missing_one
	signal g1 gateway HUP
	signal g2 gateway HUP
	wait_for "g1 to say what is missing" 5 says_what_is_missing g1 gateway
	wait_for "the VIP of nobody to be withdrawn" 10 has_withdrawn "${VIP4[web-plain]}"
}

restarts() {
	stop g1 gateway TERM
	start_holdfast gateway g1
	says_what_is_missing g1 gateway
	wait_for "g1 to see $SUBJECT up" 10 sees g1 up "$SUBJECT"
	stop "$SUBJECT" agent TERM
	start_holdfast agent "$SUBJECT"
	says_what_is_missing "$SUBJECT" agent
	has_program "$SUBJECT" eth0
}

comes() {
	ip_on "$1" link add "$MISSING" type veth peer name "peer-$MISSING"
	wait_for "$1 to have the program on $MISSING" 5 has_program "$1" "$MISSING"
}

lab_open anycast
topology_up
for gateway in "${GATEWAYS[@]}"; do
	it "$gateway sees $SUBJECT" wait_for "$gateway to see $SUBJECT up" 10 sees "$gateway" up "$SUBJECT"
done

it "a gateway whose link is down reaches nobody, and says so" sees_nobody g1
it "when it is up, probes find their way again" sees_them_again g1
it "and a server that dies then is seen" server_dies "$SUBJECT" g1
it "and one that returns" server_returns "$SUBJECT" g1
it "a link that blinks takes no ways away for long" blinks g1
it "and a server that dies then is seen" server_dies "$SUBJECT" g1
it "and one that returns" server_returns "$SUBJECT" g1
for gateway in "${GATEWAYS[@]}"; do
	wait_for "$gateway to see $SUBJECT up" 15 sees "$gateway" up "$SUBJECT"
done

it "a backend's link goes down, and the way back for IPv4 with it" loses_its_way "$SUBJECT"
it "when it is up, the way is there again" finds_its_way "$SUBJECT"
for gateway in "${GATEWAYS[@]}"; do
	wait_for "$gateway to see $SUBJECT up" 15 sees "$gateway" up "$SUBJECT"
done
it "and IPv4 clients are answered" serves_v4 "$SUBJECT"

it "a gateway's link is made anew" gateway_made_anew g1
it "and it forwards over it, without the other one" gateway_forwards_alone g1 g2
it "it sees the backends" wait_for "g1 to see $SUBJECT up" 15 sees g1 up "$SUBJECT"
it "and a server that dies" server_dies "$SUBJECT" g1
it "and one that returns" server_returns "$SUBJECT" g1
it "a backend's link is made anew" made_anew "$SUBJECT"
it "and it is the agent's, with all settings" claims_again "$SUBJECT"
it "and IPv4 clients are answered" serves_v4 "$SUBJECT"

it "with an interface missing, a VIP that has no service any more is withdrawn" withdraws
it "daemons that restart without it work with the others" restarts
it "and IPv4 clients are answered" serves_v4 "$SUBJECT"
it "when it comes to a gateway, it has the program" comes g1
it "when it comes to a backend, it has the programs" comes "$SUBJECT"
tests_end
