#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A backend that dies takes no new connection 300 ms later, however it dies; one that comes and goes is
# kept out; and when all seem dead at once, the operator's answer holds. Old connections go on.
# Topology: lab/topologies/anycast.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

GOAL_MS=300
# By its rules a death is seen within 230 ms. What comes on top are turns of two busy cores that all
# nodes of the lab share: the daemon's, to judge, and that of the process that stamps the packets.
MARGIN_MS=100
BATCH=100
HOST_FUNCTION=f00c # of SIDs, wire/srv6.h: what probes have as their outer source

# health_of GATEWAY SERVICE BACKEND FIELD
health_of() {
	holdfast "$1" status --json | jq -r --arg service "$2" --arg backend "$3" --arg field "$4" \
		'.services[] | select(.name == $service) | .backends[] | select(.name == $backend) |
			(.health + {open: .open})[$field]'
}

is_health() { [[ $(health_of "$1" "$2" "$3" "$4") == "$5" ]]; }

# all_see BACKEND up|down SECONDS: on both gateways.
all_see() {
	local gateway want=true

	[[ $2 == up ]] || want=false
	for gateway in "${GATEWAYS[@]}"; do
		wait_for "$gateway to see $1 $2" "$3" is_health "$gateway" web "$1" up "$want"
	done
}

all_are_up() {
	local backend

	for backend in "${AGENT_BACKENDS[@]}"; do
		all_see "$backend" up 10
	done
}

log_count() { grep -c "$2" "$(log_of "$1" gateway)" || true; }

# Deaths, and what brings back to life

process_dies() { kill -KILL -- "-$(pid_of "$1" nginx)"; }
process_returns() {
	rm -f "$LAB_STATE/$1/nginx/upload.sock"
	nginx_on "$1"
}

link_dies() {
	set_sysctl "$1" net.ipv6.conf.eth0.keep_addr_on_down=1
	ip_on "$1" link set eth0 down
}

link_returns() {
	ip_on "$1" link set eth0 up
	ip_on "$1" -6 route replace default via "$(fabric_address "$1")"
	ip_on "$1" -4 route replace default via inet6 "$(fabric_address "$1")" dev eth0
}

host_dies() {
	link_dies "$1"
	process_dies "$1"
	stop "$1" agent KILL
}

host_returns() {
	link_returns "$1"
	start_holdfast agent "$1"
	process_returns "$1"
}

# New connections all the time, whatever becomes of those before.
connect_on() {
	local service=$1 family=$2

	until [[ -e $LAB_STATE/over ]]; do
		on "$CLIENT" curl --silent --parallel --parallel-max 20 --max-time 1 --output /dev/null \
			--header 'Connection: close' "$(url "$service" "$family")/[1-$BATCH]" || true
	done
}

connect_begin() {
	rm -f "$LAB_STATE/over"
	CONNECTING=()
	for family in 4 6 4 6; do
		connect_on web "$family" >/dev/null 2>&1 &
		CONNECTING+=($!)
	done
}

connect_end() {
	: >"$LAB_STATE/over"
	wait "${CONNECTING[@]}"
}

# syns BACKEND: of each connection that a gateway sent to it, the time of the first SYN (s). A SYN stands
# twice on the gateways' links: plain from the client, and encapsulated towards a backend.
syns() {
	local gateway

	for gateway in "${GATEWAYS[@]}"; do
		captured "$gateway" 'tcp.flags.syn == 1 && tcp.flags.ack == 0' -T fields \
			-e frame.time_epoch -e tcp.srcport -e tcp.seq_raw -e ipv6.dst -e ipv6.src
	done | sort -n | awk -F'\t' -v to="${LOCATOR[$1]}:f003" -v probe=":$HOST_FUNCTION:" '
		index($5, probe) { next }
		{ connection = $2 "," $3 }
		!(connection in first) { first[connection] = $1 }
		index($4, to) { sent[connection] = 1 }
		END { for (connection in sent) printf "%.3f\n", first[connection] }' | sort -n
}

# dies_in_time HOW BACKEND: and says how long after its death the last new connection to it began.
dies_in_time() {
	local how=$1 backend=$2 gateway died after CONNECTING

	for gateway in "${GATEWAYS[@]}"; do
		capture "$FABRIC" "$gateway"
	done
	connect_begin
	wait_for "connections to $backend" 10 served_since "$backend" 20
	died=$EPOCHREALTIME
	"${how}_dies" "$backend"
	all_see "$backend" down 3
	# As much again as it takes, for connections that should not come.
	wait_for "new connections elsewhere" 10 served_since b2 50
	connect_end
	for gateway in "${GATEWAYS[@]}"; do
		capture_end "$FABRIC" "$gateway"
	done
	after=$(syns "$backend" | awk -v died="$died" 'END { printf "%.0f", ($1 - died) * 1000 }')
	echo "$how: $after" >>"$LAB_STATE/deaths"
	echo "# $how of $backend died: its last new connection began $after ms later" >&3
	((after < GOAL_MS + MARGIN_MS))
}

# served_since NODE COUNT: more than so many lines in its log since the last question.
served_since() {
	local now file="$LAB_STATE/served.$1"

	now=$(wc -l <"$(access_log "$1")")
	[[ -e $file ]] || echo "$now" >"$file"
	((now > $(<"$file") + $2)) || return 1
	rm "$file"
}

returns() {
	"$1_returns" "$2"
	all_see "$2" up 15
}

# The probes' packets alone: everything else goes on.
cut_probes() {
	local gateway

	for gateway in "${GATEWAYS[@]}"; do
		ip_on "$FABRIC" -6 rule add pref 100 from "${LOCATOR[$gateway]}:$HOST_FUNCTION::" \
			${1:+to "${LOCATOR[$1]}::/64"} blackhole
	done
}

mend_probes() {
	while ip_on "$FABRIC" -6 rule del pref 100 2>/dev/null; do :; done
}

blink() {
	cut_probes "$1"
	all_see "$1" down 3
	mend_probes
	wait_for "g1 to hear $1 for a while" 15 is_health g1 web "$1" up true
}

# A fall soon after a return has to wait for twice as long: 0, then 0.5, 1, 2 s.
flaps() {
	local before began took

	before=$(log_count g1 "web: $1 is down")
	blink "$1"
	blink "$1"
	blink "$1"
	began=$(now_us)
	blink "$1"
	took=$((($(now_us) - began) / 1000))
	echo "# the fourth time it had to pass for $took ms" >&3
	((took > 2000))
	is 4 echo $(($(log_count g1 "web: $1 is down") - before))
	grep -q "web: $1 is down, .* it comes and goes" "$(log_of g1 gateway)"
}

# The four services are one file's: those without probes do not mind.
with_all_down() {
	write_config | sed "s/^    health: {check: auto}/    health: {all-down: $1}/" >"$LAB_STATE/holdfast.yaml"
	grep -q "all-down: $1" "$LAB_STATE/holdfast.yaml"
	for gateway in "${GATEWAYS[@]}"; do
		signal "$gateway" gateway HUP
	done
}

all_seem_down() {
	local backend

	cut_probes
	for backend in "${AGENT_BACKENDS[@]}"; do
		all_see "$backend" down 3
	done
}

refuses_new() {
	! get web 4 1 && ! get web 6 1
	(($(counter g1 no-backend) + $(counter g2 no-backend) > 0))
}

accepts_new() {
	local i

	for i in {1..20}; do
		get web 4 5 && get web 6 5
	done
}

exec 3>&1
lab_open anycast
topology_up
it "all backends are up on both gateways" all_are_up
it "an agentless one too" wait_for "b4 on g2" 5 is_health g2 web-plain b4 up true

for how in process link host; do
	it "when a $how dies, no connection begun $GOAL_MS ms later goes to it" dies_in_time "$how" b1
	it "and when it returns, it takes connections again" returns "$how" b1
done

it "a connection is open over IPv4" talk_open four web 4
it "a connection is open over IPv6" talk_open six web 6
BACKEND4=$(talk four) BACKEND6=$(talk six)
it "both are answered" test "$BACKEND4" != lost -a "$BACKEND6" != lost

it "a backend that comes and goes has to pass for longer each time" flaps b2
it "all seem down at once: no new connection is taken" all_seem_down
it "no new connection is taken" refuses_new
it "the open ones go on (IPv4)" is "$BACKEND4" talk four
it "the open ones go on (IPv6)" is "$BACKEND6" talk six
with_all_down all
it "told to trust all, all new connections are taken" wait_for "b3 to be open" 5 is_health g1 web b3 open true
it "and answered" accepts_new
mend_probes
it "afterwards all are up again" all_are_up
it "and the open connections have gone on (IPv4)" is "$BACKEND4" talk four
it "and the open connections have gone on (IPv6)" is "$BACKEND6" talk six
tests_end
