#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A gateway with GoBGP, beside one with BIRD: its VIPs are announced and withdrawn, clients are served by it, and a drain
# gives them the community of graceful shutdown. Topology: lab/topologies/anycast.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

# has_ways VIP COUNT: the fabric comes to have so many next hops for it.
has_ways() { wait_for "$2 next hops for $1 on the fabric" 20 has_next_hops "$FABRIC" "$1" "$2"; }

# Everything comes by g1 now.
serves_alone() {
	local family before after

	has_ways "${VIP4[web]}" 1
	has_ways "${VIP6[web]}" 1
	for family in 4 6; do
		before=$(counter g1 picked)
		get web "$family"
		after=$(counter g1 picked)
		((after > before)) || return 1
	done
}

# paths_of_g1: of web, both families, as the fabric has them: a line with its communities each.
paths_of_g1() {
	{
		vtysh_on "$FABRIC" show bgp ipv4 unicast "${VIP4[web]}/32" json
		vtysh_on "$FABRIC" show bgp ipv6 unicast "${VIP6[web]}/128" json
	} | jq -r --arg v4 "10.72.${LINK[g1]}.2" --arg v6 "$(link_address g1)" '.paths[] |
		select(.peer.peerId == $v4 or .peer.peerId == $v6) | "community \(.community.string // "none")"'
}

both_are() { [[ $(paths_of_g1 | sort | uniq -c | tr -s ' ') == " 2 community $1" ]]; }
none_is_left() { [[ -z $(paths_of_g1) ]]; }

drained() {
	DRAINED=(g1)
	put_config
	signal g1 gateway HUP
	wait_for "the community at the fabric" 5 both_are graceful-shutdown
	has_ways "${VIP4[web]}" 1
	is "$TALKER" talk live
	wait_for "the withdrawal" 15 none_is_left
	is "$TALKER" talk live
}

lets_it_in_again() {
	DRAINED=()
	put_config
	signal g1 gateway HUP
	wait_for "the announcement without the community" 15 both_are none
	has_ways "${VIP4[web]}" 2
	is "$TALKER" talk live
}

stopped() {
	stop g1 gobgp-follow TERM
	wait_for "the withdrawal" 5 none_is_left
	gobgp_follow g1
	wait_for "the announcement" 15 both_are none
}

lost() {
	stop g1 gobgpd KILL
	wait_for "gobgp-follow to end, too" 10 eval '! running g1 gobgp-follow'
	gateway_bgp g1
	wait_for "the announcement" 15 both_are none
}

lab_open anycast
BGP_OF[g1]=gobgp
topology_up
it "GoBGP's announcement is as good as BIRD's: every VIP has a next hop for each gateway" vips_are_announced 2
it "it has no community" both_are none

reconfigure web-plain/b4 web-plain/b5 dns-plain/b4 dns-plain/b5
it "a VIP without any enabled backend is withdrawn (IPv4)" has_ways "${VIP4[web-plain]}" 0
it "a VIP without any enabled backend is withdrawn (IPv6)" has_ways "${VIP6[web-plain]}" 0
it "the other VIP stays announced" has_ways "${VIP4[web]}" 2
reconfigure
it "it is announced again (IPv4)" has_ways "${VIP4[web-plain]}" 2
it "it is announced again (IPv6)" has_ways "${VIP6[web-plain]}" 2

it "a connection opens" talk_open live web 4
TALKER=$(talk live)
it "drained, the gateway announces with graceful shutdown, then withdraws" drained
it "and comes back" lets_it_in_again

stop g2 bird
it "clients are served by it alone" serves_alone
it "the connection has gone on" is "$TALKER" talk live
it "who tells gobgpd withdraws when it is stopped" stopped
it "and ends with gobgpd, to be started with it" lost
it "clients are served again" serves_alone
tests_end
