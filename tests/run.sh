#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Runs the tests and counts them: run.sh [unit|packet|lab] [PATTERN].
#
#	unit	cmocka programs, by `meson test`
#	packet	packets through the BPF programs (BPF_PROG_TEST_RUN), by `meson test`
#	lab	tests/lab/*.sh: real kernels and daemons, one after the other; those whose head says
#		"Runs beside others" are begun first, as they wait most of their time
#
# All of them speak TAP, a line a test: "ok 3 - sentence". A program that ends before it has
# reported what it planned, or that fails without saying which test did, counts as a failure.
# PATTERN chooses the programs whose name contains it.
#
# The last line of all is "N passed, N failed", with ", N skipped" if there are any.

set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin

cd "$(dirname "$0")/.."

LAB_TEST_SECONDS=300 # of a lab test whose head does not say "Takes up to N s"
passed=0 failed=0 skipped=0

# count KIND LINE: one more of this kind, and its sentence.
count() {
	local sentence

	sentence=$(sed -E 's/^(not )?ok *[0-9]* *(- )?//' <<<"$2")
	case $1 in
	passed) printf '  ok        %s\n' "$sentence" && ((++passed)) ;;
	skipped) printf '  skipped   %s\n' "$sentence" && ((++skipped)) ;;
	failed) printf '  not ok    %s\n' "$sentence" && ((++failed)) ;;
	esac
}

# report NAME: reads a program's TAP and, as its last line, "exit STATUS"; prints and counts.
report() {
	local name=$1 line planned=0 seen=0 bad=0 status=unknown reason=''

	printf "\n%s\n" "$name"
	while IFS= read -r line; do
		case $line in
		1..*) planned=$((planned + $(plan "$line"))) ;;
		'ok '*'# '[Ss][Kk][Ii][Pp]*) count skipped "$line" && ((++seen)) ;;
		'ok '*) count passed "$line" && ((++seen)) ;;
		'not ok '*) count failed "$line" && ((++seen, ++bad)) ;;
		'exit '*) status=${line#exit } ;;
		'' | '# ok - '* | '# not ok - '*) ;; # the last: cmocka's word on the whole program
		*) printf '            %s\n' "$line" ;;
		esac
	done

	((planned > 0)) || reason="reported no plan"
	((seen == planned)) || reason="planned $planned tests and reported $seen"
	[[ $status == 0 ]] || ((bad > 0)) || reason="ended with status $status"
	[[ -z $reason ]] || count failed "not ok - $name $reason"
}

# plan LINE: the number of tests in "1..7", also in "1..0 # SKIP why".
plan() { sed -E 's/^1\.\.([0-9]+).*/\1/' <<<"$1"; }

# programs SUITE PATTERN: meson's names of the suite's programs.
programs() {
	meson introspect --tests build |
		jq -r --arg suite ":$1" --arg pattern "$2" \
			'.[] | select(any(.suite[]; endswith($suite)))
			     | .name | select(contains($pattern))'
}

# built_suite SUITE PATTERN: meson runs the programs, side by side, and keeps what they said.
built_suite() {
	local suite=$1 names name results=build/meson-logs/testlog.json

	mapfile -t names < <(programs "$suite" "$2")
	((${#names[@]} > 0)) || return 0
	rm -f "$results"
	meson test -C build --no-rebuild --suite "$suite" "${names[@]}" >build/"$suite".log 2>&1 || true
	for name in "${names[@]}"; do
		report "$suite: $name" < <(result_of "$name" "$results")
	done
}

# result_of NAME FILE: nothing if meson did not run it, which is reported as a failure. With several
# suites in the project meson calls it "holdfast:SUITE / NAME".
result_of() {
	jq -r --arg name "$1" 'select(.name == $name or (.name | endswith(" / " + $name)))
		| .stdout,
		  (if .returncode == 0 then empty else (.stderr // "" | rtrimstr("\n")) end),
		  "exit \(.returncode)"' "$2" 2>&1
}

# lab_tests PATTERN: the files.
lab_tests() {
	local file

	for file in tests/lab/*.sh; do
		[[ $(basename "$file" .sh) != *"$1"* ]] || echo "$file"
	done
}

head_says() { sed -n '2,/^$/p' "$1" | grep -qF "$2"; }

seconds_of() {
	local seconds

	seconds=$(sed -n '2,/^$/s/.*Takes up to \([0-9]\+\) s.*/\1/p' "$1")
	echo "${seconds:-$LAB_TEST_SECONDS}"
}

# lab_test FILE: its TAP, and "exit STATUS".
lab_test() {
	local status=0

	(in_time "$1") || status=$?
	echo "exit $status"
}

in_time() { exec timeout --foreground --kill-after=60 "$(seconds_of "$1")" bash "$1" 2>&1; }

# lab_test_beside FILE: the same in the background. Whether Ctrl-C is heard there is for the shell to
# decide; so it is passed on.
lab_test_beside() {
	local status=0 child

	in_time "$1" &
	child=$!
	trap 'kill "$child" 2>/dev/null || true' INT
	wait "$child" || status=$?
	wait "$child" 2>/dev/null || true # the first may have ended by the signal
	echo "exit $status"
}

# Those that run beside others have an instance of their topology each, and are reported behind them.
lab_suite() {
	local file name names=() pids=()

	BESIDE_FOLDER=$(mktemp -d)
	trap 'rm -rf "$BESIDE_FOLDER"' EXIT
	for file in $(lab_tests "$1"); do
		head_says "$file" 'Runs beside others' || continue
		name=$(basename "$file" .sh)
		LAB_INSTANCE=${LAB_INSTANCE:+$LAB_INSTANCE.}$name lab_test_beside "$file" \
			>"$BESIDE_FOLDER/$name" &
		names+=("$name") pids+=($!)
	done
	for file in $(lab_tests "$1"); do
		head_says "$file" 'Runs beside others' ||
			report "lab: $(basename "$file" .sh)" < <(lab_test "$file")
	done
	for name in "${names[@]}"; do
		wait "${pids[0]}" || true
		pids=("${pids[@]:1}")
		report "lab: $name" <"$BESIDE_FOLDER/$name"
	done
}

main() {
	local suites=(unit packet lab) suite pattern

	case ${1:-} in
	unit | packet | lab)
		suites=("$1")
		shift
		;;
	esac
	pattern=${1:-}

	trap 'trap "" INT; wait; exit 130' INT # tests that run take their labs down first
	for suite in "${suites[@]}"; do
		case $suite in
		lab) lab_suite "$pattern" ;;
		*) built_suite "$suite" "$pattern" ;;
		esac
	done

	if ((passed + failed + skipped == 0)); then
		count failed "no test was run${pattern:+: no name contains $pattern}"
	fi
	printf '\n%d passed, %d failed' "$passed" "$failed"
	((skipped == 0)) || printf ', %d skipped' "$skipped"
	printf '\n'
	((failed == 0))
}

main "$@"
