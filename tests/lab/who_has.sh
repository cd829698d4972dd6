#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The last rung: connections that neither cookie nor pin nor candidate leads to are found by asking, a
# connection that nobody has is reset only once everybody has said so, and a flood of forged segments is
# asked about within the budget and breaks nobody.
# Topology: lab/topologies/churn.sh, without cookies.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

COUNT=60     # connections of each family
STRANGERS=20 # that no server knows
BUDGET=1000  # the default of who-has
RATE=5000    # forged segments a second
FLOOD=8	     # seconds

b1_is_nowhere() {
	load_tell four six -- pause
	changed_away b1 b3 b2
	gateways_forget
}

found_and_go_on() {
	load_talk four six
	none_broken four six
	echo "claimed $(inquired claimed), questions $(inquired questions)"
	(($(inquired claimed) >= $(on_b1)))
	(($(inquired denied) == 0))
}

# Connections that b1 holds: those that had to be asked about.
on_b1() { echo $(($(load_report four .servers.b1) + $(load_report six .servers.b1))); }

# strangers_are_reset FAMILY: all of them, each after a no from everybody.
strangers_are_reset() {
	local denied

	denied=$(inquired denied)
	is "$STRANGERS reset, 0 silent" strangers "$1" "$STRANGERS" 15
	(($(inquired denied) >= denied + STRANGERS))
	(($(on_gateways who-has-denied) >= STRANGERS))
}

# path_tells_of_the_last FAMILY: the gateway that asked about the first of those strangers knows that it is
# nobody's.
path_tells_of_the_last() {
	local port flow node

	port=$(jq .port "$LAB_STATE/strangers")
	read -ra flow < <(PORT[live]=$LOAD_PORT && flow_of live "$1" "$port")
	for node in "${GATEWAYS[@]}"; do
		holdfast "$node" path --json "${flow[@]}" | jq -r '.["who-has"]'
	done | grep -x nobody
}

# While b3 cannot say no, nobody is reset. (When it can again, the strangers' last retransmissions are.)
silence_resets_nobody() {
	local before after silent

	silent=$(inquired silent)
	ip_on "$FABRIC" -6 rule add pref 100 to "${LOCATOR[b3]}:f005::/80" blackhole
	before=$(inquired denied)
	is "0 reset, $STRANGERS silent" strangers "$1" "$STRANGERS" 4
	after=$(inquired denied)
	ip_on "$FABRIC" -6 rule del pref 100
	is "$before" echo "$after"
	(($(inquired silent) > silent))
}

flood() {
	on "$CLIENT" "$LAB_BUILD/lab/holdfast-stray" flood "$(vip live "$1")" "$LOAD_PORT" "$RATE" \
		"$FLOOD"
}

budget_is_spent() { (($(on_gateways who-has-limited) > 1000)); }

# With b1's connections still to be found again, by gateways that have forgotten all. What tells them from the
# forged ones is that they come back.
flooded() {
	local before_asked before_questions asked questions most

	b1_is_nowhere
	before_asked=$(inquired asked) before_questions=$(inquired questions)
	flood 4 >"$LAB_STATE/flood4" &
	flood 6 >"$LAB_STATE/flood6" &
	wait_for "the flood to use up the budget" 10 budget_is_spent
	load_talk 10 four six
	wait
	none_broken four six
	asked=$(($(inquired asked) - before_asked)) questions=$(($(inquired questions) - before_questions))
	most=$((${#GATEWAYS[@]} * BUDGET * (FLOOD + 2)))
	echo "$(jq -s 'map(.sent) | add' "$LAB_STATE"/flood[46]) segments, $asked asked, $questions questions"
	((asked > BUDGET && asked <= most && questions <= most * ${#BACKENDS[@]} * 2))
}

COOKIE=off
lab_open churn
topology_up

load_open four live 4 "$COUNT"
load_open six live 6 "$COUNT"
it "pool changes leave b1's connections without a candidate" b1_is_nowhere
it "they are found by asking, and go on" found_and_go_on
it "nobody asked with a wrong tag" is 0 on_agents asked-forged
for family in 4 6; do
	it "a connection that nobody has is reset, after everybody's no (IPv$family)" \
		strangers_are_reset "$family"
	it "the command line knows that it was nobody's (IPv$family)" path_tells_of_the_last "$family"
	it "while one is silent nobody is reset (IPv$family)" silence_resets_nobody "$family"
done
it "a flood of forged segments is asked about within the budget, and breaks nobody" flooded
for node in "${GATEWAYS[@]}"; do
	echo "# $node: $(holdfast "$node" status --json | jq -c '.["who-has"]')"
done
tests_end
