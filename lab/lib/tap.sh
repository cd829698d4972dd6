# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# Lab tests: a test is a sentence and a command that makes it true. Output is TAP.
#
#	it "answers a request over IPv4" get web 4
#	tests_end
#
# Of a failure's output the end is shown, where the command that failed is; all of a longer one is in the logs.

TESTS=0
SHOWN=12 # lines

# it SENTENCE COMMAND...: the command runs in a subshell that stops at its first error.
it() {
	local sentence=$1 output status
	shift

	((++TESTS))
	set +e
	output=$(set -eE && exec 2>&1 && trap 'where "$BASH_COMMAND"' ERR && "$@")
	status=$?
	set -e
	if ((status == 0)); then
		echo "ok $TESTS - $sentence"
	else
		echo "not ok $TESTS - $sentence"
		output=${output:-$* ended with status $status}
		{ failure "$output" && losses; } | sed 's/^/# /' || true
	fi
}

# where COMMAND: it has just failed, and may have said nothing. To stderr, which is never a value; and not from a
# subshell within, whose failure may be meant.
where() {
	local i=1 at=()

	((BASH_SUBSHELL == 1)) || return 0
	while [[ ${FUNCNAME[i]} != it ]]; do
		at+=("${BASH_SOURCE[i]##*/}:${BASH_LINENO[i - 1]}")
		((++i))
	done
	((${#at[@]} == 0)) || echo "[failed at ${at[*]}: $1]" >&2
}

# failure OUTPUT: the end of it.
failure() {
	local lines log=$LAB_STATE/log/test-$TESTS.log

	lines=$(wc -l <<<"$1")
	if ((lines > SHOWN)) && [[ -d ${log%/*} ]]; then
		echo "$1" >"$log"
		echo "[the first $((lines - SHOWN)) of $lines lines are in ${log##*/} only, below build/lab/log]"
	fi
	tail -n "$SHOWN" <<<"$1"
}

tests_end() { echo "1..$TESTS"; }

# is WANT COMMAND...: the command prints exactly this.
is() {
	local want=$1 got
	shift

	got=$("$@") || true
	[[ $got == "$want" ]] || {
		echo "$*: '$got', not '$want'"
		return 1
	}
}

# fails COMMAND...
fails() {
	if "$@"; then
		echo "$*: succeeded"
		return 1
	fi
}
