# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# Long downloads of the service web by curl: a million bytes each, slowly, compared byte for byte with what
# the server was to send. In $LAB_STATE/downloads/CLIENT.FAMILY.* and, a line each as they end, in the log of
# the client's process download-FAMILY:
#
#	CURL'S-EXIT-CODE SERVER FILE

# downloads_begin CLIENT FAMILY COUNT SECONDS: and returns when each of them has got something.
downloads_begin() {
	local client=$1 family=$2 count=$3 rate=$((1000000 / $4)) into="$LAB_STATE/downloads/$1.$2"

	mkdir -p "$LAB_STATE/downloads"
	# One that hears nothing for ten seconds gives up.
	start "$client" "download-$family" curl --no-progress-meter --parallel --parallel-max "$count" \
		--parallel-immediate --speed-limit 1 --speed-time 10 --output "$into.#1" \
		--write-out "%{exitcode} %header{x-backend} %{filename_effective}\n" \
		"$(url web "$family")/slow?rate=$rate&n=[1-$count]"
	wait_for "$count downloads of $client over IPv$family to begin" 10 have_begun "$into" "$count" ||
		downloads_complain "$client" "$family"
}

# downloads_complain CLIENT FAMILY: what curl says, where its connections stand and what the gateways know of
# them, and what the kernel lost; 1.
downloads_complain() {
	local node here there

	tail -n 4 "$(log_of "$1" "download-$2")"
	on "$1" ss -tinO "dst $(vip web "$2")"
	on "$1" ss -tnH "dst $(vip web "$2")" | while read -r _ _ _ here there _; do
		for node in "${GATEWAYS[@]}"; do
			echo "$node: $(holdfast "$node" path tcp "$here" "$there" 2>&1 | paste -s -d ' ')"
		done
	done
	losses
	return 1
}

have_begun() { [[ $(find "$(dirname "$1")" -name "$(basename "$1").*" -size +0 | wc -l) == "$2" ]]; }

# downloads_end CLIENT FAMILY SECONDS: waits for the last one's end.
downloads_end() {
	wait_for "the downloads of $1 over IPv$2 to end" "$3" has_ended "$LAB_STATE/processes/$1.download-$2"
}

# downloads_whole [SERVER...]: "BEGUN WHOLE APART BROKEN" of all. Apart are the broken ones of these servers.
downloads_whole() {
	local file begun=0 whole=0 apart=0 broken=0 code server
	local -A server_of_file=()

	while read -r code server file; do
		server_of_file[${file##*/}]=$server
	done < <(grep -h '^[0-9]' "$LAB_STATE"/log/*.download-[46].log)
	for file in "$LAB_STATE"/downloads/*; do
		((++begun))
		server=${server_of_file[${file##*/}]:-?}
		if cmp -s "$file" "$LAB_STATE/million"; then
			((++whole))
		elif [[ " $* " == *" $server "* ]]; then
			((++apart))
		else
			((++broken))
		fi
	done
	echo "$begun $whole $apart $broken"
}
