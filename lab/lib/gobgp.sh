# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# GoBGP in a gateway, by what is an example for everybody: the configuration examples/bgp/gobgpd.toml, and
# examples/bgp/gobgp-follow.sh, which tells gobgpd what Holdfast announces. It has no BFD.

gobgp_api() { echo "unix://$LAB_STATE/$1/gobgp/api.sock"; }

# gobgp_announces NODE AS: variables as bird_announces.
gobgp_announces() {
	local node=$1 home="$LAB_STATE/$1/gobgp"

	mkdir -p "$home"
	sed -E "s/\b65001\b/$2/; s/\b65000\b/$NEIGHBOUR_AS/
		s/\b10\.72\.1\.2\b/$LOCAL4/; s/\b10\.72\.1\.1\b/$NEIGHBOUR4/
		s/\bfd48:6f6c:ffff:1::1\b/$NEIGHBOUR6/" "$LAB_HOME/examples/bgp/gobgpd.toml" >"$home/gobgpd.toml"
	rm -f "$home/api.sock" # a gobgpd that was killed leaves it, and the next one cannot listen there
	start "$node" gobgpd gobgpd -f "$home/gobgpd.toml" --api-hosts "$(gobgp_api "$node")" \
		--pprof-disable --log-plain
	wait_ready "$node" gobgpd "gobgpd's API" 10 gobgp_on "$node" global
	gobgp_follow "$node"
}

gobgp_follow() {
	start "$1" gobgp-follow "$LAB_HOME/examples/bgp/gobgp-follow.sh" "$(gobgp_api "$1")"
}

# gobgp_on NODE COMMAND...: GoBGP's shell.
gobgp_on() { gobgp --target "$(gobgp_api "$1")" "${@:2}"; }
