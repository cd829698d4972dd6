#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The story of lab/demos/recovery.sh, as a test: it ends well only if all that it promises held.
# Takes up to 240 s. Topology: lab/topologies/pops.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

TOLD=$(mktemp)
trap 'rm -f "$TOLD"' EXIT

demo() { "$LAB_HOME/lab/demos/$1.sh" --once 2>&1 | tee "$TOLD"; }
tells() { grep -E "$1" "$TOLD"; }

it "a site recovers, new connections come home, and those that began elsewhere stay" demo recovery
it "it tells how many were kept with timestamps" tells '^  with timestamps +100 of 100$'
it "and without" tells '^  without +100 of 100$'
it "and how long the way home took" tells 'First one at home: [0-9]+ ms'
tests_end
