# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# A resolver that caches, as clients use one: unbound, at ::1 of the node.

# unbound_on NODE SERVER: `example.` is asked at that server.
unbound_on() {
	local node=$1 home="$LAB_STATE/$1/unbound"

	mkdir -p "$home"
	cat >"$home/unbound.conf" <<-END
		server:
			username: ""
			chroot: ""
			directory: "$home"
			pidfile: "$home/unbound.pid"
			use-syslog: no
			do-daemonize: no
			num-threads: 1
			interface: ::1
			module-config: "iterator"
			local-zone: "example." transparent
		remote-control:
			control-enable: no
		stub-zone:
			name: "example."
			stub-addr: $2
	END
	start "$node" unbound unbound -d -c "$home/unbound.conf"
	wait_ready "$node" unbound "unbound's answer" 10 on "$node" kdig +short +timeout=1 @::1 whoami.example TXT
}
