#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A fleet whose configuration is in etcd: changes reach gateways and agents, one of two at once wins and
# the other is told, and what is wrong changes nothing.
# Topology: lab/topologies/anycast.sh, with etcd on the fabric's node.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

NODES=("${GATEWAYS[@]}")

check_local() { on "$ETCD_NODE" "$LAB_BUILD/cli/holdfast" config check "$LAB_STATE/holdfast.yaml"; }

empty_store_says_so() {
	local output

	output=$(check_local 2>&1) && return 1
	[[ $output == *"etcd:/holdfast/config: it has no configuration"* ]]
}

# edit ARGUMENTS...: one change, and all nodes have taken it.
edit() {
	store_cli "$@" || return
	all_have "$(store_revision)" "${NODES[@]}"
}

is_open() {
	[[ $(holdfast "$1" status --json | jq -r --arg service "$2" --arg backend "$3" \
		'.services[] | select(.name == $service) | .backends[] | select(.name == $backend) | .open') == "$4" ]]
}

weight_of() {
	holdfast "$1" status --json | jq -r --arg service "$2" --arg backend "$3" \
		'.services[] | select(.name == $service) | .backends[] | select(.name == $backend) | .weight'
}

drained_everywhere() {
	local gateway

	edit backend drain b1
	for gateway in "${GATEWAYS[@]}"; do
		wait_for "$gateway to close b1" 5 is_open "$gateway" web b1 false
		wait_for "$gateway to close b1" 5 is_open "$gateway" dns b1 false
	done
}

opened_again() {
	local gateway

	edit backend undrain b1
	for gateway in "${GATEWAYS[@]}"; do
		wait_for "$gateway to open b1" 10 is_open "$gateway" web b1 true
	done
}

gateway_drained_and_back() {
	edit gateway drain g1
	wait_for "g1 to have withdrawn" 20 has_next_hops "$FABRIC" "${VIP4[web]}" 1
	wait_for "g1 to say so" 20 drain_is g1 left
	wait_for "all to see it" 10 nodes_tell "^g1: drained, its VIPs are withdrawn"
	edit gateway undrain g1
	vips_are_announced 2
	drain_is g1 none
}

nodes_tell() { store_cli nodes | grep -E "$1"; }

drain_is() { [[ $(holdfast "$1" status --json | jq -r .drain.phase) == "$2" ]]; }

# connections_of GATEWAY BACKEND: of web, as its agent counts them.
connections_of() {
	holdfast "$1" status --json | jq -r --arg backend "$2" '.services[] | select(.name == "web") |
		.backends[] | select(.name == $backend) | .load.connections'
}

has_connections() { [[ $(connections_of "$1" "$2") == "$3" ]]; }

# Refused while a connection lives, drained or not; then it goes, and it comes again.
removed_when_it_is_empty() {
	local backend output
	local -a socket=(--socket "$(socket_of g1)")

	talk_open last web 4
	backend=$(talk last)
	edit backend drain "$backend"
	wait_for "g1 to know of the connection" 10 has_connections g1 "$backend" 1
	output=$(store_cli backend remove "$backend" "${socket[@]}" 2>&1) && return 1
	[[ $output == *"$backend: has 1 connections, which its removal would end"* ]]
	is "$backend" talk last
	talk_close last
	wait_for "the connection to be over" 10 has_connections g1 "$backend" 0
	store_cli config pull >"$LAB_STATE/before.yaml"
	store_cli backend remove "$backend" "${socket[@]}"
	wait_for "g1 to know it no more" 5 is '' weight_of g1 web "$backend"
	edit config push "$LAB_STATE/before.yaml"
	edit backend undrain "$backend"
}

NEWCOMER="locator: \"fd48:6f6c:0:2ff::/64\", agent: false"

id_of() { store_cli config pull | sed -n "/^  $1:/,/^  [^ ]/s/^    id: //p"; }

# Its id is nobody else's: a newcomer does not get it, whether it asks for it or not.
removed_id_rests() {
	store_cli config pull >"$LAB_STATE/before.yaml"
	store_cli backend remove b3 --force
	store_cli config pull | grep -A4 "^resting-ids:" | grep "was: .*b3"
	refused_with "backends.b9.id: ${ID[b3]} was b3's and rests until 20" \
		store_cli backend add b9 "{id: ${ID[b3]}, $NEWCOMER}"
	store_cli backend add b9 "{$NEWCOMER}"
	[[ $(id_of b9) -gt ${ID[b3]} ]]
	store_cli backend remove b9 --force
}

# Nor by a file that is pushed; and who had it, has it again.
pushed_id_rests() {
	sed "s/^  b3:/  b9:/; s/^      b3:/      b9:/; s/${LOCATOR[b3]}::/fd48:6f6c:0:2ff::/" \
		"$LAB_STATE/before.yaml" >"$LAB_STATE/other.yaml"
	refused_with "backends.b9.id: ${ID[b3]} was b3's and rests until 20" \
		store_cli config push "$LAB_STATE/other.yaml"
	edit config push "$LAB_STATE/before.yaml"
	is "${ID[b3]}" id_of b3
}

rested_id_is_free() {
	store_cli backend remove b3 --force
	store_cli config pull | sed 's/^rest: .*/rest: 1/' >"$LAB_STATE/rest.yaml"
	store_cli config push "$LAB_STATE/rest.yaml"
	wait_for "the id to have rested" 5 store_cli backend add b9 "{id: ${ID[b3]}, $NEWCOMER}"
	fails eval 'store_cli config pull | grep resting-ids'
	sed 's/^rest: .*/rest: 3600/' "$LAB_STATE/before.yaml" >"$LAB_STATE/rest.yaml"
	refused_with "backends.b3.id: ${ID[b3]} is still b9's" store_cli config push "$LAB_STATE/rest.yaml"
	edit config push "$LAB_STATE/rest.yaml" --force
	edit config push "$LAB_STATE/before.yaml"
}

epoch_is() { sed "s/^cookie-epoch: .*/cookie-epoch: $1/" "$LAB_STATE/before.yaml" >"$LAB_STATE/epoch.yaml"; }

epochs_rest() {
	epoch_is 1
	edit config push "$LAB_STATE/epoch.yaml"
	epoch_is 2
	refused_with "cookie-epoch: 2 would end 0, which rests until 20" \
		store_cli config push "$LAB_STATE/epoch.yaml"
	store_cli config pull | grep -A1 "^resting-epochs:" | grep " 0:"
	# A gateway that is asked hears from all agents that nobody carries it.
	wait_for "g1 to know" 10 nobody_carries g1 0
	edit config push "$LAB_STATE/epoch.yaml" --socket "$(socket_of g1)"
}

nobody_carries() { holdfast "$1" rests --json | jq -e ".carried[$2] == false"; }

# From the command's beginning until all five nodes have taken it.
is_fast() {
	local began

	began=$(now_us)
	edit service set web backends.b2.weight 5
	echo "# $((($(now_us) - began) / 1000)) ms from the command's beginning until five nodes had it" >&3
}

# Each new revision has the entries written anew, for longer than they live without being renewed.
many_edits() {
	local i=0 until before

	before=$(leases)
	until=$(($(now_us) + 18000000))
	while (($(now_us) < until)); do
		i=$((i + 1))
		store_cli service set web backends.b2.weight $((i % 2 + 5)) >/dev/null
	done
	echo "# $i edits in 18 s" >&3
	all_have "$(store_revision)" "${NODES[@]}"
	is "b1 b2 b3 g1 g2" nodes_known
	is "$before" leases
	edit service set web backends.b2.weight 5
}

# As text: they are larger than what jq tells apart.
leases() { ctl get /holdfast/nodes/ --prefix --write-out json | grep -o '"lease":[0-9]*' | sort; }

nodes_known() { store_cli nodes --json | jq -r '[.[] | .node] | sort | join(" ")'; }

# refused_with TEXT COMMAND...: it fails, says that, and the revision stays.
refused_with() {
	local text=$1 before output
	shift

	before=$(store_revision)
	if output=$("$@" 2>&1); then
		echo "$*: succeeded: $output"
		return 1
	fi
	echo "$output"
	[[ $output == *"$text"* ]]
	is "$before" store_revision
}

# Ten at once set ten values: each is either told or was the last one at some time.
ten_at_once() {
	local i won=() status
	local -A tries=()

	for i in {1..10}; do
		store_cli service set web backends.b3.weight "$i" >"$LAB_STATE/edit.$i" 2>&1 &
		tries[$i]=$!
	done
	for i in {1..10}; do
		status=0
		wait "${tries[$i]}" || status=$?
		if ((status == 0)); then
			won+=("$i")
		else
			grep -q "somebody else has just changed it" "$LAB_STATE/edit.$i"
		fi
	done
	echo "# won: ${won[*]}" >&3
	((${#won[@]} > 0))
	all_have "$(store_revision)" "${NODES[@]}"
	[[ " ${won[*]} " == *" $(weight_of g1 web b3) "* ]]
	is "$(weight_of g1 web b3)" weight_of g2 web b3
}

# Those that touch different objects all win.
four_different_at_once() {
	local -a pids=()
	local pid service

	for service in web dns web-plain dns-plain; do
		store_cli service set "$service" max-backends 32 >"$LAB_STATE/edit.$service" 2>&1 &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	is 4 eval "store_cli config pull | grep -c 'max-backends: 32'"
}

stale_push() {
	local before

	store_cli config pull >"$LAB_STATE/mine.yaml"
	before=$(store_revision)
	edit service set dns backends.b2.weight 7
	refused_with "is of revision" store_cli config push "$LAB_STATE/mine.yaml" --revision "$before"
}

a_new_service() {
	edit service add web2 "{vips: [198.51.100.99], protocol: tcp, ports: 80, backends: {b1: {}, b2: {}}}"
	wait_for "the VIP on the fabric" 10 has_next_hops "$FABRIC" 198.51.100.99 2
	wait_for "an answer" 10 on "$CLIENT" curl -sf --max-time 1 http://198.51.100.99/
	edit service remove web2 --socket "$(socket_of g1)"
	wait_for "the VIP to go" 10 has_next_hops "$FABRIC" 198.51.100.99 0
}

# A key by hand, around the command line.
by_hand() {
	ctl put /holdfast/config/services/web "$(printf 'vips: nonsense\nbogus: 1\n')"
	wait_for "g1 to say what is wrong" 5 grep -q "services/web:2: services.web.bogus: unknown key" "$(log_of g1 gateway)"
	wait_for "g2 to say what is wrong" 5 grep -q "services/web:1: services.web.vips" "$(log_of g2 gateway)"
	grep -q "not taken over, the former configuration goes on" "$(log_of g1 gateway)"
	get web 4
	store_cli config push "$LAB_STATE/mine.yaml"
	all_have "$(store_revision)" "${NODES[@]}"
}

pulled_is_pushed() {
	store_cli config pull >"$LAB_STATE/pulled.yaml"
	is "nothing changes, revision $(store_revision) stays" store_cli config push "$LAB_STATE/pulled.yaml"
	check_local
}

# sees GATEWAY EXPRESSION: of its entry in the store.
sees() { store_cli nodes --json | jq -e --arg node "$1" ".[] | select(.node == \$node) | $2"; }

both_see() { sees g1 "$1" && sees g2 "$1"; }

generation_of() { store_cli nodes --json | jq -r --arg node "$1" '.[] | select(.node == $node) | .generation'; }
agree() { is "$(generation_of g1)" generation_of g2; }

all_is_open() {
	wait_for "both gateways to see all open" 20 both_see '.open == .members and .served == .services'
	wait_for "both to have the same generation" 10 agree
	is "$(holdfast g1 status --json | jq .generation)" eval 'printf "%d\n" "0x$(generation_of g1)"'
	fails eval 'store_cli nodes | grep -E "not open|other rows"'
	store_cli nodes | sed 's/^/# /' >&3
}

death_is_seen() {
	local before

	before=$(generation_of g1)
	kill -KILL -- "-$(pid_of b1 nginx)"
	wait_for "both gateways to see b1 closed" 20 both_see '.closed | contains("web/b1")'
	wait_for "both to have the same generation" 10 agree
	fails is "$before" generation_of g1
	store_cli nodes | grep -E "^g2: not open: .*web/b1"
	rm -f "$LAB_STATE/b1/nginx/upload.sock"
	nginx_on b1
	wait_for "the former generation to be back" 30 is "$before" generation_of g1
}

exec 3>&1
# The watch's own connection alone, as a firewall forgets those on which nothing is said: what g1 asks goes on.
watch_forgotten() {
	local -a ports

	wait_for "g1's watch to be silent" 30 watch_is_silent g1
	mapfile -t ports < <(etcd_ports_of g1 15000)
	forget g1 "${ports[@]}"
	store_cli service set web max-backends 99 >/dev/null
	wait_for "g1 to hear of it" 25 has_revision g1 "$(store_revision)"
	remember_all
	wait_for "g1 to have the store" 10 is true store_field g1 .reachable
}

watch_is_silent() { etcd_ports_of "$1" 15000 | grep .; }

lab_open anycast
topology_up --without holdfast
etcd_on "$FABRIC" "[$(fabric_address g1)]"
mv "$LAB_STATE/holdfast.yaml" "$LAB_STATE/fleet.yaml"
store_file >"$LAB_STATE/holdfast.yaml"
NODES=("${GATEWAYS[@]}" "${AGENT_BACKENDS[@]}")

it "an empty store has no configuration, and says so" empty_store_says_so
it "a file becomes the fleet's configuration" store_cli config push "$LAB_STATE/fleet.yaml"
agents "${AGENT_BACKENDS[@]}"
gateways "${GATEWAYS[@]}"
vips_are_announced 2
it "gateways and agents have it" all_have "$(store_revision)" "${NODES[@]}"
it "clients are served (IPv4)" get web 4
it "clients are served (IPv6)" get web 6
it "all nodes are known to live" wait_for "five nodes" 10 is "b1 b2 b3 g1 g2" nodes_known

it "what every node sees is read from the store alone, and the gateways agree" all_is_open
it "a backend's death is seen there, and its return" death_is_seen

it "a drained backend is closed on both gateways" drained_everywhere
it "and opened again" opened_again
it "a drained gateway withdraws its VIPs, and announces them again" gateway_drained_and_back
it "a weight is set everywhere" is_fast
it "on g1" is 5 weight_of g1 web b2
it "on g2" is 5 weight_of g2 web b2
it "edits one after the other end nobody's lease" many_edits
it "a new service is announced and served, and goes again" a_new_service
it "a backend is removed when its last connection is over, and not before" removed_when_it_is_empty
it "a removed backend's id rests, and a new one gets another" removed_id_rests
it "the same by a file, and who had it has it again" pushed_id_rests
it "when it has rested it is free, and --force does not wait" rested_id_is_free
it "an epoch of keys is not ended while it rests" epochs_rest
it "what is wrong is refused with its place" refused_with "services.web.ports: 99999 is out of range" \
	store_cli service set web ports 99999
it "so is a backend that is not there" refused_with "backends: there is no b9" store_cli backend drain b9
it "of ten changes of one value at once, those that lost are told" ten_at_once
it "changes of different objects at once are all made" four_different_at_once
it "who pushes what he has looked at before a change is told" stale_push
it "a watch whose connection is forgotten is another, and hears of an edit" watch_forgotten
it "nonsense put there by hand is refused with its place" by_hand
it "what is pulled is what was pushed" pulled_is_pushed
it "clients are served still (IPv4)" get web 4
tests_end
