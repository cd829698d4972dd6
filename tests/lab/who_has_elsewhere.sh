#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The last rung across sites: connections that a backend of another site holds are found by asking a
# gateway there, which asks its own; and nobody is reset while that site is silent.
# Topology: lab/topologies/churn.sh, with g2 and b3 at a site of their own, and without cookies. While b3
# is closed, its site has nobody open and hands on to the other one, whose SID therefore has a route.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

COUNT=60
STRANGERS=10

LOCATOR_FRA=fd48:6f6c:0:2

b3_is_nowhere() {
	load_tell four six -- pause
	changed_away b3 b1 b2
	gateways_forget
}

inquired_at() { holdfast "$1" status --json | jq ".[\"who-has\"][\"$2\"]"; }

found_and_go_on() {
	load_talk four six
	none_broken four six
	echo "claimed $(inquired claimed), for g1 at g2 $(inquired_at g2 for-sites)"
	(($(inquired_at g1 claimed) > 0 && $(inquired_at g2 for-sites) > 0))
	(($(inquired denied) == 0))
}

# Both sites must have said no.
strangers_are_reset() {
	is "$STRANGERS reset, 0 silent" strangers "$1" "$STRANGERS" 20
}

# A site whose gateway cannot be asked may hold anything.
silent_site_resets_nobody() {
	ip_on "$FABRIC" -6 rule add pref 100 to "${LOCATOR[g2]}:f005::/80" blackhole
	ip_on "$FABRIC" -6 rule add pref 100 to "${LOCATOR[g1]}:f005::/80" blackhole
	is "0 reset, $STRANGERS silent" strangers "$1" "$STRANGERS" 6
	ip_on "$FABRIC" -6 rule del pref 100
	ip_on "$FABRIC" -6 rule del pref 100
}

COOKIE=off
lab_open churn
eval "of_one_site_$(declare -f write_config)"
write_config() {
	of_one_site_write_config "$@" |
		sed -e "/^  ams:/a\\  fra: {locator: \"$LOCATOR_FRA::/64\"}" \
			-e '/^  \(g2\|b3\): /s/site: ams/site: fra/'
}
topology_up
ip_on "$FABRIC" -6 route add "${LOCATOR[ams]}::/64" via "$(link_address g1)"
ip_on "$FABRIC" -6 route add "$LOCATOR_FRA::/64" via "$(link_address g2)"

load_open four live 4 "$COUNT"
load_open six live 6 "$COUNT"
it "pool changes leave the other site's connections without a candidate" b3_is_nowhere
it "they are found by asking that site, and go on" found_and_go_on
for family in 4 6; do
	it "a connection that nobody has is reset, after both sites' no (IPv$family)" \
		strangers_are_reset "$family"
	it "while the other site is silent nobody is reset (IPv$family)" \
		silent_site_resets_nobody "$family"
done
for node in "${GATEWAYS[@]}"; do
	echo "# $node: $(holdfast "$node" status --json | jq -c '.["who-has"]')"
done
tests_end
