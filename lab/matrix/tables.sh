# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034
#
# What the matrix consists of, and what theory says of it beforehand.

# The columns. Those of the network itself have no gateways, so some events are none to them.
SCHEMES=(ecmp resilient hash hash+table second-chance cheetah holdfast)
FABRIC_SCHEMES=" ecmp resilient "
COOKIE_SCHEMES=" cheetah holdfast "

# event NAME KIND TITLE: the rows. KIND is what must be seen of it: that flows have another gateway, router
# or row behind it (moves), or a witness of its own (happens).
EVENTS=()
declare -A KIND=() TITLE=()
event() {
	EVENTS+=("$1")
	KIND[$1]=$2
	TITLE[$1]=$3
}
event backend-added moves "a backend is added"
event drained-and-removed moves "a backend is drained, later removed"
event weights-changed moves "weights are changed"
event four-changes moves "four pool changes in a row"
event gateway-added moves "a gateway is added"
event gateway-killed moves "a gateway is killed, process and link"
event gateway-restarted happens "the gateways' daemons are killed and started again"
event gateway-upgraded happens "the gateways are upgraded"
event fabric-rehash moves "the fabric hashes anew"
event added-and-killed moves "a backend is added and a gateway killed, within a second"
event four-and-killed moves "four pool changes, then the flows' router and its pins are gone"
event split-config moves "two gateways with different configurations for ten seconds"
event agent-restarted happens "the agents' daemons are killed and started again"
event agent-upgraded happens "the agents are upgraded"
event syn-flood-drain moves "a SYN flood while a backend is drained"
event forged-flood happens "a flood of forged segments in mid-flow"
event key-rotation happens "the cookies' key is exchanged"
event idle-70 happens "70 seconds of silence"
event idle-300 happens "5 minutes of silence"

# applies SCHEME EVENT: is there anything that the event could happen to?
applies() {
	case $2 in
	gateway-* | added-and-killed | four-and-killed | split-config | agent-*)
		[[ $FABRIC_SCHEMES != *" $1 "* ]]
		;;
	key-rotation) [[ $COOKIE_SCHEMES == *" $1 "* ]] ;;
	esac
}

# kind SCHEME EVENT: a resilient group gives a new next hop, or one of more weight, only buckets that nobody
# has used for two minutes. Here that is none.
kind() {
	case "$1 $2" in
	"resilient backend-added" | "resilient weights-changed") echo happens ;;
	*) echo "${KIND[$2]}" ;;
	esac
}

# Where theory says that a scheme breaks connections: in each of these cells some must be broken, or the
# event did not happen. `bare` are the cells without timestamps, `stamped` those with.
#
#   ecmp           hash thresholds shift with every change of the group (RFC 2992)
#   resilient      keeps busy buckets, but not those of a next hop that goes; nor against another hash
#   hash           Maglev moves what must move and little more; that is broken
#   hash+table     the table knows, until the flow meets another gateway (or the table was flooded: the
#                  one used here prefers to forget flows that were never established, so it need not)
#   second-chance  the row of before the last change, not of before the last but one
#   cheetah        without timestamps it is `hash`; with them, a silence of 5 minutes is beyond half of the
#                  65.5 s that its clock counts (300 = 4 * 65.5 + 38), and the client takes the server's
#                  next segment for an old one. 70 s are a whole round and a little: not seen.
declare -A MUST_BREAK=(
	[ecmp]="backend-added drained-and-removed weights-changed four-changes fabric-rehash syn-flood-drain"
	[resilient]="drained-and-removed four-changes fabric-rehash syn-flood-drain"
	[hash]="backend-added drained-and-removed weights-changed four-changes added-and-killed
		four-and-killed split-config syn-flood-drain"
	[hash+table]="added-and-killed four-and-killed"
	[second-chance]="four-changes four-and-killed"
	[cheetah]="bare:backend-added bare:drained-and-removed bare:weights-changed bare:four-changes
		bare:added-and-killed bare:four-and-killed bare:split-config bare:syn-flood-drain
		stamped:idle-300"
)

# theory: the same as JSON, {SCHEME: [{"event", "timestamps": [...]}]}.
theory() {
	local scheme

	for scheme in "${!MUST_BREAK[@]}"; do
		jq -n --arg scheme "$scheme" --arg rows "${MUST_BREAK[$scheme]}" '
			{($scheme): [$rows | splits("\\s+") | select(. != "") | split(":") |
				if length == 1 then {event: .[0], timestamps: [true, false]}
				else {event: .[1], timestamps: [.[0] == "stamped"]} end]}'
	done | jq -s 'add'
}

# titles: {EVENT: TITLE}, in order.
titles() {
	local name

	for name in "${EVENTS[@]}"; do
		jq -n --arg name "$name" --arg title "${TITLE[$name]}" '{($name): $title}'
	done | jq -s 'add'
}
