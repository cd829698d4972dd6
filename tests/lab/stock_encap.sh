#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Agents accept what a stock Linux router encapsulates. Here the fabric itself steers the VIP with
# `encap seg6`, past the gateways:
#
#	client ---- fabric --- segments b2, b1 ---> b2 (not mine) ---> b1 (mine) ---> client
#
# Topology: lab/topologies/anycast.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

INSIDE=fd48:6f6c:ffff:11::1 # an outer source within the infrastructure, and one outside
OUTSIDE=2001:db8:1::1

# steer SEGMENT...: the VIP of web, both families, from the fabric along these segments.
steer() {
	local list

	list=$(printf '%s,' "$@")
	ip_on "$FABRIC" -4 route replace "${VIP4[web]}/32" metric 1 dev b1 \
		encap seg6 mode encap.red segs "${list%,}"
	ip_on "$FABRIC" -6 route replace "${VIP6[web]}/128" metric 1 dev b1 \
		encap seg6 mode encap.red segs "${list%,}"
}

from() { ip_on "$FABRIC" sr tunsrc set "$1"; }

# grows NODE COUNTER COMMAND...: the command succeeds, and packets ended in this verdict meanwhile.
grows() {
	local node=$1 counter=$2 before
	shift 2

	before=$(counter "$node" "$counter")
	"$@"
	(($(counter "$node" "$counter") > before))
}

lab_open anycast
topology_up
from "$INSIDE"

for family in 4 6; do
	steer "$(accept_sid b1)"
	it "an agent accepts a connection from stock Linux, one segment around IPv$family" \
		is b1 get web "$family"
	it "a connection to b1 opens over IPv$family" talk_open "ipv$family" web "$family"
	it "b1 answers on it" is b1 talk "ipv$family"

	steer "$(accept_sid b2)" "$(accept_sid b1)"
	it "of two segments the second holds the connection: b2 passes it on over IPv$family" \
		grows b2 passed-on is b1 talk "ipv$family"
	it "a new connection is taken by the first of the two over IPv$family" \
		is b2 get web "$family"

	steer "$(accept_sid b3 must)"
	it "b3 takes a connection that it must take over IPv$family" is b3 get web "$family"
done

from "$OUTSIDE"
steer "$(accept_sid b1)"
for family in 4 6; do
	it "an agent drops what comes from outside the infrastructure, IPv$family" \
		grows b1 outside-sid fails get web "$family" 2
done
tests_end
