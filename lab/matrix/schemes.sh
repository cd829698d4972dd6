# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# The network of each scheme, and how its pool changes. All have the servers of lab/topologies/churn.sh:
# b1 of weight 2, b2 and b3, and b4, which is there, runs, and is not in the pool yet.
#
#   ecmp, resilient   the fabric spreads clients over the servers, by a group of next hops
#   the others        the fabric spreads them over the gateways, whose daemons are told the scheme

HASHED=0x37 # fields: addresses, protocol, ports
CLOSED=() # members that take no new connections

of_fabric() { [[ $FABRIC_SCHEMES == *" $SCHEME "* ]]; }

# wire: and the fabric hashes what is in the packet. Its ordinary hash over ports would be the one that
# comes with a packet from a socket of the same kernel, a number of the socket's own.
wire() {
	topology_wire
	set_sysctl "$FABRIC" \
		net.ipv4.fib_multipath_hash_policy=3 net.ipv4.fib_multipath_hash_fields=$HASHED \
		net.ipv6.fib_multipath_hash_policy=3 net.ipv6.fib_multipath_hash_fields=$HASHED
}

scheme_up() {
	AGENT_BACKENDS+=("${LATER_BACKENDS[@]}")
	BACKENDS+=("${LATER_BACKENDS[@]}")
	LATER_BACKENDS=()
	if of_fabric; then
		fabric_up
	else
		gateways_up
	fi
}

# Without gateways and agents ----------------------------------------------------------------------

fabric_up() {
	local node

	GATEWAYS=() LATER_GATEWAYS=()
	wire
	for node in "${BACKENDS[@]}"; do
		address "$node" lo "$(vip live 4)/32" "$(vip live 6)/128"
		ip_on "$node" -4 route replace default via inet6 "$(fabric_address "$node")" dev eth0
		ip_on "$FABRIC" nexthop add id "${ID[$node]}" via "$(link_address "$node")" dev "$node"
	done
	load_serve "${BACKENDS[@]}"
	fabric_takes
	ip_on "$FABRIC" -4 route add "$(vip live 4)/32" nhid 100
	ip_on "$FABRIC" -6 route add "$(vip live 6)/128" nhid 100
}

# A group cannot close a member for new connections only: who is drained is out of it.
fabric_takes() {
	local node group=''

	for node in $(open_members); do
		group+="/${ID[$node]},${WEIGHT[$node]}"
	done
	group=${group#/}
	# shellcheck disable=SC2046
	ip_on "$FABRIC" nexthop replace id 100 group "$group" \
		$([[ $SCHEME != resilient ]] || echo type resilient buckets 512)
	[[ $(group_now) == "$group" ]] || WITNESS=false
}

group_now() {
	ip_on "$FABRIC" -j -d nexthop show id 100 |
		jq -r '[.[0].group[] | "\(.id),\(.weight // 1)"] | join("/")'
}

open_members() {
	local node

	for node in ${MEMBERS[live]}; do
		[[ " ${CLOSED[*]} " == *" $node "* ]] || echo "$node"
	done
}

# With gateways ------------------------------------------------------------------------------------

# shellcheck disable=SC2034
gateways_up() {
	local members=${MEMBERS[live]}

	HOLDFAST_OPTIONS=(--scheme "$SCHEME")
	wire
	topology_route
	load_serve "${BACKENDS[@]}"
	make_secret "$LAB_STATE/secret"
	MEMBERS[live]="${BACKENDS[*]}" # an agent must know the services that it will be for
	write_config "${CLOSED[@]/#/live/}" >"$LAB_STATE/holdfast.yaml"
	agents "${BACKENDS[@]}"
	MEMBERS[live]=$members
	write_configs "${GATEWAYS[@]}"
	gateways "${GATEWAYS[@]}"
	vips_are_announced "${#GATEWAYS[@]}"
	wait_for "all backends to be reachable" 10 reach_all
	[[ $SCHEME != holdfast ]] || wait_for "the gateways to see each other" 10 see_each_other
}

# A gateway has a file of its own, so that two can differ.
config_of() {
	case $1 in
	g*) echo "$LAB_STATE/$1/holdfast.yaml" ;;
	*) echo "$LAB_STATE/holdfast.yaml" ;;
	esac
}

# As the daemons want it: all of the new file at once.
write_configs() {
	local node

	for node; do
		mkdir -p "$LAB_STATE/$node"
		ln -sf ../secret "$LAB_STATE/$node/secret"
		write_config "${CLOSED[@]/#/live/}" >"$LAB_STATE/$node/holdfast.new"
		mv "$LAB_STATE/$node/holdfast.new" "$(config_of "$node")"
	done
}

gateways_take() {
	local node

	write_configs "$@"
	for node; do
		signal "$node" gateway HUP
	done
	for node; do
		wait_for "$node to take the new pool" 10 has_pool "$node"
	done
}

has_pool() {
	[[ $(holdfast "$1" status --json | jq -c '[
		(.services[] | .backends[] | "\(.name) \(.weight) \(.open)"),
		(.gateways[] | .name)] | sort') == "$(pool "$1")" ]]
}

# pool NODE: as its status tells it. Under the other schemes a gateway knows no other.
pool() {
	local node

	{
		for node in ${MEMBERS[live]}; do
			[[ " ${CLOSED[*]} " == *" $node "* ]] && echo "$node ${WEIGHT[$node]} false" ||
				echo "$node ${WEIGHT[$node]} true"
		done
		[[ $SCHEME == holdfast ]] && printf '%s\n' "${GATEWAYS[@]}" || echo "$1"
	} | jq -cRn '[inputs] | sort'
}

reach_all() {
	local node

	for node in "${GATEWAYS[@]}"; do
		holdfast "$node" status --json | jq -e '[.services[].backends[].reachable] | all'
	done
}

see_each_other() {
	local node

	for node in "${GATEWAYS[@]}"; do
		holdfast "$node" status --json | jq -e '[.gateways[] | .alive and .rows > 0] | all'
	done
}

# The pool ------------------------------------------------------------------------------------------

# pool_apply [GATEWAY...]: what was changed is taken, by all or by these.
pool_apply() {
	if of_fabric; then
		fabric_takes
	else
		gateways_take "${@:-"${GATEWAYS[@]}"}"
	fi
}

pool_add() { MEMBERS[live]+=" $1"; }
pool_drain() { CLOSED+=("$1"); }

pool_weigh() {
	local pair

	for pair; do
		WEIGHT[${pair%=*}]=${pair#*=}
	done
}

pool_remove() {
	local node left=()

	for node in ${MEMBERS[live]}; do
		[[ $node == "$1" ]] || left+=("$node")
	done
	MEMBERS[live]="${left[*]}"
	left=()
	for node in "${CLOSED[@]}"; do
		[[ $node == "$1" ]] || left+=("$node")
	done
	CLOSED=("${left[@]}")
}
