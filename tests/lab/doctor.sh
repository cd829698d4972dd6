#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# holdfast doctor finds nothing on healthy nodes, and names every fault that is planted here, one after
# another, with the commands that an operator or an accident would use.
# Topology: lab/topologies/small.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

# The doctor of NODE, with other options than its daemon would tell: DOCTOR=(--config FILE ...).
DOCTOR=()

is_well() {
	local said

	said=$(holdfast "$1" doctor "${DOCTOR[@]}") || {
		echo "$said"
		return 1
	}
	[[ $said == "$1 is well: "* && $(wc -l <<<"$said") == 1 ]]
}

# finds NODE CHECKS PATTERN: these checks and no other speak, and a line matches.
finds() {
	local node=$1 checks=$2 pattern=$3 lines="$LAB_STATE/lines" report="$LAB_STATE/report.json"

	holdfast "$node" doctor --json "${DOCTOR[@]}" >"$report" &
	fails holdfast "$node" doctor "${DOCTOR[@]}" >"$lines" 2>&1 || {
		cat "$lines"
		return 1
	}
	fails wait $!
	grep -qE -- "$pattern" "$lines" || {
		echo "no line matches '$pattern':"
		cat "$lines"
		return 1
	}
	is "$checks" jq -r '[.findings[].check] | unique | join(" ")' "$report"
	jq -e 'all(.findings[]; (.what | length > 0) and (.where | length > 0) and
		(.mend | length > 0) and (.mend | contains("{") | not))' "$report" >/dev/null
}

# fault NAME NODE CHECKS PATTERN SENTENCE: plant_NAME, look, mend_NAME, look again.
fault() {
	plant_"$1"
	it "$5" finds "$2" "$3" "$4"
	mend_"$1"
	DOCTOR=()
	it "nothing is left of it when it is mended ($1)" well_again
}

well_again() {
	wait_for "all doctors to find nothing" 15 all_well || {
		is_well g1 && is_well b1
	}
}

# Side by side: each watches the counters for a second.
all_well() {
	is_well g1 &
	is_well b1 && wait $!
}

reload() { signal "$1" "$2" HUP; }
unpin_xdp() { find "$(bpffs_of "$1")" -name link-eth0 -delete; }
xdp_id() { ip_on "$1" -j link show dev eth0 | jq '.[].xdp.prog.id'; }
attached() { [[ $(xdp_id "$1") != null ]]; }

# As launch_holdfast, with a configuration of its own.
restart_b1() {
	stop b1 agent
	start b1 agent "$LAB_BUILD/agent/holdfast-agent" --config "$1" --node b1 \
		--bpffs "$(bpffs_of b1)" --socket "$(socket_of b1)"
	wait_ready b1 agent "the agent on b1 to answer" 20 holdfast b1 status
}

# The way to a SID

plant_narrow_end() { ip_on b1 link set eth0 mtu 1400; }
mend_narrow_end() { ip_on b1 link set eth0 mtu 1500; }

plant_narrow_router() { ip_on fabric link set b1 mtu 1400; }
mend_narrow_router() { ip_on fabric link set b1 mtu 1500; }

plant_narrow_gateway() { ip_on g1 link set eth0 mtu 1400; }
mend_narrow_gateway() { ip_on g1 link set eth0 mtu 1500; }

plant_no_route() { ip_on g1 -6 route add unreachable "${LOCATOR[b1]}::/64"; }
mend_no_route() { ip_on g1 -6 route del unreachable "${LOCATOR[b1]}::/64"; }

plant_no_route_beyond() { ip_on fabric -6 route del "${LOCATOR[b1]}::/64"; }
mend_no_route_beyond() { ip_on fabric -6 route add "${LOCATOR[b1]}::/64" via "$(link_address b1)"; }

plant_no_neighbour() {
	ip_on g1 -6 route add "${LOCATOR[b1]}::/64" via fd48:6f6c:ffff:1::99 dev eth0
}
mend_no_neighbour() { ip_on g1 -6 route del "${LOCATOR[b1]}::/64"; }

# Programs and daemons

plant_no_program() { unpin_xdp b1; }
mend_no_program() { reload b1 agent; }

plant_no_program_gateway() { unpin_xdp g1; }
mend_no_program_gateway() { reload g1 gateway; }

plant_generic() {
	local id

	id=$(xdp_id b1)
	unpin_xdp b1
	on b1 bpftool net attach xdpgeneric id "$id" dev eth0
}
mend_generic() { ip_on b1 link set eth0 xdpgeneric off && reload b1 agent; }

plant_foreign() {
	unpin_xdp g1
	ip_on g1 link set eth0 xdpdrv object "$LAB_BUILD/lab/xdp_pass.bpf.o" section xdp
}
mend_foreign() { ip_on g1 link set eth0 xdpdrv off && reload g1 gateway; }

plant_deaf_veth() { ip_on fabric link set b1 xdpdrv off; }
mend_deaf_veth() {
	ip_on fabric link set b1 xdpdrv object "$LAB_BUILD/lab/xdp_pass.bpf.o" section xdp
}

plant_no_filter() { on b1 tc filter del dev eth0 egress; }
mend_no_filter() { reload b1 agent; }

plant_no_daemon() {
	stop b1 agent KILL
	DOCTOR=(--config "$LAB_STATE/holdfast.yaml" --node b1)
}
mend_no_daemon() { agents b1; }

plant_no_daemon_gateway() {
	stop g1 gateway KILL
	DOCTOR=(--config "$LAB_STATE/holdfast.yaml" --node g1)
}
mend_no_daemon_gateway() { gateways g1; }

# The host of a backend

plant_rp_filter() { set_sysctl b1 net.ipv4.conf.eth0.rp_filter=1; }
mend_rp_filter() { set_sysctl b1 net.ipv4.conf.eth0.rp_filter=0; }

plant_arp() { set_sysctl b1 net.ipv4.conf.{all,eth0}.arp_ignore=0; }
mend_arp() { set_sysctl b1 net.ipv4.conf.{all,eth0}.arp_ignore=1; }

plant_timestamps() { set_sysctl b1 net.ipv4.tcp_timestamps=0; }
mend_timestamps() { set_sysctl b1 net.ipv4.tcp_timestamps=2; }

plant_offset() { set_sysctl b1 net.ipv4.tcp_timestamps=1; }
mend_offset() { mend_timestamps; }

# As `ip route add 203.0.113.0/24 dev eth0 features tcp_usec_ts`, for which Debian's iproute2 is too old.
plant_microseconds() {
	on b1 python3 - <<-'PYTHON'
		import socket, struct
		def attribute(kind, value):
		    return struct.pack("HH", 4 + len(value), kind) + value
		route = struct.pack("8BI", socket.AF_INET, 24, 0, 0, 254, 4, 0, 1, 0)  # rtmsg: main, static, unicast
		route += attribute(1, bytes((203, 0, 113, 0)))  # RTA_DST
		route += attribute(4, struct.pack("I", socket.if_nametoindex("eth0")))  # RTA_OIF
		route += attribute(8, attribute(12, struct.pack("I", 1 << 4)))  # RTA_METRICS, RTAX_FEATURES
		message = struct.pack("IHHII", 16 + len(route), 24, 0x605, 1, 0) + route  # RTM_NEWROUTE, create
		with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as kernel:
		    kernel.send(message)
		    raise SystemExit(-struct.unpack("i", kernel.recv(4096)[16:20])[0])
	PYTHON
}
mend_microseconds() { ip_on b1 route del 203.0.113.0/24; }

plant_no_vip4() { ip_on b1 address del "${VIP4[web]}/32" dev lo; }
mend_no_vip4() { ip_on b1 address add "${VIP4[web]}/32" dev lo; }

plant_no_vip6() { ip_on b1 address del "${VIP6[web]}/128" dev lo; }
mend_no_vip6() { ip_on b1 address add "${VIP6[web]}/128" dev lo nodad; }

plant_no_return() { ip_on b1 -4 route del default; }
mend_no_return() { reload b1 agent; }

plant_no_carrier() {
	set_sysctl fabric net.ipv6.conf.b1.keep_addr_on_down=1
	ip_on fabric link set b1 down
}
mend_no_carrier() {
	ip_on fabric link set b1 up
	ip_on fabric -6 route replace "${LOCATOR[b1]}::/64" via "$(link_address b1)"
}

plant_no_interface() {
	sed '/b1:/,/interfaces/ s/\[eth0\]/[eth0, eth9]/' "$LAB_STATE/holdfast.yaml" \
		>"$LAB_STATE/other.yaml"
	DOCTOR=(--config "$LAB_STATE/other.yaml")
}
mend_no_interface() { :; }

plant_half_checksums() {
	ip_on b1 link add v0 type veth peer name v1
	ip_on b1 link set v0 up
	ip_on b1 link set v1 up
	sed '/b1:/,/interfaces/ s/\[eth0\]/[eth0, v0]/' "$LAB_STATE/holdfast.yaml" \
		>"$LAB_STATE/other.yaml"
	DOCTOR=(--config "$LAB_STATE/other.yaml")
}
mend_half_checksums() { ip_on b1 link del v0; }

# Announcements

plant_not_announced() { ip_on g1 route del blackhole "${VIP4[web]}/32" proto 72; }
mend_not_announced() { reload g1 gateway; }

plant_stale() { ip_on g1 -6 route add blackhole 2001:db8:100::99/128 proto 72; }
mend_stale() { ip_on g1 -6 route del blackhole 2001:db8:100::99/128 proto 72; }

plant_vip_on_gateway() { ip_on g1 address add "${VIP4[web]}/32" dev lo; }
mend_vip_on_gateway() { ip_on g1 address del "${VIP4[web]}/32" dev lo; }

# Between nodes

other_node() { # OPTION VALUE: b1 with one option of its own, in a folder of its own
	mkdir -p "$LAB_STATE/other"
	sed "s|^$1:.*|$1: $2|" "$LAB_STATE/holdfast.yaml" >"$LAB_STATE/other/holdfast.yaml"
	cp -p "$LAB_STATE/secret" "$LAB_STATE/other/secret"
	make_secret "$LAB_STATE/other/another"
	restart_b1 "$LAB_STATE/other/holdfast.yaml"
}

plant_secret() { other_node secret another; }
mend_secret() { restart_b1 "$LAB_STATE/holdfast.yaml"; }

plant_prefix() { other_node infrastructure fd48:6f6c::/30; }
mend_prefix() { restart_b1 "$LAB_STATE/holdfast.yaml"; }

plant_narrow_prefix() { other_node infrastructure fd48:6f6c::/48; }
mend_narrow_prefix() { restart_b1 "$LAB_STATE/holdfast.yaml"; }

plant_odd_gateway() {
	sed 's|^infrastructure:.*|infrastructure: fd48:6f6c::/48|' "$LAB_STATE/holdfast.yaml" \
		>"$LAB_STATE/other.yaml"
	DOCTOR=(--config "$LAB_STATE/other.yaml")
}
mend_odd_gateway() { :; }

has_dropped() { (($(counter "$1" "$2") > 0)); }

plant_intruder() {
	ip_on fabric address add 2001:db8:9::1/128 dev lo
	# shellcheck disable=SC2016
	start fabric intruder bash -c 'while :; do
		curl -s --max-time 0.1 --interface 2001:db8:9::1 "http://[$0]/"
	done' "$(accept_sid b1)"
	wait_for "the intruder's first packet" 10 has_dropped b1 outside-sid
}
mend_intruder() {
	stop fabric intruder
	ip_on fabric address del 2001:db8:9::1/128 dev lo
}

# What this kernel lets nobody plant

plant_jit() {
	JIT=$(sysctl -n net.core.bpf_jit_enable)
	sysctl -qw net.core.bpf_jit_enable=0 2>/dev/null
}

# Kernels that compile always (CONFIG_BPF_JIT_ALWAYS_ON) refuse the sysctl, so there the fault cannot
# be. Nor can clocks differ in a lab on one kernel. The judgement of both is in tests/unit/test_doctor.c.
jit() {
	plant_jit || {
		echo "# this kernel compiles always: no interpreter to be found out"
		return
	}
	trap 'sysctl -qw net.core.bpf_jit_enable="$JIT"; lab_close' EXIT
	restart_b1 "$LAB_STATE/holdfast.yaml"
	it "without the JIT programs are interpreted" finds b1 jit 'interpreted'
	sysctl -qw net.core.bpf_jit_enable="$JIT"
	trap lab_close EXIT
	restart_b1 "$LAB_STATE/holdfast.yaml"
}

lab_open small
topology_up

wait_for "every agent to be heard" 20 is_well g1
it "nothing is found on a healthy gateway" is_well g1
it "nothing is found on a healthy backend" is_well b1
it "nor on another" is_well b2

fault narrow_end g1 path-mtu '^the MTU to the SID is too small.*140. is the most.*, b1 ' \
	"a link that silently takes less than the mtu is found by probes, with what fits"
fault narrow_end b1 "interface-mtu" 'MTU is 1400.*, eth0: ip link set eth0 mtu 1500' \
	"an interface whose MTU is less than the configured one is named on its node"
fault narrow_router g1 path-mtu "the router $(fabric_address g1) takes at most 1400, b1 " \
	"a router whose next link takes less than the mtu is named"
fault narrow_gateway g1 interface-mtu 'MTU is 1400.*, eth0:' \
	"a gateway whose own link takes less than the mtu hears of that, and of nothing else"
fault no_route g1 sid-route "no route to the SID, b1 .*: .*${LOCATOR[b1]}::/64" \
	"a SID that the gateway has no route to is named"
fault no_route_beyond g1 sid-unreachable "the router $(fabric_address g1) has no route to the SID, b1 " \
	"a SID that a router on the way has no route to is named, and the router"
fault no_neighbour g1 neighbour 'fd48:6f6c:ffff:1::99 on eth0.* unresolved, b1 ' \
	"a neighbour that does not resolve is named"
fault no_program b1 xdp-missing "the agent's XDP program is not attached.*, eth0: " \
	"a backend without the agent's program hears of it"
fault no_program g1 agent-silent 'the agent does not answer, b1 .*holdfast doctor on b1' \
	"and its gateway hears that the agent does not answer"
fault no_program_gateway g1 xdp-missing "the gateway's XDP program is not attached, eth0: " \
	"a gateway without its program hears of it"
fault generic b1 xdp-generic 'generic XDP instead of native: several times slower.*, eth0: ' \
	"generic XDP is a fault, and why"
fault foreign g1 xdp-foreign 'another XDP program .*, eth0: .*xdp off' \
	"another XDP program in the place of ours is a fault"
fault deaf_veth b1 veth-peer-xdp 'the other end of this veth has no XDP .*\(b1\)' \
	"a veth whose other end has no XDP program is named"
fault no_filter b1 stamp-missing 'filter at tc egress is missing.*, eth0: ' \
	"a backend whose filter at tc egress is gone hears of it"
fault no_daemon b1 daemon "holdfast-agent does not answer .goes on|its program goes on" \
	"an agent that was killed is a fault, though its program goes on"
fault no_daemon_gateway g1 daemon 'holdfast-gateway does not answer.*: systemctl start' \
	"so is a gateway's daemon that was killed"
fault rp_filter b1 rp-filter 'rp_filter is 1.*, eth0: sysctl -w' \
	"the reverse path filter on a backend is a fault"
fault arp b1 arp-ignore 'answers ARP for the VIPs.*, eth0: ' \
	"a backend that answers ARP for a VIP is a fault"
fault timestamps b1 timestamps 'timestamps are off: .*cookie.*tcp_timestamps=2' \
	"TCP timestamps that are off are a fault, since they carry the cookie"
fault offset b1 timestamps 'random offset: .*cookie.*tcp_timestamps=2' \
	"so is their random offset, which the agent cannot take off"
fault microseconds b1 timestamps-usec 'microseconds .*, 203.0.113.0/24: .*203.0.113.0/24 .*tcp_usec_ts' \
	"a route whose timestamps are microseconds is named"
fault no_vip4 b1 vip-not-on-lo "^the VIP is not on lo.*, ${VIP4[web]}: " \
	"an IPv4 VIP that is not on lo is named"
fault no_vip6 b1 vip-not-on-lo "^the VIP is not on lo.*, ${VIP6[web]}: " \
	"an IPv6 VIP that is not on lo is named"
fault no_return b1 return-route 'no default route for IPv4.*ip -4 route add default' \
	"a backend without a way back for IPv4 hears of it"
fault no_carrier b1 interface-down 'no carrier, eth0: ' \
	"an interface without carrier is named"
fault no_interface b1 interface-missing 'there is no interface eth9, .*other.yaml: ' \
	"an interface that does not exist is named"
fault half_checksums b1 "stamp-missing veth-checksum veth-peer-xdp xdp-missing" \
	'other end of this veth \(v1\) leaves checksums.*, v0: ethtool -K v1 tx off' \
	"a veth that feeds XDP half-made checksums is named"
fault not_announced g1 vip-not-announced "not announced.*, ${VIP4[web]}: .*proto 72" \
	"a VIP whose route is missing is named"
fault stale g1 vip-stale 'announced that is no VIP, 2001:db8:100::99: ip route del' \
	"an announcement that nobody wants is named"
fault vip_on_gateway g1 vip-on-gateway "has the VIP as an address.*, ${VIP4[web]}: " \
	"a VIP that is an address of the gateway is a fault"
fault secret g1 secret "its secret differs from this node's, b1: " \
	"a backend with another secret is named"
fault prefix g1 infrastructure 'wrong infrastructure prefix.*/32 and its own is .*/30, b1: ' \
	"a backend with a wider infrastructure prefix is named"
fault narrow_prefix g1 infrastructure 'wrong infrastructure prefix.*/32 and its own is .*/48, b1: ' \
	"so is one with a narrower prefix, which takes the gateway for an intruder"
fault odd_gateway g1 infrastructure \
	'of this node is .*/48, and that of the backends .*/32, g1: .*infrastructure: fd48:6f6c::/32' \
	"a gateway that alone has another prefix is told so, and not its backends"
fault intruder b1 drops 'dropped as outside-sid' \
	"packets that an agent drops, now, as an intruder's are a fault"
jit
tests_end
