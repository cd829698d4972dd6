# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# InfluxDB (1.6), which the numbers are pushed to, with the database `holdfast`.

# influxdb_on NODE
influxdb_on() {
	local node=$1 home="$LAB_STATE/$1/influxdb"

	mkdir -p "$home"
	cat >"$home/influxdb.conf" <<-END
		reporting-disabled = true
		bind-address = "[::1]:8088"
		[meta]
		dir = "$home/meta"
		[data]
		dir = "$home/data"
		wal-dir = "$home/wal"
		[http]
		bind-address = "[::]:8086"
		log-enabled = false
		[monitor]
		store-enabled = false
	END
	start "$node" influxdb influxd -config "$home/influxdb.conf"
	wait_ready "$node" influxdb "InfluxDB to answer" 20 on "$node" curl -sf 'http://[::1]:8086/ping'
	on "$node" curl -sf -X POST --data-urlencode 'q=CREATE DATABASE holdfast' 'http://[::1]:8086/query' >/dev/null
}

# influxql NODE QUERY: the last column of every row, a line each.
influxql() {
	on "$1" curl -sf --get --data-urlencode "q=$2" --data-urlencode db=holdfast 'http://[::1]:8086/query' |
		jq -r '.results[0].series[]?.values[][-1]'
}
