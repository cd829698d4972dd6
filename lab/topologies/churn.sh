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
