#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Real requests of one client to the same two servers, by four ways, one after the other in each round: the
# kernel's routing alone (the ceiling), Holdfast, HAProxy in TCP mode, and nginx's stream module. And
# packets per second through the gateway's XDP program, beside one that only sends back.
# Topology: lab/topologies/small.sh, with
#
#	client	wrk
#	p1	the proxies, on a VIP each
#	r1	a router that forwards: the same number of hops as Holdfast's gateway is away
#	x1	an XDP program that sends back what it gets
#
# All of them share the machine. So CPU per request is all that was spent, the client's and the servers'
# included, and what a way costs is what it spends above the ceiling.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lab/lib.sh"

WAYS=(routing holdfast haproxy nginx)
CONNECTIONS=64 # of the client, at once
ROUNDS=5 SECONDS_EACH=2 PACKETS=4000000 JSON=/dev/null

while (($#)); do
	case $1 in
	--quick) ROUNDS=2 SECONDS_EACH=1 PACKETS=1000000 ;;
	--json) JSON=$2 && shift ;;
	esac
	shift
done

OUTSIDE=2001:db8:c::2
declare -A ADDRESS=([routing]=2001:db8:100::83 [holdfast]=2001:db8:100::80
	[haproxy]=2001:db8:100::81 [nginx]=2001:db8:100::82)

# Servers that write no log.
server_on() {
	local node=$1 home="$LAB_STATE/$1/server"

	mkdir -p "$home"
	cat >"$home/nginx.conf" <<-END
		$(nginx_process "$home" 4096)
		http {
			$(nginx_folders "$home")
			access_log off;
			keepalive_requests 1000000;
			server {
				listen [::]:80 backlog=4096;
				location / { return 200 "ok\n"; }
			}
		}
	END
	start "$node" server nginx -e stderr -c "$home/nginx.conf"
}

haproxy_on() {
	local home="$LAB_STATE/$1/haproxy"

	mkdir -p "$home"
	cat >"$home/haproxy.cfg" <<-END
		global
			maxconn 8192
			nbthread 1
		defaults
			mode tcp
			timeout connect 5s
			timeout client 30s
			timeout server 30s
		listen web
			bind [${ADDRESS[haproxy]}]:80
			balance roundrobin
			server b1 [$(link_address b1)]:80
			server b2 [$(link_address b2)]:80
	END
	start "$1" haproxy haproxy -db -f "$home/haproxy.cfg"
}

nginx_stream_on() {
	local home="$LAB_STATE/$1/stream"

	mkdir -p "$home"
	cat >"$home/nginx.conf" <<-END
		load_module /usr/lib/nginx/modules/ngx_stream_module.so;
		daemon off;
		user root;
		worker_processes 1;
		pid $home/nginx.pid;
		error_log stderr warn;
		events { worker_connections 8192; }
		stream {
			upstream servers {
				server [$(link_address b1)]:80;
				server [$(link_address b2)]:80;
			}
			server {
				listen [${ADDRESS[nginx]}]:80 backlog=4096;
				proxy_pass servers;
			}
		}
	END
	start "$1" stream nginx -e stderr -c "$home/nginx.conf"
}

# More nodes at the fabric, with addresses of their own.
plain_node() {
	local node=$1

	node "$node"
	link "$FABRIC" "$node"
	address "$FABRIC" "$node" "$(fabric_address "$node")/64"
	address "$node" eth0 "$(link_address "$node")/64"
	ip_on "$node" -6 route add default via "$(fabric_address "$node")"
}

# leads VIP NODE: the fabric sends it there.
leads() { ip_on "$FABRIC" -6 route add "${ADDRESS[$1]}/128" via "$(link_address "$2")"; }

# The router's packets for the servers come back to the fabric, which then knows both.
routing_through() {
	leads routing "$1"
	set_sysctl "$1" net.ipv6.conf.all.forwarding=1
	ip_on "$FABRIC" -6 rule add iif "$1" lookup 100
	ip_on "$FABRIC" -6 route add "${ADDRESS[routing]}/128" table 100 \
		nexthop via "$(link_address b1)" nexthop via "$(link_address b2)"
	set_sysctl "$FABRIC" net.ipv6.fib_multipath_hash_policy=1
	for node in b1 b2; do
		ip_on "$node" address add "${ADDRESS[routing]}/128" dev lo
	done
}

answers() { on client curl -sf -m 2 "http://[${ADDRESS[$1]}]/"; }

# Processor time of the whole machine that was not idle, in ms.
busy_ms() { awk -v hz="$(getconf CLK_TCK)" '/^cpu / { print ($2 + $3 + $4 + $7 + $8) * 1000 / hz }' /proc/stat; }

# ask WAY [WRK OPTION...]: requests per second, and microseconds of the machine's processors for each.
ask() {
	local way=$1 before after
	shift

	before=$(busy_ms)
	on client wrk -t1 "-c$CONNECTIONS" "-d$SECONDS_EACH" "$@" "http://[${ADDRESS[$way]}]/" >"$LAB_STATE/wrk"
	after=$(busy_ms)
	awk -v spent="$(awk "BEGIN { print $after - $before }")" '
		/requests in/ { n = $1 }
		/Requests\/sec/ { rate = $2 }
		/Socket errors|Non-2xx/ { print "wrk: " $0 >"/dev/stderr" }
		END { printf "%.0f %.2f\n", rate, n ? spent * 1000 / n : 0 }' "$LAB_STATE/wrk"
}

measure() {
	local round way

	for ((round = 0; round < ROUNDS; round++)); do
		for way in "${WAYS[@]}"; do
			echo "$way requests $(ask "$way")"
			echo "$way connections $(ask "$way" -H 'Connection: close')"
		done
	done
}

# packets DEV NODE: per second, to the node on the other side of the fabric's link, and back.
packets() {
	on "$FABRIC" "$LAB_BUILD/bench/holdfast-bench-live" "$1" "$PACKETS" \
		"${ADDRESS[holdfast]}" "$(mac_of "$1")"
}
mac_of() { ip_on "$1" -j link show eth0 | jq -r '.[0].address'; }

# Of the packets that the gateway got, these it sent on to servers. Some find the veth's ring full, more of them on a
# machine whose processors are busy; they are in no figure, which is of what came back.
sent_on() { holdfast g1 counters --json | jq '[.counters["picked", "candidates"].packets // 0] | add'; }

measure_packets() {
	local round node sent

	sent=$(sent_on)
	for ((round = 0; round < ROUNDS; round++)); do
		for node in x1 g1; do
			echo "$node packets $(packets "$node") 0"
		done
	done
	sent=$(($(sent_on) - sent))
	((2 * sent >= ROUNDS * PACKETS)) || die "of $((ROUNDS * PACKETS)) packets only $sent went on to servers"
}

# The figures as JSON: medians and quartiles of both, and ratios to the first way.
summary() {
	jq -Rn --argjson connections "$CONNECTIONS" '
		def median: sort | .[(length - 1) / 2 | floor];
		def spread: sort | [.[(length - 1) / 4 | floor], .[(3 * (length - 1)) / 4 | ceil]];
		[inputs | split(" ") | {way: .[0], what: .[1], rate: (.[2] | tonumber), cpu: (.[3] | tonumber)}]
		| group_by(.what) | map(
			(map(select(.way == "routing" or .way == "x1") | .rate) | median) as $ceiling
			| (map(select(.way == "routing" or .way == "x1") | .cpu) | median) as $least
			| group_by(.way) | map({
				way: ({x1: "xdp-tx", g1: "holdfast"}[.[0].way] // .[0].way), what: .[0].what, rounds: length,
				per_second: (map(.rate) | median), spread: (map(.rate) | spread),
				ratio_to_ceiling: ((map(.rate) | median) / $ceiling * 1000 | round / 1000)}
				+ if .[0].what == "packets" then {} else {connections: $connections,
					cpu_us: (map(.cpu) | median), cpu_us_spread: (map(.cpu) | spread),
					cpu_us_above_routing: ((map(.cpu) | median) - $least)} end))
		| add | {traffic: .}' "$@"
}

print_table() {
	jq -r '.traffic | ["what", "way", "per second", "spread", "of the ceiling", "CPU us", "above routing"],
		(sort_by(.what, -.per_second)[] | [.what, .way, .per_second, (.spread | map(tostring) | join("-")),
			.ratio_to_ceiling, .cpu_us // "", (.cpu_us_above_routing // "" | tostring | .[0:6])])
		| @tsv' "$1" | column -t -s $'\t'
}

lab_open small
LINK[client]=21 LINK[p1]=22 LINK[r1]=23 LINK[x1]=24
for program in wrk haproxy; do
	command -v "$program" >/dev/null || die "$program is missing; ./run bench installs what it needs"
done

topology_up
for node in client p1 r1 x1; do
	plain_node "$node"
done
address client eth0 "$OUTSIDE/64"
ip_on client -6 route replace default via "$(fabric_address client)" src "$OUTSIDE"
ip_on "$FABRIC" -6 route add "$OUTSIDE/128" via "$(link_address client)"
set_sysctl client "net.ipv4.ip_local_port_range=1024 65535"
leads holdfast g1
leads haproxy p1
leads nginx p1
for way in haproxy nginx; do
	ip_on p1 address add "${ADDRESS[$way]}/128" dev lo
done
set_sysctl p1 "net.ipv4.ip_local_port_range=1024 65535"
routing_through r1
for node in b1 b2; do
	server_on "$node"
done
haproxy_on p1
nginx_stream_on p1
for way in "${WAYS[@]}"; do
	wait_for "$way to answer" 20 answers "$way"
done

measure >"$LAB_STATE/figures"
feeds_xdp "$FABRIC" x1
on x1 "$LAB_BUILD/bench/holdfast-bench-live" bare eth0
measure_packets >>"$LAB_STATE/figures"
summary "$LAB_STATE/figures" >"$LAB_STATE/traffic.json"
print_table "$LAB_STATE/traffic.json"
cp "$LAB_STATE/traffic.json" "$JSON"
