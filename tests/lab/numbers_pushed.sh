#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The numbers are pushed to InfluxDB, which knows how many packets were sent; and when it is down, slow, or
# refuses, that is one line in the log and nothing else. Topology: lab/topologies/anycast.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

QUERIES=300
INTERVALS=4 # in which nothing more is said

pushes_to() { METRICS="influx: {url: \"http://[fd48:6f6c:ffff:1::1]:8086/write?db=$1\", interval: 1}"; }

# says QUERY WANT: within a few pushes.
says() {
	wait_for "InfluxDB to say $2" 10 influx_is "$@" || {
		echo "$1: $(influxql "$FABRIC" "$1")"
		return 1
	}
}

influx_is() { [[ $(influxql "$FABRIC" "$1" | sort | paste -sd ' ') == "$2" ]]; }

everybody_pushes() {
	says 'SHOW TAG VALUES FROM holdfast_build WITH KEY = node' 'b1 b2 b3 g1 g2'
	says 'SHOW TAG VALUES FROM holdfast_build WITH KEY = role' 'agent gateway'
}

packets_are_counted() {
	requests dns 4 "$QUERIES"
	requests dns 6 "$QUERIES"
	says "SELECT sum(last) FROM (SELECT last(packets_total) FROM holdfast_verdict
		WHERE verdict = 'picked' GROUP BY node)" $((2 * QUERIES))
}

backend_dies() {
	kill -KILL -- "-$(pid_of b1 nginx)"
	says "SELECT last(up) FROM holdfast_backend WHERE service = 'web' AND backend = 'b1' GROUP BY node" '0 0'
	says "SELECT last(open) FROM holdfast_backend WHERE service = 'web' AND backend = 'b2' GROUP BY node" '1 1'
}

complaints() { grep -c 'metrics: not taken by InfluxDB' "$(log_of g1 gateway)" || true; }
thanks() { grep -c 'metrics: taken by InfluxDB at .* again' "$(log_of g1 gateway)" || true; }
has_complained() { [[ $(complaints) == "$1" ]]; }
has_thanked() { [[ $(thanks) == "$1" ]]; }

pushes_seen() { on g1 curl -sf 'http://[::1]:9469/metrics' | awk '/^holdfast_pushes_total/ { print $2 }'; }
has_pushed() { (($(pushes_seen) >= $1)); }

# one_line COUNT PATTERN: the COUNTth complaint has come, and some intervals later it is still the last.
one_line() {
	local before

	wait_for "g1 to complain" 10 has_complained "$1"
	before=$(pushes_seen)
	wait_for "$INTERVALS more pushes" 15 has_pushed $((before + INTERVALS))
	has_complained "$1"
	grep 'metrics: not taken by InfluxDB' "$(log_of g1 gateway)" | tail -n 1 | grep -E "$2"
	requests dns 4 100
	answered_once dns 4
}

is_down() {
	stop "$FABRIC" influxdb KILL
	one_line 1 'http://.*: (Failed to connect|Connection)'
}

is_back() {
	influxdb_on "$FABRIC"
	wait_for "g1 to say that it is taken again" 10 has_thanked "$1"
}

is_slow() {
	signal "$FABRIC" influxdb STOP
	one_line 2 'it has not answered within the interval'
	signal "$FABRIC" influxdb CONT
	wait_for "g1 to say that it is taken again" 10 has_thanked 2
}

refuses() {
	pushes_to elsewhere
	put_config
	signal g1 gateway HUP
	one_line 3 'it answers 404 .*database not found'
}

lab_open anycast
pushes_to holdfast
topology_up
influxdb_on "$FABRIC"
traffic_begin
it "gateways and agents push their numbers" everybody_pushes
it "what was sent is what was counted" packets_are_counted
it "a backend that dies is seen" backend_dies
it "an InfluxDB that is down is one line, and requests are answered" is_down
it "when it is back, that is one more" is_back 1
it "one that is slow is one line" is_slow
it "one that refuses is one line" refuses
tests_end
