# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# The topology churn with servers that have no agent: their connections live by the gateways' pins.

# shellcheck source=lab/topologies/churn.sh
. "$(topology_file churn)"

PLAIN_BACKENDS=("${AGENT_BACKENDS[@]}")
AGENT_BACKENDS=()

topology_backend() {
	agentless "$1" "${LOCATOR[$1]}" "$(fabric_address "$1")" "${VIP4[live]}/32" "${VIP6[live]}/128"
	load_serve "$1"
}
