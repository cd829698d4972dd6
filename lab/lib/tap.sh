# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# Lab tests: a test is a sentence and a command that makes it true. Output is TAP.
#
#	it "answers a request over IPv4" get web 4
#	tests_end

TESTS=0

# it SENTENCE COMMAND...: the command runs in a subshell that stops at its first error.
it() {
	local sentence=$1 output status
	shift

	((++TESTS))
	set +e
	output=$(set -e && exec 2>&1 && "$@")
	status=$?
	set -e
	if ((status == 0)); then
		echo "ok $TESTS - $sentence"
	else
		echo "not ok $TESTS - $sentence"
		output=${output:-$* ended with status $status}
		echo "# ${output//$'\n'/$'\n'# }"
		losses | sed 's/^/# /' || true
	fi
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
