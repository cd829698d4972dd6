#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The story of lab/demos/popswitch.sh, as a test: it ends well only if all that it promises held.
# Takes up to 240 s. Topology: lab/topologies/pops.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

TOLD=$(mktemp)
trap 'rm -f "$TOLD"' EXIT

demo() { "$LAB_HOME/lab/demos/$1.sh" --once 2>&1 | tee "$TOLD"; }
tells() { grep -E "$1" "$TOLD"; }

it "the network switches clients to the other site and back, and no connection breaks" demo popswitch
it "it tells how many were kept with timestamps" tells '^  with timestamps +80 of 80, by their cookie$'
it "and without, by who-has" tells '^  without +80 of 80, by who-has, which found [0-9]+ .and 8 downloads.$'
tests_end
