#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The numbers go out: Prometheus fetches them from gateways and agents and knows how many packets were
# sent, and to whom; and what happens is told to who follows the events. Topology: lab/topologies/anycast.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

QUERIES=300
METRICS='listen: "[::]:9469", agent-listen: "[::]:9470"'
ALERTS="$LAB_HOME/examples/prometheus/alerts.yaml"

targets() {
	local node

	for node in "${GATEWAYS[@]}"; do
		echo "[$(link_address "$node")]:9469"
	done
	for node in "${AGENT_BACKENDS[@]}"; do
		echo "[$(link_address "$node")]:9470"
	done
}

# says QUERY WANT...: within a few scrapes.
says() {
	wait_for "Prometheus to say that $1 is $2" 10 promql_is "$@" || {
		echo "$1: $(promql "$FABRIC" "$1" "${3:-}")"
		return 1
	}
}

promql_is() { [[ $(promql "$FABRIC" "$1" "${3:-}") == "$2" ]]; }

# metrics_of NODE PORT
metrics_of() { on "$FABRIC" curl -sf "http://[$(link_address "$1")]:$2/metrics"; }

# promtool says nothing about good ones.
well_formed() { is '' check_metrics "$@"; }
check_metrics() { metrics_of "$@" | promtool check metrics 2>&1; }

# Of the example's rules that Prometheus judges: the names of those whose condition holds. HoldfastLate is of the
# machine, which others use as well.
alerts() {
	promql "$FABRIC" 'count by (alertname) (ALERTS{alertname!="HoldfastLate"})' alertname | sed 's/ .*//'
}

rules_are_judged() {
	wait_for "Prometheus to have judged all rules" 10 is "$(grep -c -- '- alert:' "$ALERTS") ok" rules
	is '' alerts
}

# rules: how many there are, and how they do: ok, or err.
rules() {
	on "$FABRIC" curl -sf "http://$PROMETHEUS_AT/api/v1/rules" |
		jq -r '[.data.groups[].rules[].health] | "\(length) \(unique | join(" "))"'
}

raised() { wait_for "$1 among the alerts" 10 among_alerts "$1"; }
among_alerts() { alerts | grep -qx "$1"; }

# Each is one packet, which one of the gateways sends to a backend; the agents take them.
packets_are_counted() {
	local before gateways='sum(holdfast_packets_total{verdict="picked"})'

	requests dns 4 "$QUERIES"
	says "$gateways" "$QUERIES"
	requests dns 6 "$QUERIES"
	says "$gateways" $((2 * QUERIES))
	is $((2 * QUERIES)) sum_of_counters picked "${GATEWAYS[@]}"
}

sum_of_counters() {
	local name=$1 node sum=0
	shift

	for node; do
		sum=$((sum + $(counter "$node" "$name")))
	done
	echo "$sum"
}

backend_dies() {
	kill -KILL -- "-$(pid_of b1 nginx)"
	says 'min by (backend) (holdfast_backend_up{service="web"})' $'b1 0\nb2 1\nb3 1' backend
	says 'max by (backend) (holdfast_backend_open{service="web"})' $'b1 0\nb2 1\nb3 1' backend
	says 'min(holdfast_backend_falls_total{service="web",backend="b1"})' 1
	raised HoldfastBackendDown
}

follow() {
	start g1 follow "$LAB_BUILD/cli/holdfast" --socket "$(socket_of g1)" events --follow --json
	followed vip-announced ".vip == \"${VIP6[web]}\""
}

# followed EVENT CONDITION [SECONDS]: who follows g1 has read of such an event.
followed() {
	wait_for "$1 with $2 in the events of g1" "${3:-5}" has_read "$@" || {
		cat "$(log_of g1 follow)"
		return 1
	}
}

has_read() { jq -se "any(.[]; .event == \"$1\" and ($2))" "$(log_of g1 follow)"; }

death_was_followed() {
	followed backend-down '.service == "web" and .backend == "b1" and (.reason | length > 0)'
	holdfast g1 events | grep -E '^[0-9-]+ [0-9:.]+  backend-down +service web: b1 is down, it [a-z ]+$'
}

return_is_followed() {
	rm -f "$LAB_STATE/b1/nginx/upload.sock"
	nginx_on b1
	followed backend-up '.service == "web" and .backend == "b1"' 15
}

switch_is_followed() {
	holdfast g1 off dns-plain
	holdfast g1 off web-plain
	followed service-off '.service == "web-plain"'
	followed vip-withdrawn ".vip == \"${VIP4[web-plain]}\""
	holdfast g1 on all
	followed service-on '.service == "web-plain"'
	says 'sum(holdfast_events_total{event="service-off"})' 2
}

# Half a configuration is none.
refusal_is_followed() {
	echo 'infrastructure: nowhere' >"$LAB_STATE/holdfast.yaml"
	signal g1 gateway HUP
	followed config-refused true
	says 'max(holdfast_config_refused{job="holdfast"})' 1
	raised HoldfastConfigRefused
	put_config
	signal g1 gateway HUP
	followed config-read true
	says 'max(holdfast_config_refused{job="holdfast"})' 0
}

gateway_dies_and_returns() {
	set_sysctl g2 net.ipv6.conf.eth0.keep_addr_on_down=1
	ip_on g2 link set eth0 down
	followed gateway-silent '.gateway == "g2"'
	ip_on g2 link set eth0 up
	ip_on g2 -6 route replace default via "$(fabric_address g2)"
	followed gateway-back '.gateway == "g2"' 15
}

gateway_dies() {
	signal g2 gateway STOP # its data plane goes on, but nobody gives its numbers
	says 'sum(up)' 4
	raised HoldfastDaemonDown
	signal g2 gateway CONT
	says 'sum(up)' 5
}

# Every gateway asks for web's three backends at least ten times a second; a connection here takes far less than 50 ms.
checks_take_time() {
	local checks='{service="web",backend_site="ams"}' seconds=holdfast_health_check_duration_seconds

	says "min(rate(${seconds}_count$checks[5s])) > bool 10" 1
	says "count(${seconds}_bucket$checks)" 26
	says "min(${seconds}_bucket{service=\"web\",le=\"+Inf\"} - on (instance) ${seconds}_count$checks)" 0
	says "histogram_quantile(0.5, sum by (le) (rate(${seconds}_bucket$checks[5s]))) < bool 0.05" 1
	says "min(holdfast_health_check_failures_total$checks) > bool 0" 1
}

generations_agree() {
	says 'count(count by (service, generation) (count_values by (service) ("generation", holdfast_service_generation)))' 4
	says 'max(holdfast_generation) - min(holdfast_generation)' 0
}

# What examples/grafana draws is answered, and most of it is there.
dashboard_is_drawn() {
	local expression drawn=0

	while read -r expression; do
		asked "${expression//\$__rate_interval/5s}" >"$LAB_STATE/drawn" || {
			echo "Prometheus does not understand: $expression"
			return 1
		}
		drawn=$((drawn + $(jq '.data.result | length > 0 | if . then 1 else 0 end' "$LAB_STATE/drawn")))
	done < <(jq -r '.panels[].targets[].expr' "$LAB_HOME/examples/grafana/holdfast.json")
	echo "$drawn expressions have something to draw"
	((drawn >= 9))
}

asked() { on "$FABRIC" curl -sf --get --data-urlencode "query=$1" "http://$PROMETHEUS_AT/api/v1/query"; }

same_as_on_the_socket() {
	is "$(metrics_of g1 9469 | grep -c '^holdfast_')" on_the_socket
}

on_the_socket() { holdfast g1 metrics | grep -c '^holdfast_'; }

loopback_alone() {
	METRICS='' put_config
	signal g1 gateway HUP
	wait_for "g1 to listen on loopback only" 5 fails metrics_of g1 9469
	on g1 curl -sf "http://[::1]:9469/metrics" | grep '^holdfast_build_info{.*node="g1"'
}

lab_open anycast
topology_up
mapfile -t TARGETS < <(targets)
prometheus_on "$FABRIC" "${TARGETS[@]}"
traffic_begin
it "Prometheus reaches two gateways and three agents" says 'sum(up)' 5
it "a gateway's metrics are well-formed" well_formed g1 9469
it "an agent's are, too" well_formed b1 9470
it "what was sent is what was counted" packets_are_counted
it "in a healthy network all of the example's alerts are judged, and none is raised" rules_are_judged
it "each gateway sees the other" says 'sum by (gateway) (holdfast_gateway_peer_up)' $'g1 2\ng2 2' gateway
it "VIPs are announced by both" says 'sum(holdfast_vip_announced)' 8
it "holdfast metrics prints as many" same_as_on_the_socket
it "who follows the events reads of the VIPs that were announced" follow
it "a backend that dies is seen" backend_dies
it "who follows the events reads of it, and why" death_was_followed
it "and of its return" return_is_followed
it "and of what an operator switches off" switch_is_followed
it "and of a configuration that is refused" refusal_is_followed
it "how long health checks take is a histogram, and those that failed are counted" checks_take_time
it "gateways that agree have the same generation of each service" generations_agree
it "Prometheus answers all that the example's dashboard draws" dashboard_is_drawn
it "a gateway without its daemon gives none" gateway_dies
it "and who follows the events reads of a gateway that is cut off" gateway_dies_and_returns
it "without being told otherwise they are given on loopback alone" loopback_alone
tests_end
