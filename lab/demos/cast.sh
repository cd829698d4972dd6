# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# What the demos of two sites (lab/topologies/pops.sh) have in common: who acts in them, what goes on all the
# time, how servers die and return, and the account at the end.

RATE=50	   # requests a second of each client
GOAL_MS=300 # by which no new connection goes to what died
STALL_MS=10000 # a host that is silent for a while ends nobody; TCP may need longer than that to say so

# cast_up [COMMAND]: the network; the command changes what it is to be, before it is made.
cast_up() {
	local start

	start=$(now_us)
	lab_open pops
	"${1:-true}"
	drawing "$(topology_file pops)"
	topology_up
	printf 'Up in %s s: BGP and BFD everywhere, and each VIP is announced by four gateways.\n' \
		"$(seconds_since "$start")"
}

# cast_acts COUNT: users, and so many living connections of each client and family.
cast_acts() {
	local client

	heading "What goes on all the time"
	for client in "${CLIENTS[@]}"; do
		pulse_begin "$client" "$RATE"
	done
	more "$((RATE * ${#CLIENTS[@]})) requests a second to nginx, on a new connection each, from four clients"
	crowds_open "$1" "${CLIENTS[@]}"
	load_tell "${CROWDS[@]}" -- stall "$STALL_MS"
	more "$(($1 * ${#CROWDS[@]})) connections that last, asked every second, every byte checked at both ends"
}

# cast_downloads SECONDS CLIENT...: four of each client and family, so slow.
cast_downloads() {
	local seconds=$1 client family
	shift

	for client; do
		for family in 4 6; do
			downloads_begin "$client" "$family" 4 "$seconds"
			DOWNLOADS+=("$client $family")
		done
	done
	more "$(($# * 8)) downloads of a million bytes over $seconds s each, to be compared at the end"
}

DOWNLOADS=() # "CLIENT FAMILY" each

has_passed() { (($(now_us) >= $1)); }
pass() { wait_for "$1 ms to pass" 60 has_passed $(($(now_us) + $1 * 1000)); }

in_time() { (($1 < GOAL_MS)); }

# power_cut WHAT NODE...: machines of west are gone, with all that ran there.
power_cut() {
	local what=$1 node
	shift

	crowds_doom "$@"
	DEAD+=("$@")
	fall_silent west "$@"
	event_at "$DIED_US" "$what"
	nginx_dies "$@"
	for node; do
		stop "$node" load KILL
	done
}

DEAD=() # servers whose power was cut at some time

power_returns() {
	local node pids=()

	event "power is back"
	for node; do
		nginx_on "$node" &
		pids+=($!)
	done
	wait "${pids[@]}"
	load_serve "$@"
	speak_again west "$@"
}

# away_begins: west's servers are gone, and the first answers came from east. Leaves FIRST and LAST, ms.
away_begins() {
	wait_for "an answer from east" 5 first_served east "$1" cw nw
	site_goes_to west web east
	site_goes_to west live east
	pass 1300 # what was given to the dead has its second SYN
	FIRST=$(first_served east "$1" cw nw) LAST=$(last_given "$1" cw nw)
}

# The account

cast_account() {
	heading "Connections that last"
	expect "every living connection makes one more exchange" crowds_talk
	expect "no connection broke but those of killed servers" crowds_account
	[[ ${#DOWNLOADS[@]} == 0 ]] || account_of_downloads
}

downloads_have_ended() {
	local which

	for which in "${DOWNLOADS[@]}"; do
		# shellcheck disable=SC2086
		downloads_end $which 60
	done
}

account_of_downloads() {
	local begun whole apart broken

	heading "Downloads"
	downloads_have_ended
	read -r begun whole apart broken < <(downloads_whole "${DEAD[@]}")
	printf '  %d begun, %d came whole, %d ended with a killed server, %d BROKEN\n' \
		"$begun" "$whole" "$apart" "$broken"
	expect "all other downloads came whole" test "$broken" == 0 -a "$whole" -gt 0
}

# In at most 40 rows or so.
whole_story() {
	local now seconds

	now=$(now_us)
	seconds=$(((now - STORY_US) / 40000000 + 1))
	heading "The whole story: requests in $seconds s, by the site that answered"
	timeline "$STORY_US" "$now" $((seconds * 1000)) "$STORY_MARKS" "${CLIENTS[@]}"
}

# moments BEFORE-MS AFTER-MS CLIENT...: around the last event, by tenths of a second.
moments() {
	local before=$1 after=$2
	shift 2

	heading "Requests of these moments, by tenths of a second and the site that answered"
	TIMELINE_ZERO_US=$EVENT_US timeline $((EVENT_US - before * 1000)) $((EVENT_US + after * 1000)) 100 \
		"$STORY_MARKS" "$@"
}

# cast_ends ONCE: the verdict; exits.
cast_ends() {
	local status=0 apart=''

	((CROWDS_APART == 0)) || apart=" but the $CROWDS_APART that lived on killed servers"
	story_verdict "$CROWDS_ALIVE connections went on, and none broke$apart." || status=$?
	((status != 1)) || crowds_tell
	$1 || stay
	exit "$status"
}

stay() {
	story_stays <<-END
		The lab stays up until Ctrl-C. In another terminal:

		  sudo ./run lab holdfast pops gw1 status      services, backends, and where new connections go
		  sudo ./run lab holdfast pops ge1 counters    what became of every packet
		  sudo ./run lab on pops fw ip -6 route        what BGP made of it
		  sudo ./run lab shell pops cw                 a shell on a client; there: curl http://${VIP4[web]}/
		  sudo ./run lab log pops gw1                  the daemons' logs
	END
}
