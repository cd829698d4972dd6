#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Interfaces go down and come back under running daemons: what the kernel takes away with them comes back,
# too. A gateway sees a backend's death afterwards, and a backend answers IPv4 clients.
# Topology: lab/topologies/anycast.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

SUBJECT=b1 # who dies
ROUTES=72  # our protocol, io/rtnetlink.h

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
tests_end
