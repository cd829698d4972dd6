# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# A site to be changed under living connections: gateways and backends to spare.
#
#  -----------------------------------------------------------------------------------------------
#
#                                 +----------+
#                                 |  client  |  192.0.2.10  2001:db8:1::10
#                                 +----+-----+
#                                      |
#        +----------+            +-----+------+            +----------+
#        | g1 g2    +----BGP-----+   fabric   +----BGP-----+ g3       |   to come later
#        | gateways |            | FRR, ECMP  |            | gateway  |
#        +----------+            +-----+------+            +----------+
#                                      |
#                 +---------------+----+----------+---------------+
#                 |               |               |               |
#            +----+----+     +----+----+     +----+----+     +----+----+
#            | b1   x2 |     | b2   x1 |     | b3   x1 |     | b4   x1 |   b4 is to come later
#            | agent   |     | agent   |     | agent   |     | agent   |
#            +---------+     +---------+     +---------+     +---------+
#
#     live     198.51.100.70  2001:db8:100::70   tcp 7000-7009, holdfast-load (lab/load)
#
#  -----------------------------------------------------------------------------------------------
#
# Wired and addressed as lab/topologies/anycast.sh.

# shellcheck source=lab/topologies/anycast.sh
. "$(topology_file anycast)"

LATER_GATEWAYS=(g3)
LATER_BACKENDS=(b4)
AGENT_BACKENDS=(b1 b2 b3)
PLAIN_BACKENDS=()
BACKENDS=("${AGENT_BACKENDS[@]}")

LINK[g3]=3
LOCATOR[g3]=fd48:6f6c:0:103

SERVICES=(live)
PROTOCOL=([live]=tcp)
PORT=([live]=7000-7009)
VIP4=([live]=198.51.100.70)
VIP6=([live]=2001:db8:100::70)
MEMBERS=([live]="b1 b2 b3")

topology_backend() { load_serve "$1"; }

# plan_gateway NODE / plan_backend NODE: one of those to come is known from here on. Variables only, so
# that a test can say so outside of `it`.
plan_gateway() { GATEWAYS+=("$1"); }

plan_backend() {
	AGENT_BACKENDS+=("$1")
	BACKENDS+=("$1")
	MEMBERS[live]+=" $1"
}

# gateway_joins NODE / backend_joins NODE: and is there.
gateway_joins() {
	write_config >"$LAB_STATE/holdfast.yaml"
	gateways "$1"
	reconfigure
	gateway_bgp "$1"
	vips_are_announced "${#GATEWAYS[@]}"
}

backend_joins() {
	write_config >"$LAB_STATE/holdfast.yaml"
	agents "$1"
	load_serve "$1"
	reconfigure
}
