# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154
#
# What daemons say in their logs since a moment.
#
#	mark_logs g1 b1			from now on
#	says g1 "is up"			is it among the new lines? An expression, as grep has them
#	say_once "is up" g1 b1		each comes to say it, and has said it once

role_of() { [[ " ${GATEWAYS[*]} " == *" $1 "* ]] && echo gateway || echo agent; }

mark_logs() {
	local node

	for node; do
		wc -l <"$(log_of "$node" "$(role_of "$node")")" >"$LAB_STATE/$node/mark"
	done
}

new_lines() { tail -n "+$(($(<"$LAB_STATE/$1/mark") + 1))" "$(log_of "$1" "$(role_of "$1")")"; }
says() { new_lines "$1" | grep "$2"; }

say_once() {
	local text=$1 node
	shift

	for node; do
		wait_for "$node to say '$text'" 45 says "$node" "$text"
		is 1 eval "new_lines $node | grep -c \"$text\""
	done
}
