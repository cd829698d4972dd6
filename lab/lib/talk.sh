# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# A connection of the client that lasts while the network changes around it.

# talk_open NAME SERVICE FAMILY: connects.
talk_open() {
	local pipe="$LAB_STATE/talk.$1"

	rm -f "$pipe.in" "$pipe.out"
	mkfifo "$pipe.in" "$pipe.out"
	start "$CLIENT" "talk-$1" "$LAB_HOME/lab/talk.sh" "$(vip "$2" "$3")" "${PORT[$2]}" \
		"$pipe.in" "$pipe.out"
	is open talk_hears "$1"
}

# talk NAME: one request on the connection; prints the backend that answers, or "lost".
talk() {
	running "$CLIENT" "talk-$1" || {
		echo lost
		return
	}
	echo >"$LAB_STATE/talk.$1.in"
	talk_hears "$1"
}

talk_hears() {
	local answer

	# Opened for both directions: whether or not the other end lives, this does not hang.
	read -r -t 15 answer <>"$LAB_STATE/talk.$1.out" || answer=silence
	echo "$answer"
}

talk_close() { stop "$CLIENT" "talk-$1"; }
