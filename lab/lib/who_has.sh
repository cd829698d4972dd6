# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# For tests of the last rung: who is asked, and connections that only it can find. In a topology of the
# service `live` (lab/topologies/churn.sh).

# inquired FIELD: of all gateways' inquiries.
inquired() {
	local node sum=0

	for node in "${GATEWAYS[@]}"; do
		sum=$((sum + $(holdfast "$node" status --json | jq ".[\"who-has\"][\"$1\"]")))
	done
	echo "$sum"
}

# changed_away NODE OTHER ANOTHER: four pool changes, after which NODE is in no row of the generations that
# are candidates. It keeps its connections.
changed_away() {
	reconfigure "live/$1"
	reconfigure "live/$1" "live/$2"
	reconfigure "live/$1" "live/$3"
	reconfigure "live/$1"
}

# gateways_forget: all that they had, pins and former rows too.
gateways_forget() {
	local node

	for node in "${GATEWAYS[@]}"; do
		forget_everything "$node"
	done
	vips_are_announced "${#GATEWAYS[@]}"
	wait_for "the gateways to know each other" 10 gateways_know_each_other
}

forget_everything() {
	stop "$1" gateway TERM
	detach gateway "$1"
	start_holdfast gateway "$1"
}

gateways_know_each_other() {
	local node

	for node in "${GATEWAYS[@]}"; do
		holdfast "$node" status --json | jq -e '[.gateways[] | .alive and .rows > 0] | all'
	done
}

# strangers FAMILY COUNT SECONDS: connections that no server knows; prints how many were reset and how many
# heard nothing. The whole answer is in $LAB_STATE/strangers.
strangers() {
	on "$CLIENT" "$LAB_BUILD/lab/holdfast-stray" strangers "$(vip live "$1")" "$LOAD_PORT" \
		"$2" "$3" >"$LAB_STATE/strangers"
	jq -r '"\(.reset) reset, \(.silent) silent"' "$LAB_STATE/strangers"
}
