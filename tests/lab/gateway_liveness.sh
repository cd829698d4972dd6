#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The gateways of a site watch each other: a dead one leaves the router tables of the others within a
# fraction of a second, a living one comes back, and clients notice neither.
# Topology: lab/topologies/anycast.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

BATCH=200

# seen NODE OTHER FIELD: what NODE's status says of another gateway.
seen() {
	holdfast "$1" status --json |
		jq ".gateways[] | select(.name == \"$2\") | .[\"$3\"]"
}

is_alive() { [[ $(seen "$1" "$2" alive) == true && $(seen "$1" "$2" rows) -gt 0 ]]; }
is_out() { [[ $(seen "$1" "$2" alive) == false && $(seen "$1" "$2" rows) == 0 ]]; }
routes_all() { [[ $(seen "$1" "$1" rows) == "$(seen "$1" "$1" rows-all)" ]]; }

comes_in() { wait_for "$1 to take $2 into its router table" 5 is_alive "$1" "$2"; }
goes_out() { wait_for "$1 to take $2 out of its router table" 2 is_out "$1" "$2"; }

both_alive() { comes_in g1 g2 && comes_in g2 g1; }

rows_are_shared() {
	local all mine other

	all=$(seen g1 g1 rows-all) mine=$(seen g1 g1 rows) other=$(seen g1 g2 rows)
	echo "$mine and $other of $all"
	((mine + other == all && mine * 10 > all * 4 && other * 10 > all * 4))
}

has_rtt() { [[ $(seen "$1" "$2" rtt_us) -gt 0 ]]; }

# stays_alive NODE OTHER SECONDS: looked at again and again.
stays_alive() {
	local end=$(($(now_us) + $3 * 1000000))

	while (($(now_us) < end)); do
		is_alive "$1" "$2"
	done
}

# With the daemon killed the programs forward, and so they answer.
daemon_killed_and_alive() {
	stop g2 gateway KILL
	stays_alive g1 g2 2
	start_holdfast gateway g2
	both_alive
}

# Without a goodbye: the link first, then the processes. The addresses of the link stay.
kill_gateway() {
	set_sysctl "$1" net.ipv6.conf.eth0.keep_addr_on_down=1
	ip_on "$1" link set eth0 down
	stop "$1" gateway KILL
	stop "$1" bird KILL
}

revive_gateway() {
	ip_on "$1" link set eth0 up
	ip_on "$1" -6 route replace default via "$(fabric_address "$1")"
	ip_on "$1" -4 route replace default via "10.72.${LINK[$1]}.1"
	start_holdfast gateway "$1"
	gateway_bgp "$1"
}

# Both ways between the two gateways, whatever the packets are for; nothing else.
cut_between() {
	ip_on "$FABRIC" -6 rule add pref 100 iif "$1" to "${LOCATOR[$2]}::/64" blackhole
	ip_on "$FABRIC" -6 rule add pref 100 iif "$2" to "${LOCATOR[$1]}::/64" blackhole
}

mend_between() {
	while ip_on "$FABRIC" -6 rule del pref 100 2>/dev/null; do :; done
}

# request_on NAME: batch after batch until the file over-NAME is there.
request_on() {
	until [[ -e $LAB_STATE/over-$1 ]]; do
		requests web 4 "$BATCH"
		requests web 6 "$BATCH"
	done
}

# during NAME COMMAND...: with requests under way all the time, and some after it.
during() {
	local name=$1 pid status
	shift

	request_on "$name" &
	pid=$!
	set +e
	(set -e && "$@")
	status=$?
	set -e
	: >"$LAB_STATE/over-$name"
	wait "$pid"
	requests web 4 "$BATCH"
	requests web 6 "$BATCH"
	return "$status"
}

# all_answered FAMILY: and as many served, as the servers' logs say.
all_answered() {
	echo "$(answered web "$1") of $(asked web "$1") were answered"
	(($(asked web "$1") > 2 * BATCH && $(answered web "$1") == $(asked web "$1")))
	wait_for "the servers' logs to show them" 10 serves_add_up web "$1" "$(asked web "$1")"
}

# forwards_on GATEWAY: clients' packets go on coming and going.
forwards_on() {
	local before

	before=$(forwarded "$1")
	wait_for "$1 to forward more packets" 5 has_forwarded "$1" $((before + 100))
}

has_forwarded() { (($(forwarded "$1") > $2)); }

# Last of all: of a group of next hops whose link was down, this FRR's zebra keeps one leg less in the
# kernel, so the fabric uses g1 alone from then on.
#
# Those that g2 held when its link was cut wait for BGP, then for TCP's next retransmission.
dies_and_returns() {
	kill_gateway g2
	goes_out g1 g2
	routes_all g1
	vips_are_announced 1
	is "$BACKEND4" talk four
	is "$BACKEND6" talk six
	revive_gateway g2
	both_alive
	wait_for "the BGP sessions with g2" 20 bgp_established "$FABRIC" 4
}

partitioned_and_healed() {
	cut_between g1 g2
	goes_out g1 g2
	goes_out g2 g1
	routes_all g1
	routes_all g2
	vips_are_announced 2
	forwards_on g1
	forwards_on g2
	is "$BACKEND4" talk four
	is "$BACKEND6" talk six
	mend_between
	both_alive
}

# A short cut costs two answers at most: nobody is taken out for it.
blinks() {
	cut_between g1 g2
	mend_between
	stays_alive g1 g2 1
}

restarted_while_dead() {
	cut_between g1 g2
	goes_out g1 g2
	stop g1 gateway TERM
	start_holdfast gateway g1
	is_out g1 g2
	mend_between
	both_alive
}

lab_open anycast
topology_up
it "each gateway takes the other for alive" both_alive
it "flows are routed by both, half each" rows_are_shared
it "the status tells how far away the other is" wait_for "a round trip" 2 has_rtt g1 g2
it "a gateway whose daemon is killed forwards, and so stays alive" daemon_killed_and_alive
it "a cut that is over at once takes nobody out" blinks

it "a connection is open over IPv4" talk_open four web 4
it "a connection is open over IPv6" talk_open six web 6
BACKEND4=$(talk four) BACKEND6=$(talk six)
it "they are answered" test "$BACKEND4" != lost -a "$BACKEND6" != lost

traffic_begin
it "cut off from each other, both take the other out, both serve, and it heals" \
	during partition partitioned_and_healed
it "every request over IPv4 was answered, once" all_answered 4
it "every request over IPv6 was answered, once" all_answered 6
it "the open connection went on (IPv4)" is "$BACKEND4" talk four
it "the open connection went on (IPv6)" is "$BACKEND6" talk six
it "a daemon that starts while the other is dead leaves it out until it answers" restarted_while_dead

traffic_begin
it "g1 takes a dead g2 out and routes all, open connections go on, and it comes back" \
	during death dies_and_returns
it "every request over IPv4 was answered, once, the ones of its death included" all_answered 4
it "every request over IPv6 was answered, once, the ones of its death included" all_answered 6
it "the open connection went on (IPv4)" is "$BACKEND4" talk four
it "the open connection went on (IPv6)" is "$BACKEND6" talk six
tests_end
