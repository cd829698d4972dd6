#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A site above its mark hands what is above it to the other site, and takes its own home again; no connection
# breaks for it. Shares are measured at the servers, against what the mark leaves.
# Topology: lab/topologies/twosites.sh, with the service `live` of holdfast-load. Takes up to 300 s.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

RATE=60		# new connections a second that clients in ams open
CAPACITY=40	# that a site can take, by its policy
MARK=90		# percent
ROOM=100	# connections that a site can hold, by another policy
LASTING=10	# a second, of those that fill it
# Seconds in which a share follows a need: a step until it is seen, and AHEAD_STEPS of core/policy.c, in which gateways
# agree and the other site takes a part at a time.
FOLLOWS_S=4

lab_open twosites
SERVICES+=(live)
PROTOCOL[live]=tcp PORT[live]=7000-7009
VIP4[live]=198.51.100.70 VIP6[live]=2001:db8:100::70
MEMBERS[live]="${BACKENDS[*]}"
AGENT_BACKENDS=("${BACKENDS[@]}")
POLICY=rate

eval "config_of_the_topology() $(declare -f write_config | tail -n +2)"
write_config() {
	config_of_the_topology "$@"
	cat <<-END
		  live:
		    vips: [${VIP4[live]}, "${VIP6[live]}"]
		    protocol: tcp
		    ports: ${PORT[live]}
		    health: {port: 7000}
		    backends: {b1: {}, b2: {}, b3: {}, b4: {}}
		    policy: $POLICY
		policies:
		  rate:
		    capacity: {rate: $CAPACITY, per: site}
		    spill: {at: $MARK%}
		    recover: {step: 20%}
		  connections:
		    capacity: {connections: $ROOM, per: site}
		    spill: {at: $MARK%, to: nearest}
		    recover: {step: 20%}
	END
}

topology_backend() {
	nginx_on "$1"
	load_serve "$1"
}

use_policy() {
	local gateway

	POLICY=$1
	put_config
	for gateway in "${GATEWAYS[@]}"; do
		signal "$gateway" gateway HUP
	done
}

# policy_of GATEWAY EXPRESSION: of what its status says.
policy_of() { holdfast "$1" status --json | jq -e ".services[] | select(.name == \"live\") | .policy | $2"; }

# on_both EXPRESSION: it holds at both gateways of ams.
on_both() {
	local gateway

	for gateway in ${GATEWAYS_OF[ams]}; do
		policy_of "$gateway" "$1" >/dev/null || return
	done
}

# taken SITE: connections that its servers have taken.
taken() {
	local node sum=0

	for node in ${BACKENDS_OF[$1]}; do
		sum=$((sum + $(load_report "$node" .accepted)))
	done
	echo "$sum"
}

taken_all() { echo $(($(taken ams) + $(taken lon))); }
have_taken() { (($(taken_all) >= $1)); }

# The share of new connections that lon has of the next 800, and what the gateways of ams say meanwhile that it is:
# sets MOVED and ASKED, percent.
measure() {
	local ams lon

	: >"$LAB_STATE/asked"
	ams=$(taken ams) lon=$(taken lon)
	wait_for "800 more connections" 60 note_asked_until have_taken $((ams + lon + 800))
	ams=$(($(taken ams) - ams)) lon=$(($(taken lon) - lon))
	MOVED=$((100 * lon / (ams + lon)))
	ASKED=$(awk '{ sum += $1 } END { printf "%.0f", sum / NR }' "$LAB_STATE/asked")
	echo "# of $((ams + lon)) new connections $MOVED % were served in lon, $ASKED % were asked for" >&3
}

# note_asked_until COMMAND...: as often as it is asked, all gateways' shares are noted.
note_asked_until() {
	local gateway

	for gateway in ${GATEWAYS_OF[ams]}; do
		policy_of "$gateway" '.sites[0].percent' >>"$LAB_STATE/asked"
	done
	"$@"
}

says() { echo "# $1: $(policy_of "$1" '"\(.shares): \(.why)"')" >&3; }

# within VALUE LEAST MOST
within() {
	(($1 >= $2 && $1 <= $3)) || {
		echo "$1 is not within $2 and $3"
		return 1
	}
}

# moves GATEWAY: the shares for lon that it has told of so far, whole percent, a line each.
moves() {
	sed -nE 's/.*service live: new connections: (all stay|([0-9]+)[0-9.]* % to lon) .*/0\2/p' \
		"$(log_of "$1" gateway)"
}

# shares_swing_by MOST-PERCENT: none since the shares settled was further from what the rule asks for.
shares_swing_by() {
	local gateway share

	for gateway in ${GATEWAYS_OF[ams]}; do
		((SETTLED[$gateway] > 0)) # it told of how the shares came to be
		for share in $(moves "$gateway" | tail -n "+$((SETTLED[$gateway] + 1))"); do
			within "$((10#$share))" $((LEAST - $1)) $((MOST + $1))
		done
	done
}

live_at() { # SITE: connections that its servers hold
	local node sum=0

	for node in ${BACKENDS_OF[$1]}; do
		sum=$((sum + $(load_report "$node" .live)))
	done
	echo "$sum"
}

holds_at_least() { (($(live_at "$1") >= $2)); }

exec 3>&1
topology_up
wait_for "the gateways of ams to hear of its use" 20 on_both '.used != null'
wait_for "all to stay" 20 on_both '."stay-percent" == 100'
it "old connections open, all in ams" load_open old live 4 40 --rate 20
it "and without timestamps" load_open_bare bare live 6 20 --rate 20
it "and nobody else has any" test "$(live_at lon)" = 0

# By the rule $MARK % of $CAPACITY stay; between there and the lower mark, ten percent below, nothing moves.
LEAST=$((100 - 100 * CAPACITY * MARK / 100 / RATE))
MOST=$((100 - 100 * CAPACITY * (MARK - 10) / 100 / RATE))
load_begin many live 4 400 --rate "$RATE" --exchanges 2 --interval 100
it "above its mark, ams hands over" wait_for "a share for lon" 20 on_both '.sites[0].percent > 20'
wait_for "the shares to settle" 30 on_both ".sites[0].percent >= $LEAST - 2"
wait_for "them to be in force for a while" 30 have_taken $(($(taken_all) + 300))
declare -A SETTLED=() # how often each gateway had told of a move by then
for gateway in ${GATEWAYS_OF[ams]}; do
	SETTLED[$gateway]=$(moves "$gateway" | wc -l)
done
measure
it "as many as are above the mark: between $LEAST and $MOST %" within "$ASKED" $((LEAST - 3)) $((MOST + 3))
# Of 800 that are split at random, 1.7 % more or less is the standard deviation.
it "and as many as were asked for, to 6 %" within "$MOVED" $((ASKED - 6)) $((ASKED + 6))
# Rows split at random: of $RATE a second 36 +- 4 stay. A share goes by as many as tell the demand to 4 % (core/demand.h).
it "and the shares do not swing" shares_swing_by 12
it "no connection broke, at either end" none_broken old bare
it "and none of those that came and went" load_has many '.broken == 0'

load_ask many finish >/dev/null
it "when there is less, new connections come home" wait_for "all to stay" 40 on_both '."stay-percent" == 100'
it "and none broke" none_broken old bare
load_ask many stop >/dev/null
wait_for "its connections to end" 10 has_ended "$LAB_STATE/processes/$CLIENT.load-many"

use_policy connections
it "by connections, ams has room for $ROOM" wait_for "it" 10 on_both ".capacity == $ROOM and .name == \"connections\""
load_begin lasting live 6 120 --rate "$LASTING"
# It comes to stand between its marks. The upper one it may pass by what comes while its share follows.
LEAST=$((ROOM * (MARK - 10) / 100)) MOST=$((ROOM * MARK / 100 + LASTING * FOLLOWS_S))
it "connections that last fill it" wait_for "$LEAST in ams" 30 holds_at_least ams "$LEAST"
it "and the others go to lon" wait_for "30 in lon" 30 holds_at_least lon 30
wait_for "all to be open" 20 load_has lasting '.live == 120'
says a1
echo "# ams has $(live_at ams) of $ROOM" >&3
it "so ams is full to little more than its mark" within "$(live_at ams)" "$LEAST" "$MOST"
it "all of them talk" load_talk 20 old bare lasting
it "none is broken" none_broken old bare lasting
load_end lasting
it "when they have gone, new connections come home" wait_for "all to stay" 40 on_both '."stay-percent" == 100'
it "and the old ones have lived through it all" load_talk 20 old bare
it "without a wrong byte" none_broken old bare
tests_end
