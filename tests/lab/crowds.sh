#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The account that demos make of living connections (lab/lib/crowds.sh): what breaks is found, and told apart
# from what ended with a killed server.
# Topology: lab/topologies/churn.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

COUNT=20

gone_with() {
	crowds_doom "$1"
	DOOMED=$(load_report four ".servers.$1 // 0")
	stop "$1" load KILL
	wait_for "the connections with $1 to have ended" 10 load_has four ".live == $COUNT - $DOOMED"
	is "$COUNT $((COUNT - DOOMED)) $DOOMED 0" crowd_account four
	((DOOMED > 0))
	crowds_account
}

broken() {
	load_ask four plant reset 1
	wait_for "the planted reset" 10 load_has four '.faults.reset > 0 and .broken > 0'
	wait_for "one of them to be found" 5 one_is_broken
	fails crowds_account
}

one_is_broken() { [[ $(crowd_account four | cut -d ' ' -f 4) == 1 ]]; }

lab_open churn
topology_up
crowd_open four "$CLIENT" 4 "$COUNT"
it "all are alive, and none is broken" is "$COUNT $COUNT 0 0" crowd_account four
it "all make an exchange" crowds_talk
it "those of a killed server are told apart" gone_with b1
it "one that breaks otherwise is broken" broken
tests_end
