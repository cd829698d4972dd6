# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# A name server, authoritative for `example.`, that says which backend it is (whoami.example TXT,
# and CH TXT id.server) and counts its queries exactly.

# nsd_on NODE ADDRESS...: bound to these addresses, whether the node has them yet or not; so that
# an answer's source is the address that was asked.
nsd_on() {
	local node=$1 home="$LAB_STATE/$1/nsd"
	shift

	mkdir -p "$home"
	cat >"$home/example.zone" <<-END
		\$ORIGIN example.
		\$TTL 60
		@	SOA	ns hostmaster 1 3600 600 86400 60
		@	NS	ns
		ns	AAAA	2001:db8:100::80
		www	A	198.51.100.80
		www	AAAA	2001:db8:100::80
		whoami	TXT	"$node"
	END
	cat >"$home/nsd.conf" <<-END
		server:
			username: ""
			zonesdir: "$home"
			zonelistfile: "$home/zone.list"
			xfrdfile: "$home/xfrd.state"
			xfrdir: "$home"
			pidfile: "$home/nsd.pid"
			database: ""
			server-count: 1
			identity: "$node"
			ip-transparent: yes
			$(printf 'ip-address: %s\n' "$@")
		remote-control:
			control-enable: yes
			control-interface: "$home/nsd.ctl"
		zone:
			name: "example."
			zonefile: "example.zone"
	END
	start "$node" nsd nsd -d -c "$home/nsd.conf"
	wait_ready "$node" nsd "NSD's answer" 10 nsd_control "$node" status
}

# nsd_says NODE NAME TYPE TTL DATA: from now on, in place of what it said of that name.
nsd_says() {
	local zone="$LAB_STATE/$1/nsd/example.zone"

	awk -v name="$2" '$2 == "SOA" { $5++ } $1 != name' "$zone" >"$zone.new"
	echo "$2 $4 IN $3 $5" >>"$zone.new"
	mv "$zone.new" "$zone"
	nsd_control "$1" reload >/dev/null
}

nsd_control() { nsd-control -c "$LAB_STATE/$1/nsd/nsd.conf" "${@:2}"; }

# nsd_queries NODE: "V4 V6", the queries by UDP since it started.
nsd_queries() {
	nsd_control "$1" stats_noreset |
		awk -F= '$1 == "num.udp" { v4 = $2 } $1 == "num.udp6" { v6 = $2 } END { print v4 + 0, v6 + 0 }'
}
