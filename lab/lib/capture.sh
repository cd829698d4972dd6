# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# An independent eye: dumpcap records, tshark dissects. Gateways and agents are watched from the
# fabric's end of their links, since XDP transmits below the place where the own end could look.

# capture NODE DEVICE: starts to record, and returns when it does.
capture() {
	local file="$LAB_STATE/capture/$2.pcapng"

	mkdir -p "$LAB_STATE/capture"
	start "$1" "dumpcap-$2" dumpcap -q -i "$2" -w "$file"
	wait_ready "$1" "dumpcap-$2" "the capture on $2" 10 grep -q '^File:' "$(log_of "$1" "dumpcap-$2")"
}

# capture_end NODE DEVICE: the file is complete after this.
capture_end() { stop "$1" "dumpcap-$2" INT; }

# captured DEVICE FILTER [TSHARK-OPTIONS]: the packets that match a display filter, a line each.
# A link carries one direction of a connection, and a gateway's link every packet twice: tshark is told
# not to complain about gaps in TCP, and to take what the packets carry as data: queries seem repeated, and
# a client's port may be any protocol's.
captured() {
	tshark -r "$LAB_STATE/capture/$1.pcapng" -Y "$2" -n \
		-o tcp.analyze_sequence_numbers:FALSE -o tcp.desegment_tcp_streams:FALSE \
		-d udp.port==53,data -d tcp.port==80,data "${@:3}" 2>/dev/null
}

count_captured() { captured "$@" | wc -l; }

# has_captured DEVICE FILTER / has_not_captured DEVICE FILTER, with the offenders shown.
has_captured() {
	(($(count_captured "$@") > 0)) || {
		echo "no packet on $1 matches: $2"
		return 1
	}
}

has_not_captured() {
	local found

	found=$(captured "$@" | sed -n 1,5p)
	[[ -z $found ]] || {
		printf 'packets on %s that match %s:\n%s\n' "$1" "$2" "$found"
		return 1
	}
}
