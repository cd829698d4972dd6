# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# What happens to living connections, a function each. An event waits until it has happened, and, if it is
# not seen in where connections go, sets WITNESS to whether it has. One that is over when it returns looks
# itself where connections went meanwhile ("$RUN/after").

# pass SECONDS: time, of which the event consists. Whoever ends the run is heard meanwhile.
pass() {
	sleep "$1" &
	wait "$!"
}

event_backend_added() {
	pool_add b4
	pool_weigh b4=2
	pool_apply
}

# Connections of a drained backend must go on; when it is removed they end, and those of others do not.
event_drained_and_removed() {
	pool_drain b3
	pool_apply
	cells_talk
	cells_settle
	look "$RUN/after"
	note_killed b3
	pool_remove b3
	pool_apply
	stop b3 load KILL
	cells_talk_on
}

event_weights_changed() {
	pool_weigh b1=1 b2=4 b3=3
	pool_apply
}

# More than there are generations of rows.
event_four_changes() {
	pool_add b4
	pool_apply
	pool_weigh b3=4
	pool_apply
	pool_drain b2
	pool_apply
	pool_weigh b1=1 b4=2
	pool_apply
}

event_gateway_added() {
	GATEWAYS+=(g3)
	write_configs g3
	gateways g3
	gateway_bgp g3
	pool_apply
	vips_are_announced 3
	[[ $SCHEME != holdfast ]] || wait_for "the gateways to see each other" 10 see_each_other
}

# Without a goodbye: the link first, then the processes.
event_gateway_killed() {
	ip_on g1 link set eth0 down
	stop g1 gateway KILL
	stop g1 bird KILL
	GATEWAYS=(g2)
	vips_are_announced 1
	[[ $SCHEME != holdfast ]] || wait_for "g2 to route all flows" 5 routes_all g2
}

routes_all() {
	holdfast "$1" status --json | jq -e '[.gateways[] | select(.self and .rows == ."rows-all")] | length == 1'
}

event_gateway_restarted() { restarted gateway "${GATEWAYS[@]}"; }
event_gateway_upgraded() { upgraded gateway "${GATEWAYS[@]}"; }
event_agent_restarted() { restarted agent "${BACKENDS[@]}"; }
event_agent_upgraded() { upgraded agent "${BACKENDS[@]}"; }

# restarted ROLE NODE...: killed, and after a second without them, there again.
restarted() {
	local role=$1 node before
	shift

	before=$(pids "$role" "$@")
	for node; do
		stop "$node" "$role" KILL
	done
	pass 1 # without daemons
	start_holdfast "$role" "$@"
	WITNESS=$(all_differ "$before" "$(pids "$role" "$@")")
}

# upgraded ROLE NODE...: one after the other is ended and another file is started, which loads its programs
# anew in the place of those that run.
upgraded() {
	local role=$1 node programs home="$LAB_STATE/upgrade"
	shift

	mkdir -p "$home/$role" "$home/cli"
	cp "$LAB_BUILD/$role/holdfast-$role" "$home/$role"
	cp "$LAB_BUILD/cli/holdfast" "$home/cli"
	programs=$(xdp_programs "$@")
	for node; do
		stop "$node" "$role" TERM
		LAB_BUILD=$home start_holdfast "$role" "$node"
	done
	WITNESS=$(all_differ "$programs" "$(xdp_programs "$@")")
	for node; do
		[[ $(readlink "/proc/$(pid_of "$node" "$role")/exe") == "$home/$role/"* ]] || WITNESS=false
	done
}

pids() {
	local role=$1 node
	shift

	for node; do
		pid_of "$node" "$role"
	done
}

xdp_programs() {
	local node

	for node; do
		ip_on "$node" -j -d link show eth0 | jq '.[0].xdp.prog.id'
	done
}

# all_differ LINES LINES: of two lists, each line from the one in its place. Prints true or false.
all_differ() {
	jq -n --arg before "$1" --arg after "$2" '
		[($before, $after) | split("\n")] | transpose | all(.[0] != .[1] and .[1] != null)'
}

# Another seed of the hash, where the kernel has one; else the packet's other fields.
event_fabric_rehash() {
	if on "$FABRIC" test -e /proc/sys/net/ipv4/fib_multipath_hash_seed; then
		set_sysctl "$FABRIC" net.ipv4.fib_multipath_hash_seed=20261125
	else
		set_sysctl "$FABRIC" net.ipv4.fib_multipath_hash_fields=0x11 \
			net.ipv6.fib_multipath_hash_fields=0x11
	fi
}

event_added_and_killed() {
	local begin

	begin=$(now_us)
	pool_add b4
	pool_weigh b4=2
	write_configs "${GATEWAYS[@]}"
	for node in "${GATEWAYS[@]}"; do
		signal "$node" gateway HUP
	done
	ip_on g1 link set eth0 down
	echo "the gateway died $((($(now_us) - begin) / 1000)) ms after the backend was added"
	(($(now_us) - begin < 1000000)) || WITNESS=false
	wait_for "g2 to take the new pool" 10 has_pool g2
	event_gateway_killed
}

event_four_and_killed() {
	event_four_changes
	event_gateway_killed
}

# For ten seconds g2 has a backend more than g1, which then gets it, too.
event_split_config() {
	pool_add b4
	pool_weigh b4=8
	pool_apply g2
	pass 10
	has_pool g2 && ! has_pool g1 || WITNESS=false
	pool_apply
}

event_syn_flood_drain() {
	flood syn
	pool_drain b3
	pool_apply
	flood_is_over syn
}

event_forged_flood() {
	flood data
	flood_is_over data
}

FLOOD_PACKETS=20000 # of each family
FLOOD_RATE=5000
FLOOD_SOURCES=([4]=203.0.113.0 [6]=2001:db8:f::) # what answers them comes to nothing at the fabric

# flood KIND: begins, and there is some of it already.
flood() {
	local family

	ip_on "$FABRIC" -4 route add blackhole "${FLOOD_SOURCES[4]}/24"
	ip_on "$FABRIC" -6 route add blackhole "${FLOOD_SOURCES[6]}/64"
	FLOODED_BEFORE=$(packets_now)
	for family in 4 6; do
		start "$CLIENT" "flood-$family" "$LAB_BUILD/lab/flood/holdfast-flood" --kind "$1" \
			--from "${FLOOD_SOURCES[$family]}" --to "$(load_endpoint live "$family")" \
			--packets "$FLOOD_PACKETS" --rate "$FLOOD_RATE"
	done
	for family in 4 6; do
		wait_for "the flood to begin" 5 grep -q begun "$(log_of "$CLIENT" "flood-$family")"
	done
}

packets_now() { counters_now | jq '[.[]] | add // 0'; }

# What the flood's own count says of its packets, and the gateways' of theirs.
flood_is_over() {
	local family

	for family in 4 6; do
		wait_for "the flood to end" 30 has_ended "$LAB_STATE/processes/$CLIENT.flood-$family"
		grep -q "\"sent\": $FLOOD_PACKETS" "$(log_of "$CLIENT" "flood-$family")" || WITNESS=false
		cat "$(log_of "$CLIENT" "flood-$family")"
	done
	of_fabric || (($(packets_now) - FLOODED_BEFORE >= 2 * FLOOD_PACKETS)) || WITNESS=false
}

# Twice: after once, connections that began before are still read by the former key. So soon only an
# operator who insists has it.
event_key_rotation() {
	local epoch REST=0

	for epoch in 1 2; do
		COOKIE_EPOCH=$epoch
		write_configs "${GATEWAYS[@]}"
		for node in "${GATEWAYS[@]}"; do
			signal "$node" gateway HUP
			wait_for "$node to have another key" 10 has_epoch "$node" "$epoch"
		done
		agents_take_epoch
	done
}

has_epoch() { holdfast "$1" status --json | jq -e --argjson epoch "$2" '."cookie-epochs"[0] == $epoch'; }

agents_take_epoch() {
	local node members=${MEMBERS[live]}

	MEMBERS[live]="${BACKENDS[*]}"
	write_config "${CLOSED[@]/#/live/}" >"$LAB_STATE/holdfast.new"
	MEMBERS[live]=$members
	mv "$LAB_STATE/holdfast.new" "$LAB_STATE/holdfast.yaml"
	for node in "${BACKENDS[@]}"; do
		signal "$node" agent HUP
		wait_for "$node to have another key" 10 has_epoch "$node" "$COOKIE_EPOCH"
	done
}

event_idle_70() { silence 70; }
event_idle_300() { silence 300; }

# Nobody says a word, after everybody has said one: as many exchanges at the end as at the beginning.
silence() {
	local crowd before

	# shellcheck disable=SC2046
	load_talk $(all_crowds)
	for crowd in $(all_crowds); do
		load_tell "$crowd" -- pause
		wait_for "$crowd to be silent" 5 load_has "$crowd" '.waiting == 0'
	done
	before=$(exchanges)
	pass "$1"
	[[ $(exchanges) == "$before" ]] || WITNESS=false
}

exchanges() {
	local crowd

	for crowd in $(all_crowds); do
		load_report "$crowd" .exchanges
	done
}
