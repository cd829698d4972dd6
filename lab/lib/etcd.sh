# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034
#
# etcd on a node, and a fleet that has its configuration there.
#
#	etcd_on fabric 10.72.1.1	one member, plain HTTP; with ETCD_TLS=1 HTTPS with certificates on both
#				sides: LAB_STATE/tls has ca.pem, and etcd and node, each .pem and .key
#	members_on fabric 10.72.1.1	three members, plain HTTP; each by its number: member_stop 2 KILL, member_start 2
#	store_of fabric			from now on nodes' files name it as their store
#	store_push FILE			makes FILE the fleet's configuration

ETCD_ADDRESS='' ETCD_NODE=''
ETCD_OPTIONS=() # more of them
ETCD_TLS=''

# etcd_on NODE ADDRESS: a member with a data folder of its own, which outlives it.
etcd_on() {
	ETCD_NODE=$1 ETCD_ADDRESS=$2
	etcd_start
}

etcd_url() { echo "http${ETCD_TLS:+s}://$ETCD_ADDRESS:2379"; }
etcd_home() { echo "$LAB_STATE/$ETCD_NODE/etcd"; }

etcd_start() {
	local home peer="http://127.0.0.1:2380"
	local -a tls=()

	home=$(etcd_home)
	mkdir -p "$home"
	chmod 700 "$home"
	[[ -z $ETCD_TLS ]] || tls=(--cert-file "$LAB_STATE/tls/etcd.pem" --key-file "$LAB_STATE/tls/etcd.key"
		--client-cert-auth --trusted-ca-file "$LAB_STATE/tls/ca.pem")
	start "$ETCD_NODE" etcd etcd --name lab --data-dir "$home/data" --logger zap --log-level warn \
		--listen-client-urls "$(etcd_url)" --advertise-client-urls "$(etcd_url)" \
		--listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" \
		--initial-cluster "lab=$peer" "${tls[@]}" "${ETCD_OPTIONS[@]}"
	wait_ready "$ETCD_NODE" etcd "etcd to serve" 20 etcd_serves
}

# Whatever its certificate is: a version is told to everybody.
etcd_serves() {
	local -a tls=()

	[[ -z $ETCD_TLS ]] || tls=(--cert "$LAB_STATE/tls/node.pem" --key "$LAB_STATE/tls/node.key")
	on "$ETCD_NODE" curl -sfk --max-time 2 "${tls[@]}" "$(etcd_url)/version"
}

# Several members

MEMBERS_OF_ETCD=() # their numbers; none: there is one, and it has no number

# members_on NODE ADDRESS: at ports 2379, 2479, 2579.
members_on() {
	local i

	ETCD_NODE=$1 ETCD_ADDRESS=$2
	MEMBERS_OF_ETCD=(1 2 3)
	for i in "${MEMBERS_OF_ETCD[@]}"; do
		member_begin "$i"
	done
	for i in "${MEMBERS_OF_ETCD[@]}"; do
		wait_ready "$ETCD_NODE" "etcd$i" "member $i to serve" 20 member_serves "$i"
	done
}

member_port() { echo $((2279 + 100 * $1)); }
member_url() { echo "http://$ETCD_ADDRESS:$(member_port "$1")"; }
member_peer() { echo "http://127.0.0.1:$(($(member_port "$1") + 1))"; }

member_begin() {
	local i cluster=()

	for i in "${MEMBERS_OF_ETCD[@]}"; do
		cluster+=("m$i=$(member_peer "$i")")
	done
	mkdir -p "$(etcd_home)"
	chmod 700 "$(etcd_home)"
	start "$ETCD_NODE" "etcd$1" etcd --name "m$1" --data-dir "$(etcd_home)/data$1" --logger zap --log-level warn \
		--listen-client-urls "$(member_url "$1")" --advertise-client-urls "$(member_url "$1")" \
		--listen-peer-urls "$(member_peer "$1")" --initial-advertise-peer-urls "$(member_peer "$1")" \
		--initial-cluster "$(IFS=, && echo "${cluster[*]}")" \
		--pre-vote # as etcd 3.5 does by itself: who lacks entries, or comes back, does not hold up elections
}

member_start() {
	member_begin "$1"
	wait_ready "$ETCD_NODE" "etcd$1" "member $1 to serve" 20 member_serves "$1"
}

member_stop() { stop "$ETCD_NODE" "etcd$1" "${2:-KILL}"; }
member_serves() { on "$ETCD_NODE" curl -sf --max-time 2 "$(member_url "$1")/health" | grep '"true"'; }

# leader: its number.
leader() {
	local i

	for i in "${MEMBERS_OF_ETCD[@]}"; do
		running "$ETCD_NODE" "etcd$i" || continue
		on "$ETCD_NODE" curl -sf --max-time 1 -X POST -d '{}' "$(member_url "$i")/v3/maintenance/status" |
			jq -e '.leader == .header.member_id' >/dev/null || continue
		echo "$i"
		return
	done
	return 1
}

store_urls() {
	local i

	((${#MEMBERS_OF_ETCD[@]})) || etcd_url
	for i in "${MEMBERS_OF_ETCD[@]}"; do
		member_url "$i"
	done
}

etcd_stop() { stop "$ETCD_NODE" etcd "${1:-KILL}"; }

# ctl ARGUMENTS...: etcdctl. CTL_USER=user:password where there is authentication.
ctl() {
	local -a options=(--endpoints "$(store_urls | paste -sd,)")

	[[ -z $ETCD_TLS ]] || options+=(--cacert "$LAB_STATE/tls/ca.pem"
		--cert "$LAB_STATE/tls/node.pem" --key "$LAB_STATE/tls/node.key")
	[[ -z ${CTL_USER:-} ]] || options+=(--user "$CTL_USER")
	on "$ETCD_NODE" env ETCDCTL_API=3 etcdctl "${options[@]}" "$@"
}

# store_file [MORE...]: what the nodes' files say then.
store_file() {
	echo "store: etcd"
	echo "etcd:"
	echo "  endpoints: [$(store_urls | sed 's/.*/"&"/' | paste -sd,)]"
	[[ -z $ETCD_TLS ]] || printf '  %s\n' "ca: tls/ca.pem" "certificate: tls/node.pem" "key: tls/node.key"
	printf '  %s\n' "$@"
}

# store_cli ARGUMENTS...: holdfast, where etcd is, with a file that names it.
store_cli() {
	on "$ETCD_NODE" timeout 40 "$LAB_BUILD/cli/holdfast" "$@" --config "$LAB_STATE/holdfast.yaml"
}

# store_field NODE EXPRESSION: of its status.
store_field() { holdfast "$1" status --json | jq -r ".store$2"; }

# has_revision NODE REVISION
has_revision() { [[ $(store_field "$1" .revision) == "$2" ]]; }

is_reachable() { [[ $(store_field "$1" .reachable) == "$2" ]]; }

# all_have REVISION NODE...: that revision is taken.
all_have() {
	local revision=$1 node
	shift

	for node; do
		wait_for "$node to take revision $revision" 10 has_revision "$node" "$revision"
	done
}

# store_revision: of the configuration in etcd.
store_revision() { store_cli config pull | sed -n '1s/.*revision //p'; }

# etcd_ports_of NODE [SILENT_MS]: its ends of connections to etcd, on which it has sent nothing for so long.
etcd_ports_of() {
	on "$1" ss -HtniO state established "dport = :2379" | awk -v silent_ms="${2:-0}" '{
		n = split($3, address, ":")
		since_ms = match($0, /lastsnd:[0-9]+/) ? substr($0, RSTART + 8, RLENGTH - 8) + 0 : 0
		if (since_ms >= silent_ms)
			print address[n]
	}'
}

# forget NODE PORT...: what etcd sends there is lost, as if something between did not know the connection any more.
forget() {
	local address port

	address=$(link_address "$1")
	shift
	(($#)) || return
	for port; do
		ip_on "$ETCD_NODE" -6 rule add pref 50 to "$address" ipproto tcp sport 2379 dport "$port" blackhole
	done
}

remember_all() {
	while ip_on "$ETCD_NODE" -6 rule del pref 50 2>/dev/null; do
		:
	done
}
