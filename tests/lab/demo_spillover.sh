#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The story of lab/demos/spillover.sh, as a test: it ends well only if all that it promises held.
# Takes up to 240 s. Topology: lab/topologies/pops.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

TOLD=$(mktemp)
trap 'rm -f "$TOLD"' EXIT

demo() { "$LAB_HOME/lab/demos/$1.sh" --once 2>&1 | tee "$TOLD"; }
tells() { grep -E "$1" "$TOLD"; }

it "a site above its mark hands over what is above it, and no connection breaks" demo spillover
it "it tells the share that moved and the share that was asked for" tells '^  asked [0-9]+ %, moved [0-9]+ %$'
it "and that all came home" tells 'all of them are served in west again$'
tests_end
