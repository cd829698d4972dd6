#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The agent prepares its host, and `--detach` undoes exactly that. While a daemon runs nobody takes anything from
# under it: neither `--detach` nor a second daemon.
# Topology: lab/topologies/anycast.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

# What the agent may touch, as text.
host_of() {
	ip_on "$1" address show dev lo
	ip_on "$1" -4 route show table all
	ip_on "$1" -6 route show table all | sed 's/ expires [^ ]*//'
	ip_on "$1" rule show
	ip_on "$1" -j link show dev eth0 | jq '.[].xdp.mode'
	on "$1" tc qdisc show dev eth0
	on "$1" tc filter show dev eth0 ingress
	on "$1" tc filter show dev eth0 egress
	on "$1" sysctl -a --pattern '^net\.(ipv4\.(conf|tcp_timestamps|tcp_syncookies|ip_nonlocal)|ipv6\.conf|ipv6\.seg6)' \
		2>/dev/null
}

is_prepared() {
	[[ $(ip_on b1 address show dev lo) == *"${VIP4[web]}/32"*"${VIP6[web]}/128"* ]]
	[[ $(ip_on b1 -4 route show default) == *"via inet6"* ]]
	[[ $(ip_on b1 -j link show dev eth0 | jq '.[].xdp.mode') != null ]]
}

# What a build of another layout has pinned goes on; so its host stays as it is.
others_stay() {
	local output status=0

	mkdir "$(bpffs_of b1)/layout-999"
	output=$(detach agent b1 2>&1) || status=$?
	rmdir "$(bpffs_of b1)/layout-999"
	is 1 echo "$status"
	grep 'layout-999: maps of layout 999, and this build has .*: detach with the build that made them' <<<"$output"
	is_prepared
}

as_before() { diff "$LAB_STATE/before" <(host_of b1); }

# refused WHY ROLE NODE OPTION...: in one line, and what runs at the link stays.
refused() {
	local why=$1 before output
	shift

	before=$(program_at "$2")
	[[ $before != null ]]
	if output=$(daemon_by_hand "$@" 2>&1); then
		echo "was not refused"
		return 1
	fi
	echo "$output"
	[[ $output == *"a daemon runs and $why"*"stop it first" && $output != *$'\n'* ]]
	is "$before" program_at "$2"
}

# Whatever of its options is another's.
no_detach_under() {
	refused "answers there" "$1" "$2" --detach
	refused "answers there" "$1" "$2" --detach --bpffs "$(bpffs_of "$2")/other"
	refused "keeps its pins there" "$1" "$2" --detach --socket "$LAB_STATE/$2/other.sock"
}

no_second_beside() {
	refused "answers there" "$1" "$2"
	refused "keeps its pins there" "$1" "$2" --socket "$LAB_STATE/$2/other.sock"
}

# Alive, but it answers nobody.
no_detach_under_a_stopped_one() {
	local r=0

	signal "$2" "$1" STOP
	refused "answers there" "$1" "$2" --detach || r=1
	signal "$2" "$1" CONT
	return "$r"
}

# announced_by COUNT: the fabric has that many next hops for a VIP.
announced_by() { wait_for "$1 next hops for ${VIP4[web]}" 20 has_next_hops "$FABRIC" "${VIP4[web]}" "$1"; }

nothing_at() { [[ $(program_at "$1") == null && -z $(find "$(bpffs_of "$1")" -type f) ]]; }

lab_open anycast
topology_up --without holdfast
host_of b1 >"$LAB_STATE/before"

agents b1
it "the agent prepares its host: VIPs on lo, the route back, XDP" is_prepared
it "while it runs, detach is refused" no_detach_under agent b1
it "and a second agent is refused" no_second_beside agent b1
it "the host is still prepared" is_prepared
stop b1 agent
it "an agent that is stopped leaves its host prepared" is_prepared
it "what a build of another layout left is not for this one to detach" others_stay
it "detach succeeds" detach agent b1
it "after detach the host is as it was before" as_before
it "after detach nothing is pinned" is '' find "$(bpffs_of b1)" -type f

agents b1
it "an agent that starts again prepares it again" is_prepared
stop b1 agent KILL
it "detach works after the agent was killed" detach agent b1
it "the host is as it was before, again" as_before

agents "${AGENT_BACKENDS[@]}"
gateways g1
it "a gateway announces its VIPs" announced_by 1
it "while it runs, detach is refused" no_detach_under gateway g1
it "also while it is stopped and answers nobody" no_detach_under_a_stopped_one gateway g1
it "and a second gateway is refused" no_second_beside gateway g1
it "the VIPs are still announced" has_next_hops "$FABRIC" "${VIP4[web]}" 1
stop g1 gateway KILL
it "of one that was killed the socket is left, and detach works" detach gateway g1
it "then nothing is announced" announced_by 0
it "and nothing is attached or pinned" nothing_at g1
tests_end
