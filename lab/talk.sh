#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# One TCP connection that lasts: talk.sh ADDRESS PORT IN OUT. For each line read from the fifo IN
# it makes a request on the connection, and writes the answering backend to OUT, or "lost".

set -u
address=$1 port=$2 in=$3 out=$4

# One request; prints the name in X-Backend. The body is the same name, in one line.
ask() {
	local line backend=''

	printf 'GET /talk HTTP/1.1\r\nHost: lab\r\n\r\n' >&3 || return 1
	while IFS= read -r -t 10 -u 3 line; do
		line=${line%$'\r'}
		case $line in
		X-Backend:*) backend=${line#*: } ;;
		'')
			IFS= read -r -t 10 -u 3 line && [[ $line == "$backend" ]] && echo "$backend"
			return
			;;
		esac
	done
	return 1
}

exec 4<>"$in" 5<>"$out"
exec 3<>"/dev/tcp/$address/$port" || exit 1
echo open >&5
while read -r -u 4 _; do
	ask >&5 || {
		echo lost >&5
		exit 1
	}
done
