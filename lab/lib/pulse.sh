# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# Users who come all the time (lab/pulse.c), and what their log tells of a change: requests of the service
# web over both families, on a new connection each. Its lines:
#
#	BEGAN-US TOOK-US RESULT SERVER SYNS PORT
#
# A request that a dead server was given is one without an answer, or whose first SYN met nobody.

PULSE_TIMEOUT_MS=3000 # two of a SYN's retransmissions

# pulse_begin CLIENT RATE
pulse_begin() {
	start "$1" pulse "$LAB_BUILD/lab/holdfast-pulse" "$2" "$PULSE_TIMEOUT_MS" \
		"$(vip web 4):80" "[$(vip web 6)]:80"
	wait_ready "$1" pulse "answers to $1" 10 pulse_served "$1"
}

pulse_served() { grep -q ' ok ' "$(log_of "$1" pulse)"; }

# pulses CLIENT...: their lines so far, complete ones.
pulses() {
	local client

	for client; do
		awk 'NF == 6' "$(log_of "$client" pulse)"
	done
}

# last_given SINCE-US CLIENT...: ms from then to the last request that a dead server was given; 0 if none
# was. Of those that began within two seconds.
last_given() {
	local since=$1
	shift

	pulses "$@" | awk -v since="$since" '
		$1 >= since && $1 < since + 2e6 && ($3 != "ok" || $5 > 0) && $1 > last { last = $1 }
		END { printf "%.0f\n", last ? (last - since) / 1000 : 0 }'
}

# how_many_given SINCE-US CLIENT...
how_many_given() {
	local since=$1
	shift

	pulses "$@" | awk -v since="$since" '
		$1 >= since && $1 < since + 2e6 && ($3 != "ok" || $5 > 0) { n++ } END { print n + 0 }'
}

# first_served SITE SINCE-US CLIENT...: ms from then to the first answer that a server there gave to a request
# that began later; nothing if there is none yet.
first_served() {
	local servers=${BACKENDS_OF[$1]} since=$2
	shift 2

	pulses "$@" | awk -v since="$since" -v servers=" $servers " '
		$1 >= since && $3 == "ok" && index(servers, " " $4 " ") && (!first || $1 + $2 < first) {
			first = $1 + $2 }
		END { if (first) printf "%.0f\n", (first - since) / 1000; else exit 1 }'
}

# last_served SITE SINCE-US CLIENT...: ms from then to the beginning of the last request that was served there.
last_served() {
	local servers=${BACKENDS_OF[$1]} since=$2
	shift 2

	pulses "$@" | awk -v since="$since" -v servers=" $servers " '
		$1 >= since && $3 == "ok" && index(servers, " " $4 " ") && $1 > last { last = $1 }
		END { printf "%.0f\n", last ? (last - since) / 1000 : 0 }'
}

# longest_pause SINCE-US MS CLIENT...: in that time, ms in which one of the clients began no request.
longest_pause() {
	local since=$1 ms=$2 client
	shift 2

	for client; do
		pulses "$client" | awk -v since="$since" -v until="$((since + ms * 1000))" '
			$1 >= since && $1 < until { print $1 }
			END { print since; print until }' | sort -n |
			awk '{ pause = NR > 1 ? $1 - before : 0; before = $1 }
				pause > longest { longest = pause }
				END { printf "%.0f\n", longest / 1000 }'
	done | sort -n | tail -n 1
}

# timeline FROM-US TO-US STEP-MS MARKS CLIENT...: a row for each step: how many requests, by the time when they
# began, each site answered, and how many nobody did at once. MARKS is a file of lines "US TEXT". The seconds
# count from TIMELINE_ZERO_US, or FROM-US.
timeline() {
	local from=$1 to=$2 step=$3 marks=$4
	shift 4

	printf '  %8s  %-27s  %-27s  %s\n' seconds "${SITES[0]}" "${SITES[1]}" "not at once"
	pulses "$@" | awk -v from="$from" -v to="$to" -v step="$((step * 1000))" \
		-v first=" ${BACKENDS_OF[${SITES[0]}]} " -v zero="${TIMELINE_ZERO_US:-$from}" '
		# A block is three bytes, and printf may count these: so the blanks are counted here.
		function bar(n, text, i, blocks) {
			blocks = int(n * 20 / most + 0.5)
			for (i = 0; i < blocks; i++) text = text "\342\226\210"
			text = text " " (n ? n : "-")
			for (i = blocks + length(n ? n : "-") + 1; i < 27; i++) text = text " "
			return text
		}
		$1 < from || $1 >= to { next }
		{ row = int(($1 - from) / step) }
		marks {
			$1 = ""
			mark[row] = mark[row] (mark[row] ? ";" : "  <-") $0
			next
		}
		$3 != "ok" || $5 > 0 { lost[row]++; next }
		{ n = ++count[row, index(first, " " $4 " ") > 0]; if (n > most) most = n }
		END {
			if (!most) most = 1
			for (row = 0; row < int((to - from) / step); row++)
				printf "  %8.1f  %s  %s  %s%s\n", (from - zero + row * step) / 1e6,
					bar(count[row, 1]), bar(count[row, 0]), lost[row] ? lost[row] : "-", mark[row]
		}' marks=1 "$marks" marks=0 -
}
