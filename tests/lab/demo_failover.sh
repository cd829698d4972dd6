#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The story of lab/demos/failover.sh, as a test: it ends well only if all that it promises held. How long it took
# is told and not judged: a machine that runs other tests beside it keeps no times.
# Takes up to 300 s. Topology: lab/topologies/pops.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

TOLD=$(mktemp)
trap 'rm -f "$TOLD"' EXIT

demo() { "$LAB_HOME/lab/demos/$1.sh" --once 2>&1 | tee "$TOLD"; }
at_any_pace() { "$@" || (($? == STORY_SLOW)); }
tells() { grep -E "$1" "$TOLD"; }

exec 3>&1
it "servers of a site die, the other answers, and only connections of the dead end" at_any_pace demo failover
sed -n 's/^  \(median\|maximum\|.*not counted\|.* failovers within\)/# &/p' "$TOLD" >&3
it "it tells when the last new connection went to a dead server" \
	tells 'last new connection that w1 was given began [0-9]+ ms'
it "it tells when the other site first answered" tells 'First answer from east: [0-9]+ ms'
it "it has measured ten failovers" tells '^ +10 +east'
it "it tells their median and maximum beside DNS" tells '^  Holdfast, 10 failovers.* [0-9]+ ms +[0-9]+ ms'
it "it says of both whether they are what was promised" tells '^  maximum .* under 300 ms: (NOT )?reached'
it "DNS took seconds" tells '^  DNS, TTL 30 s.* [0-9]{5} ms'
tests_end
