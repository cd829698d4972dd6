# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# What demos have in common: they tell what they do and when, note what did not hold, and end with a verdict.

FAILURES=() # what did not hold
SLOW=()     # what held, but not in the time that is promised

heading() { printf '\n%s\n\n' "$*"; }

# expect WHAT COMMAND...: notes a failure; the demo goes on and tells at the end.
expect() {
	local what=$1
	shift
	"$@" || FAILURES+=("$what")
}

# expect_in_time WHAT COMMAND...: the same for a time, which a machine without a processor to spare may not keep.
expect_in_time() {
	local what=$1
	shift
	"$@" || SLOW+=("$what")
}

seconds_since() { awk -v us="$(($(now_us) - $1))" 'BEGIN { printf "%.1f", us / 1e6 }'; }

percent() { awk -v part="$1" -v all="$2" 'BEGIN { printf "%.1f", all ? 100 * part / all : 0 }'; }

# story_once [--once]: true or false, of a demo's arguments.
story_once() {
	case ${1:-} in
	--once) echo true ;;
	'') echo false ;;
	*) die "what is '$1'? The one option is --once" ;;
	esac
}

# story_begin: the clock of `tell` starts.
story_begin() {
	STORY_US=$(now_us)
	STORY_MARKS=$LAB_STATE/marks
	: >"$STORY_MARKS"
}

# tell TEXT...: with the time.
tell() { printf '  %5.1f s  %s\n' "$(seconds_since "$STORY_US")" "$*"; }

# more TEXT...: what belongs to it.
more() { printf '           %s\n' "$*"; }

# event TEXT...: it happens now, says the timeline, and EVENT_US. event_at US TEXT...: it happened then.
event() { event_at "$(now_us)" "$@"; }
event_at() {
	EVENT_US=$1
	echo "$*" >>"$STORY_MARKS"
}

# median / maximum NUMBER...
median() { printf '%s\n' "$@" | sort -n | awk '{ n[NR] = $1 } END { printf "%.0f\n", NR % 2 ? n[(NR + 1) / 2] : (n[NR / 2] + n[NR / 2 + 1]) / 2 }'; }
maximum() { printf '%s\n' "$@" | sort -n | tail -n 1; }

# processor_waits: "NOW-US WAITED-US", how long processes have waited for a processor so far (/proc/pressure,
# which not every kernel has).
processor_waits() {
	echo "$(now_us) $(sed -n 's/^some .*total=//p' /proc/pressure/cpu 2>/dev/null)"
}

# waited_since WAITS: what part of the time since then, in percent.
waited_since() {
	awk '{ if (NF == 4) printf "%.0f %%", 100 * ($4 - $2) / ($3 - $1); else print "? %" }' <<<"$1 $(processor_waits)"
}

STORY_SLOW=3 # the exit status of a story in which all held, and some of it not in time

# story_verdict WHAT-HELD: 1 if something did not, and STORY_SLOW if only a time was not kept.
story_verdict() {
	local failure

	echo
	if ((${#FAILURES[@]} + ${#SLOW[@]} == 0)); then
		printf 'All of it held: %s\n' "$1"
		return 0
	fi
	for failure in "${FAILURES[@]}" "${SLOW[@]}"; do
		printf 'NOT so: %s\n' "$failure"
	done
	losses >"$LAB_STATE/log/losses.log" || true
	printf "The daemons' logs, and what the kernel lost: build/lab/log/%s/\n" "$LAB"
	((${#FAILURES[@]} == 0)) || return 1
	printf 'But for these times all of it held: %s\n' "$1"
	return "$STORY_SLOW"
}

# story_stays: until Ctrl-C. Reads on stdin what can be tried meanwhile.
story_stays() {
	local never

	echo
	cat
	exec {never}<> <(:)
	while true; do
		read -r -t 3600 -u "$never" || true
	done
}
