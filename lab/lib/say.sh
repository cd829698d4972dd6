# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# Words for people: errors in one line, and the drawings of the topologies.

complain() { echo "${0##*/}: $*" >&2; }

die() {
	complain "$@"
	exit 1
}

# drawing FILE: the part of a topology's opening comment between two lines of "#  ---".
drawing() { sed -n '/^#  ---/,/^#  ---/ { /^#  ---/d; s/^#//; p; }' "$1"; }

# title FILE: what the topology is, in one line: its first comment after the licence.
title() { sed -n 's/^# \([A-Z].*\)/\1/p; T; q' <(grep -v SPDX "$1"); }
