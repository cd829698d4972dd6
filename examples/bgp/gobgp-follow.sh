#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# gobgp-follow.sh [API]: tells gobgpd what Holdfast announces, by its API (unix:///run/gobgpd.sock, if nothing
# else is said), for GoBGP reads no kernel routes.
#
# Holdfast puts a blackhole route of protocol 72 into the kernel for each VIP that this site can serve or hand on,
# and takes it away when it cannot. One with the metric 8326 is about to go: it is announced with the community of
# graceful shutdown, 65535:0 (RFC 8326).
#
# Whatever the kernel tells of routes, and every ten seconds, the whole list is read anew and compared with what
# gobgpd was told, so a message that got lost is made good. Ends when gobgpd does, with status 1, to be started again
# with it (systemd: Restart=on-failure, BindsTo=gobgpd.service), and withdraws everything when it is stopped.

set -uo pipefail

API=${1:-unix:///run/gobgpd.sock}
PROTOCOL=72  # of Holdfast's routes
LEAVING=8326 # their metric while the gateway drains
GRACEFUL_SHUTDOWN=65535:0

declare -A TOLD=() # by prefix: its community, or "none"

gobgp_rib() { gobgp --target "$API" global rib "$@"; }

family_of() {
	case $1 in
	*:*) echo ipv6 ;;
	*) echo ipv4 ;;
	esac
}

# "PREFIX METRIC" of each route: of two for one VIP the lower metric counts, and comes last.
routes() {
	local family

	for family in -4 -6; do
		ip "$family" -json -details route show type blackhole proto "$PROTOCOL"
	done | jq -rs 'add // [] | sort_by(-(.metric // 0))[] | "\(.dst) \(.metric // 0)"'
}

# prefix_of DESTINATION: the kernel leaves out the length of a host's.
prefix_of() {
	case $1 in
	*/*) echo "$1" ;;
	*:*) echo "$1/128" ;;
	*) echo "$1/32" ;;
	esac
}

announce() {
	local community=()

	[[ $2 == none ]] || community=(community "$2")
	gobgp_rib -a "$(family_of "$1")" add "$1" origin igp "${community[@]}" || return
	TOLD[$1]=$2
	echo "$1: announced, community $2"
}

withdraw() {
	gobgp_rib -a "$(family_of "$1")" del "$1" || return
	unset "TOLD[$1]"
	echo "$1: withdrawn"
}

# Announces first: what changes its community never is away.
follow() {
	local destination metric prefix list
	local -A wanted=()

	list=$(routes) || return
	while read -r destination metric; do
		[[ -n $destination ]] || continue
		wanted[$(prefix_of "$destination")]=$([[ $metric == "$LEAVING" ]] &&
			echo "$GRACEFUL_SHUTDOWN" || echo none)
	done <<<"$list"
	for prefix in "${!wanted[@]}"; do
		[[ ${TOLD[$prefix]:-} == "${wanted[$prefix]}" ]] || announce "$prefix" "${wanted[$prefix]}"
	done
	for prefix in "${!TOLD[@]}"; do
		[[ -n ${wanted[$prefix]:-} ]] || withdraw "$prefix"
	done
}

withdraw_all() {
	local prefix

	trap '' TERM INT
	for prefix in "${!TOLD[@]}"; do
		withdraw "$prefix"
	done
}

# A line for each change of the kernel's routes; it ends when gobgpd does.
events() {
	ip -oneline monitor route 2>&1 &
	gobgp --target "$API" monitor neighbor >/dev/null 2>&1
	kill "$!"
}

# next_event [SECONDS]: 0: there was one. 1: none in that time. Does not return when gobgpd has ended.
next_event() {
	local status=0

	read -r -t "$1" -u "$EVENTS" _ || status=$?
	((status != 0)) || return 0
	((status > 128)) && return 1
	echo "gobgpd has ended" >&2
	TOLD=()
	exit 1
}

gobgp_rib >/dev/null || {
	echo "$API: gobgpd does not answer there" >&2
	exit 1
}
exec {EVENTS}< <(events)
EVENTS_PID=$!
trap 'exit 0' TERM INT
trap 'withdraw_all; kill -- "$EVENTS_PID" $(pgrep -P "$EVENTS_PID") 2>/dev/null' EXIT

while follow; do
	next_event 10 || continue
	while next_event 0.02; do :; done # what comes together, one look is enough for
done
