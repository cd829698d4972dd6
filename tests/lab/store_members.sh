#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A store of three members: its leader dies while three people edit and every node watches, falls silent, and
# two of three die. Daemons and command line go on with another member, no edit is lost or made twice,
# and no connection notices.
# Takes up to 400 s.
# Topology: lab/topologies/churn.sh, with three members of etcd on the fabric's node.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

COUNT=25 # connections of each cell
EDITS=12 # of each of three editors, in each round
ROUND=0

# Edits: each adds backends of its own, which nothing uses, one after the other.

# edits EDITOR: a line for each that was made, for there may be more to make when one was not.
edits() {
	local i name number

	for ((i = 1; i <= EDITS; i++)); do
		name=spare-$ROUND-$1-$i number=$((1000 + 300 * ROUND + 100 * $1 + i))
		store_cli backend add "$name" \
			"{id: $number, locator: \"fd48:6f6c:0:$(printf %x "$((0x2000 + number))")::/64\", interfaces: [eth0]}" ||
			continue
		echo "$name" >>"$LAB_STATE/made.$1"
	done
}

edits_begin() {
	local editor

	ROUND=$((ROUND + 1)) EDITORS=()
	VERSION=$(manifest_version)
	rm -f "$LAB_STATE"/made.*
	for editor in 1 2 3; do
		: >"$LAB_STATE/made.$editor"
		edits "$editor" {LAB_LOCK}>&- >>"$(editors_log)" 2>&1 &
		EDITORS+=($!)
	done
}

# What they were told in this round.
editors_log() { echo "$LAB_STATE/log/editors-$ROUND.log"; }

have_made() { (($(cat "$LAB_STATE"/made.* | wc -l) >= $1)); }

# Every edit that was told to be made is there, and the manifest was written once for each.
edits_end() {
	wait "${EDITORS[@]}"
	grep -v '^revision ' "$(editors_log)" || true
	is $((3 * EDITS)) eval 'cat "$LAB_STATE"/made.* | wc -l'
	store_cli config pull >"$LAB_STATE/pulled"
	is $((3 * EDITS)) grep -c "^  spare-$ROUND-.*:" "$LAB_STATE/pulled"
	is $((VERSION + 3 * EDITS)) manifest_version
	all_have "$(store_revision)" "${NODES[@]}"
}

# How often the manifest was written, ever.
manifest_version() { ctl get /holdfast/config/manifest --write-out json | jq '.kvs[0].version'; }

nobody_lost_it() {
	local node

	for node in "${NODES[@]}"; do
		fails says "$node" "cannot be reached"
		is true store_field "$node" .reachable
	done
}

# Faults

# The leader is a member that some nodes ask, g1 among them.
leader_dies_in_the_middle() {
	local victim node askers=()

	victim=$(member_of "$(store_field g1 .endpoint)")
	for node in "${NODES[@]}"; do
		[[ $(store_field "$node" .endpoint) != "$(member_url "$victim")" ]] || askers+=("$node")
	done
	lead "$victim"
	mark_logs "${NODES[@]}"
	edits_begin
	wait_for "some edits" 20 have_made 6
	member_stop "$victim" KILL
	edits_end
	nobody_lost_it
	for node in "${askers[@]}"; do
		wait_for "$node to ask another member" 10 says "$node" "is asked from now on, since "
		fails is "$(member_url "$victim")" store_field "$node" .endpoint
	done
}

member_of() {
	local i

	for i in "${MEMBERS_OF_ETCD[@]}"; do
		[[ $(member_url "$i") != "$1" ]] || echo "$i"
	done
}

# lead MEMBER: makes it the leader.
lead() {
	local id now

	now=$(leader)
	[[ $now != "$1" ]] || return 0
	id=$(on "$ETCD_NODE" curl -sf -X POST -d '{}' "$(member_url "$1")/v3/maintenance/status" | jq -r .header.member_id)
	on "$ETCD_NODE" env ETCDCTL_API=3 etcdctl --endpoints "$(member_url "$now")" move-leader "$(printf %x "$id")"
	wait_for "member $1 to lead" 10 is "$1" leader
}

# The answer to its transaction is lost: the command line asks another member the same, and finds that it is done.
answer_is_lost() {
	VERSION=$(manifest_version)
	add_by_proxy 2300 spare-lost 999
	is $((VERSION + 1)) manifest_version
}

# Before it asks another member, somebody else has gone on from what it has written.
answer_is_lost_and_somebody_goes_on() {
	VERSION=$(manifest_version)
	add_by_proxy 2301 spare-late 998 "$LAB_BUILD/cli/holdfast" backend add spare-later \
		--config "$LAB_STATE/holdfast.yaml" '{id: 997, locator: "fd48:6f6c:0:2997::/64", interfaces: [eth0]}'
	is $((VERSION + 2)) manifest_version
	(($(revision_of backends/spare-late) < $(revision_of backends/spare-later)))
}

# add_by_proxy PORT NAME ID [MEANWHILE...]: adds a backend; at its first endpoint the answer is lost.
add_by_proxy() {
	local port=$1 name=$2 id=$3
	shift 3

	start "$ETCD_NODE" "proxy-$port" python3 "$LAB_STATE/proxy.py" "$ETCD_ADDRESS" "$port" "$(member_url 1)" "$@"
	sed "s|endpoints: .*|endpoints: [\"http://$ETCD_ADDRESS:$port\", \"$(member_url 2)\"]|" "$LAB_STATE/holdfast.yaml" \
		>"$LAB_STATE/lossy.yaml"
	wait_for "the proxy" 10 on "$ETCD_NODE" bash -c "</dev/tcp/${ETCD_ADDRESS//[\[\]]/}/$port"
	on "$ETCD_NODE" timeout 40 "$LAB_BUILD/cli/holdfast" backend add "$name" --config "$LAB_STATE/lossy.yaml" \
		"{id: $id, locator: \"fd48:6f6c:0:2$id::/64\", interfaces: [eth0]}" | tee "$LAB_STATE/told"
	grep "^revision $(revision_of "backends/$name"): backends/$name written" "$LAB_STATE/told"
	grep "lost" "$(log_of "$ETCD_NODE" "proxy-$port")"
}

# revision_of KEY: that wrote it.
revision_of() { ctl get "/holdfast/config/$1" --write-out json | jq '.kvs[0].mod_revision'; }

# An endpoint that hands on to a member, and ends the connection when a transaction is answered, once a command has run.
lossy_proxy() {
	cat >"$LAB_STATE/proxy.py" <<-'END'
		import http.server, socket, subprocess, sys, urllib.request
		class Server(http.server.ThreadingHTTPServer):
		    address_family = socket.AF_INET6
		class Proxy(http.server.BaseHTTPRequestHandler):
		    def do_POST(self):
		        body = self.rfile.read(int(self.headers["Content-Length"]))
		        answer = urllib.request.urlopen(sys.argv[3] + self.path, body).read()
		        if self.path == "/v3/kv/txn":
		            subprocess.run(sys.argv[4:] or ["true"], check=True)
		            print("lost", flush=True)
		            self.close_connection = True
		            return
		        self.send_response(200)
		        self.send_header("Content-Length", str(len(answer)))
		        self.end_headers()
		        self.wfile.write(answer)
		Server((sys.argv[1].strip("[]"), int(sys.argv[2])), Proxy).serve_forever()
	END
}

asks_another() { [[ $(store_field "$1" .endpoint) != "$(member_url "$2")" ]]; }

# It accepts connections, since its kernel does, and answers nothing.
leader_falls_silent() {
	local victim silent_us

	victim=$(member_of "$(store_field g1 .endpoint)")
	lead "$victim"
	mark_logs "${NODES[@]}"
	edits_begin
	wait_for "some edits" 20 have_made 6
	signal "$ETCD_NODE" "etcd$victim" STOP
	silent_us=$(now_us)
	wait_for "g1 to ask another member" 12 asks_another g1 "$victim"
	echo "# g1 asked another member after $((($(now_us) - silent_us) / 1000)) ms" >&3
	edits_end
	nobody_lost_it
}

# Those that died or were silent are back, also when the test before has ended in the middle.
all_serve() {
	local i

	for i in "${MEMBERS_OF_ETCD[@]}"; do
		if running "$ETCD_NODE" "etcd$i"; then
			signal "$ETCD_NODE" "etcd$i" CONT
		else
			member_begin "$i"
		fi
	done
	for i in "${MEMBERS_OF_ETCD[@]}"; do
		wait_ready "$ETCD_NODE" "etcd$i" "member $i to serve" 20 member_serves "$i"
	done
}

# What is left has no majority, says so, and is no store.
two_of_three_die() {
	local before

	before=$(store_field g1 .revision)
	mark_logs "${NODES[@]}"
	member_stop 1 KILL
	member_stop 3 KILL
	say_once "cannot be reached, the state of revision $before goes on" "${NODES[@]}"
	fails store_cli config pull
	member_start 1
	say_once "answers again" "${NODES[@]}"
	edits_begin
	edits_end
}

# The first of the list is dead when a node begins, and when somebody edits.
begins_with_a_dead_member() {
	local before

	before=$(store_field g2 .revision)
	member_stop 1 KILL
	stop g2 gateway TERM
	mark_logs "${NODES[@]}"
	start_holdfast gateway g2
	is true store_field g2 .reachable
	is "$before" store_field g2 .revision
	fails says g2 "cannot be reached"
	store_cli backend drain b3
	all_have "$(store_revision)" "${NODES[@]}"
	store_cli backend undrain b3
	all_have "$(store_revision)" "${NODES[@]}"
	store_cli nodes | grep -E "^g2 +gateway"
}

# Load is written when it has changed by much, and not often.
entries_tell() {
	store_cli nodes --json | jq -e --argjson all $((4 * COUNT)) '
		all(.[] | select(.role == "gateway"); .connections == $all) and
		([.[] | select(.role == "agent") | .connections] | add) == $all'
}

exec 3>&1
lab_open churn
topology_up --without holdfast
NODES=("${GATEWAYS[@]}" "${AGENT_BACKENDS[@]}")
members_on "$FABRIC" "[$(fabric_address g1)]"
mv "$LAB_STATE/holdfast.yaml" "$LAB_STATE/fleet.yaml"
store_file >"$LAB_STATE/holdfast.yaml"

it "the fleet's configuration is written" store_cli config push "$LAB_STATE/fleet.yaml"
agents "${AGENT_BACKENDS[@]}"
gateways "${GATEWAYS[@]}"
vips_are_announced 2
cells_open "$COUNT"

survives "the leader dies while three people edit, and no edit is lost or made twice" 0 leader_dies_in_the_middle
it "... and is back" all_serve
ROUND=1
survives "the next leader dies, too" 0 leader_dies_in_the_middle
it "... and is back" all_serve
ROUND=2
survives "a leader falls silent while three people edit" 0 leader_falls_silent
it "... and is back" all_serve
ROUND=3
survives "two of three members die, and one comes back" 0 two_of_three_die
it "... and the other" all_serve
survives "a node begins, and somebody edits, when the first member is dead" 0 begins_with_a_dead_member
it "... and is back" all_serve
it "each gateway's entry tells of all connections, and the agents' of their own" \
	wait_for "the entries to tell of $((4 * COUNT))" 60 entries_tell
lossy_proxy
it "an answer that is lost is no edit that is lost, or made twice" answer_is_lost
it "... nor when somebody else has gone on from it" answer_is_lost_and_somebody_goes_on
it "none broke in all that" none_broken "${CELLS[@]}"
tests_end
