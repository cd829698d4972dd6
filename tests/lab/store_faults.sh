#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Whatever becomes of etcd, forwarding goes on with the last state, under living connections: frozen,
# killed, emptied, half erased, put back to a snapshot, partitioned, forgotten by what is between, full, with an expired certificate, with a wrong password. Each
# node says so in one line, and in another when it is over.
# Takes up to 600 s.
# Topology: lab/topologies/churn.sh, with etcd (TLS, authentication) on the fabric's node.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

COUNT=50 # connections of each cell

all_are_reachable() {
	local node

	for node in "${NODES[@]}"; do
		wait_for "$node to have the store: $1" 20 is_reachable "$node" "$1"
	done
}

goes_and_comes() {
	all_are_reachable true
	say_once "answers again" "${NODES[@]}"
}

# admin ARGUMENTS...: changes are made by the root of etcd.
admin() {
	on "$ETCD_NODE" timeout 20 "$LAB_BUILD/cli/holdfast" "$@" --config "$LAB_STATE/admin.yaml"
}

# A change reaches everybody, so they do follow.
followed() {
	admin service set live max-backends "$1" >/dev/null
	all_have "$(admin config pull | sed -n '1s/.*revision //p')" "${NODES[@]}"
}

# Faults

frozen() {
	local before

	mark_logs "${NODES[@]}"
	signal "$ETCD_NODE" etcd STOP
	all_are_reachable false
	say_once "cannot be reached, the state of revision .* goes on: .*no answer" "${NODES[@]}"
	holdfast g1 status | grep -E "^store: unreachable for [0-9]+ s, state of revision"
	before=$(store_field g1 .revision)
	stop g2 gateway TERM
	start_holdfast gateway g2 # waits for 3 s, and begins
	is "$before" store_field g2 .revision
	signal "$ETCD_NODE" etcd CONT
	goes_and_comes
	followed 65
}

# A gateway and an agent that begin meanwhile have their last state.
killed() {
	local before

	before=$(store_field g1 .revision)
	mark_logs "${NODES[@]}"
	etcd_stop KILL
	all_are_reachable false
	say_once "cannot be reached, the state of revision $before goes on" "${NODES[@]}"
	stop g1 gateway TERM
	stop b1 agent TERM
	start_holdfast gateway g1
	start_holdfast agent b1
	is "$before" store_field g1 .revision
	is "$before" store_field b1 .revision
	etcd_start
	all_are_reachable true
	followed 66
}

emptied() {
	local before home

	home=$(etcd_home)
	before=$(store_field g1 .revision)
	mark_logs "${NODES[@]}"
	etcd_stop KILL
	mv "$home/data" "$home/kept"
	etcd_start
	all_are_reachable true
	say_once "refused, it has no configuration, the state of revision $before goes on" "${NODES[@]}"
	holdfast g1 status | grep "its own is refused: it has no configuration"
	is "$before" store_field g1 .revision
	etcd_stop KILL
	rm -rf "$home/data"
	mv "$home/kept" "$home/data"
	etcd_start
	all_are_reachable true
	followed 67
}

half_erased() {
	mark_logs "${NODES[@]}"
	CTL_USER=root:root ctl del /holdfast/config/backends/b2
	say_once "refused, it has .* objects, and .* by its manifest" "${NODES[@]}"
	is true holdfast_knows g1 b2
	admin config push "$LAB_STATE/fleet.yaml" >/dev/null
	followed 68
}

holdfast_knows() { holdfast "$1" status --json | jq "[.services[].backends[].name] | any(. == \"$2\")"; }

# An operator restores a copy of the data folder that has the configuration as it is, but fewer revisions: g1 has read
# at a later one, and the next edit's is below that.
put_back() {
	local home i

	home=$(etcd_home)
	etcd_stop TERM
	cp -a "$home/data" "$home/snapshot"
	etcd_start
	all_are_reachable true
	for i in {1..60}; do
		CTL_USER=root:root ctl put /elsewhere "$i" >/dev/null
	done
	stop g1 gateway TERM
	start_holdfast gateway g1
	is true store_field g1 .reachable
	mark_logs g1
	etcd_stop KILL
	rm -rf "$home/data"
	mv "$home/snapshot" "$home/data"
	etcd_start
	say_once "answers again" g1
	all_are_reachable true
	followed 72
}

# Those that g1 has now, as when a firewall's successor does not know them: new ones pass. Over TLS all that it asks
# and the watch are one connection (HTTP/2), which outlives a question that times out.
connections_forgotten() {
	local -a ports

	mark_logs g1
	mapfile -t ports < <(etcd_ports_of g1)
	forget g1 "${ports[@]}"
	admin service set live max-backends 73 >/dev/null
	wait_for "g1 to hear of it" 25 has_revision g1 "$(admin config pull | sed -n '1s/.*revision //p')"
	remember_all
	all_are_reachable true
	followed 74
}

with_password() {
	(umask 077 && echo "$1" >"$LAB_STATE/password")
	for node in "${NODES[@]}"; do
		signal "$node" "$(role_of "$node")" HUP
	done
}

wrong_password() {
	mark_logs "${NODES[@]}"
	with_password wrong
	all_are_reachable false
	say_once "cannot be reached, .*authentication failed, invalid user ID or password" "${NODES[@]}"
	with_password node
	all_are_reachable true
	followed 69
}

expired_certificate() {
	mark_logs "${NODES[@]}"
	etcd_stop TERM
	certificate etcd 20200101000000Z 20200102000000Z
	etcd_start
	all_are_reachable false
	say_once "cannot be reached, .* goes on: .*certificate has expired" "${NODES[@]}"
	fails admin config pull 2>"$LAB_STATE/expired"
	grep "certificate has expired" "$LAB_STATE/expired"
	etcd_stop TERM
	certificate etcd
	etcd_start
	goes_and_comes
	followed 70
}

# Who only reads and renews his lease is told, too; one that begins meanwhile reads, but cannot say that it lives.
full() {
	local i revision

	mark_logs "${NODES[@]}"
	etcd_stop TERM
	ETCD_OPTIONS+=(--quota-backend-bytes 2000000)
	etcd_start
	all_are_reachable true
	for i in {1..40}; do
		CTL_USER=root:root ctl put "/waste/$i" "$(head -c 100000 /dev/zero | tr '\0' x)" >/dev/null 2>&1 || break
	done
	CTL_USER=root:root ctl alarm list | grep NOSPACE
	fails admin service set live max-backends 71 2>"$LAB_STATE/full"
	cat "$LAB_STATE/full"
	is 1 eval 'wc -l <"$LAB_STATE/full"'
	grep "etcd is full: compact and defragment it" "$LAB_STATE/full"
	say_once "etcd is full, the configuration is read but not written" "${NODES[@]}"
	holdfast g1 status | grep "read but not written, by its alarm NOSPACE"
	holdfast g1 events | grep " store-alarm "
	stop g2 gateway TERM
	mark_logs "${NODES[@]}"
	start_holdfast gateway g2
	say_once "etcd is full" g2
	is true store_field g2 .reachable
	wait_for "the entry of the former g2 to end" 25 fails lives g2
	CTL_USER=root:root ctl del --prefix /waste/ >/dev/null
	revision=$(CTL_USER=root:root ctl get / --write-out json | jq .header.revision)
	CTL_USER=root:root ctl compact "$revision"
	CTL_USER=root:root ctl defrag
	CTL_USER=root:root ctl alarm disarm
	all_are_reachable true
	say_once "etcd is written again" "${NODES[@]}"
	fails eval 'holdfast g1 status | grep "read but not written"'
	wait_for "g2 to be among those that live" 10 lives g2
	followed 71
}

lives() { admin nodes | grep "^$1 "; }

# g1 does not hear of a drained backend, and g2 does: connections go on through both.
partitioned() {
	local address before

	before=$(store_field g1 .revision)
	address=$(link_address g1)
	mark_logs "${NODES[@]}"
	ip_on "$FABRIC" -6 rule add pref 50 to "$address" ipproto tcp sport 2379 blackhole
	wait_for "g1 to be cut off" 20 is_reachable g1 false
	admin backend drain b3 >/dev/null
	wait_for "g2 to close b3" 5 is_open g2 b3 false
	is true store_field g2 .reachable
	is "$before" store_field g1 .revision
	is_open g1 b3 true
	load_talk "${CELLS[@]}"
	ip_on "$FABRIC" -6 rule del pref 50
	wait_for "g1 to hear of it" 20 is_open g1 b3 false
	admin backend undrain b3 >/dev/null
	wait_for "g1 to open b3" 20 is_open g1 b3 true
	wait_for "g2 to open b3" 20 is_open g2 b3 true
}

is_open() {
	[[ $(holdfast "$1" status --json | jq -r --arg backend "$2" \
		'.services[0].backends[] | select(.name == $backend) | .open') == "$3" ]]
}

# Certificates

authority() {
	local home=$LAB_STATE/tls name

	mkdir -p "$home"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=lab \
		-keyout "$home/ca.key" -out "$home/ca.pem" 2>/dev/null
	for name in etcd node; do
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj / \
			-keyout "$home/$name.key" -out "$home/$name.csr" 2>/dev/null
	done
	cat >"$home/ca.conf" <<-END
		[ca]
		default_ca = lab
		[lab]
		database = $home/index
		new_certs_dir = $home
		rand_serial = yes
		default_md = sha256
		unique_subject = no
		policy = any
		copy_extensions = none
		[any]
		commonName = optional
		[etcd]
		subjectAltName = IP:${ETCD_ADDRESS//[\[\]]/}
		extendedKeyUsage = serverAuth, clientAuth
		[node]
		extendedKeyUsage = clientAuth
	END
	: >"$home/index"
}

# certificate NAME [FROM TO]: etcd's or the nodes', of today or of then.
certificate() {
	local home=$LAB_STATE/tls name=$1
	local -a dates=(-days 1)

	(($# == 1)) || dates=(-startdate "$2" -enddate "$3")
	openssl ca -batch -notext -config "$home/ca.conf" -extensions "$name" -cert "$home/ca.pem" \
		-keyfile "$home/ca.key" -subj / "${dates[@]}" -in "$home/$name.csr" -out "$home/$name.pem" 2>/dev/null
}

# Nodes read the configuration and write that they live; root does everything.
authentication() {
	ctl user add root:root
	ctl user grant-role root root
	ctl role add node
	ctl role grant-permission node --prefix=true read /holdfast/config/
	ctl role grant-permission node --prefix=true readwrite /holdfast/nodes/
	ctl user add node:node
	ctl user grant-role node node
	ctl auth enable
}

exec 3>&1
lab_open churn
topology_up --without holdfast
NODES=("${GATEWAYS[@]}" "${AGENT_BACKENDS[@]}")
ETCD_NODE=$FABRIC ETCD_ADDRESS="[$(fabric_address g1)]" ETCD_TLS=1
authority
certificate etcd
certificate node
etcd_start
authentication >/dev/null
mv "$LAB_STATE/holdfast.yaml" "$LAB_STATE/fleet.yaml"
store_file "user: node" "password-file: password" >"$LAB_STATE/holdfast.yaml"
store_file "user: root" "password-file: root" >"$LAB_STATE/admin.yaml"
(umask 077 && echo node >"$LAB_STATE/password" && echo root >"$LAB_STATE/root")

it "the fleet's configuration is written" admin config push "$LAB_STATE/fleet.yaml"
it "what a node may not, it is told" fails on "$FABRIC" "$LAB_BUILD/cli/holdfast" backend drain b1 \
	--config "$LAB_STATE/holdfast.yaml"
agents "${AGENT_BACKENDS[@]}"
gateways "${GATEWAYS[@]}"
vips_are_announced 2
cells_open "$COUNT"

survives "etcd is frozen, and thaws" 0 frozen
survives "etcd is killed, daemons begin without it, and it comes back" 0 killed
survives "etcd is restarted empty, and refused" 0 emptied
survives "a part of the configuration is erased, and the rest refused" 0 half_erased
survives "etcd is put back to a snapshot that has the same configuration" 0 put_back
survives "a gateway's connections are forgotten, and it hears of an edit" 0 connections_forgotten
survives "a gateway is cut off, and the two disagree" 0 partitioned
survives "the nodes' password is wrong" 0 wrong_password
survives "etcd's certificate has expired" 0 expired_certificate
survives "etcd's disk is full" 0 full
it "none broke in all that" none_broken "${CELLS[@]}"
tests_end
