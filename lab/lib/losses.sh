# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# What was lost beside Holdfast: packets by the kernel, and routers' sessions. All hosts of a lab are one kernel,
# and all labs of a machine share its queues: a packet that no gateway and no agent has seen may be here.
# Printed when a test fails.

LOSSES='Discards|NoRoutes|Drop|Overflow|BufErrors|InErrors|InHdrErrors|InAddrErrors|Pruned|ReqQFull|MemoryPressures|ReasmFails'

# losses_begin: what the machine had lost before.
losses_begin() { machine_losses >"$LAB_STATE/losses"; }

# losses: what it lost since, and each node of the lab since it was made.
losses() {
	local node

	[[ -e $LAB_STATE/losses ]] || return 0
	echo "lost since the lab was opened, in all labs of this machine: $(machine_losses |
		paste "$LAB_STATE/losses" - | awk '{ printf "%s%d %s", sep, $3 - $1, $2; sep = ", " }')"
	for node in $(nodes); do
		node_losses "$node"
	done
	grep -H 'ADJCHANGE.* Down' "$LAB_STATE"/log/*.bgpd.log 2>/dev/null | sed "s|^$LAB_STATE/log/||" || true
}

# machine_losses: "COUNT WHAT", a line each. Of the files the kernel says no more than net/core/net-procfs.c and
# net/core/neighbour.c do.
machine_losses() {
	echo "$(hex_sum 2 0 /proc/net/softnet_stat) full-cpu-queue"
	echo "$(hex_sum 12 1 /proc/net/stat/arp_cache) arp-queue"
	echo "$(hex_sum 12 1 /proc/net/stat/ndisc_cache) ndisc-queue"
	echo "$(hex_sum 11 1 /proc/net/stat/arp_cache) arp-forced-gc"
	echo "$(hex_sum 11 1 /proc/net/stat/ndisc_cache) ndisc-forced-gc"
}

# hex_sum COLUMN HEADER-LINES FILE: of all CPUs.
hex_sum() {
	local sum=0 value

	while read -r value; do
		sum=$((sum + 16#$value))
	done < <(awk -v column="$1" -v header="$2" 'NR > header { print $column }' "$3")
	echo "$sum"
}

node_losses() {
	local devices counters

	devices=$(link_losses "$1" 2>/dev/null)
	counters=$(on "$1" nstat -as 2>/dev/null |
		awk -v losses="$LOSSES" '$1 ~ losses { printf "%s%s %s", sep, $1, $2; sep = ", " }')
	[[ -z $devices$counters ]] || echo "$1 lost: ${devices:-no device did}; ${counters:-no protocol did}"
}

# link_losses NODE: by device and direction.
link_losses() {
	ip_on "$1" -s -j link | jq -r '[.[] | .ifname as $name | .stats64 |
		{rx: (.rx.dropped + .rx.errors), tx: (.tx.dropped + .tx.errors)} | to_entries[] |
		select(.value > 0) | "\($name) \(.key) \(.value)"] | join(", ")'
}

# links_lost_nothing NODE: or it says what.
links_lost_nothing() {
	local lost

	lost=$(link_losses "$1")
	[[ -z $lost ]] || {
		echo "$1 lost: $lost"
		return 1
	}
}
