# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2153
#
# Which way living connections go, to prove that an event moved some: the gateway that the fabric's hash
# selects, the flow's router, and the backend of its row, as the fabric's kernel and a gateway say. A
# connection whose backend is not its row's any more lives by what the event was to test.

# ways NAME < PORTS: "PORT GATEWAY ROUTER ROW", a line for each of these connections of a load.
ways() {
	local ports="$LAB_STATE/ways.ports"

	cat >"$ports"
	paste -d ' ' "$ports" <(gateways_of "$1" <"$ports") <(rows_of "$1" <"$ports")
}

living_ports() { load_ask "$1" flows | jq -r '.[] | select(.live) | .port'; }

# gateways_of NAME < PORTS: the fabric's next hops.
gateways_of() {
	local service family to port

	read -r service family to <"$LAB_STATE/load.$1"
	while read -r port; do
		echo "route get $(vip "$service" "$family") from ${CLIENT_ADDRESS[$family]}" \
			"iif $CLIENT ipproto tcp sport $port dport ${to##*:}"
	done | ip -n "$LAB-$FABRIC" -batch - | awk '{ for (i = 1; i < NF; i++)
		if ($i == "dev") print $(i + 1) }'
}

# rows_of NAME < PORTS: "ROUTER ROW" each, as `holdfast path` has them, all asked at once.
rows_of() {
	local client family to port

	read -r _ family to <"$LAB_STATE/load.$1"
	client=${CLIENT_ADDRESS[$family]}
	[[ $client != *:* ]] || client="[$client]"
	while read -r port; do
		echo "url = \"http://x/path?protocol=tcp&client=$client:$port&vip=$to\""
	done | curl --silent --globoff --config - --unix-socket "$(socket_of "${GATEWAYS[0]}")" |
		jq -r '"\(.router) \(.backend)"'
}

# ways_keep NAME...: the ways of the living connections as they are now, for `moved`.
ways_keep() {
	local name

	for name; do
		ways "$name" < <(living_ports "$name") >"$LAB_STATE/ways.$name"
	done
}

# moved NAME: of the connections that lived when ways_keep was called, how many go another way now, if
# they live or not.
moved() {
	local kept="$LAB_STATE/ways.$1"

	diff "$kept" <(cut -d ' ' -f 1 "$kept" | ways "$1") | grep -c '^<'
}

# have_moved PERCENT NAME...: at least so many of each.
have_moved() {
	local percent=$1 name moved all status=0
	shift

	for name; do
		moved=$(moved "$name" || true) all=$(wc -l <"$LAB_STATE/ways.$name")
		echo "$name: $moved of $all moved"
		((moved * 100 >= all * percent)) || status=1
	done
	return "$status"
}
