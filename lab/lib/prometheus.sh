# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# Prometheus, which fetches the numbers of gateways and agents every second, and is asked about them.

PROMETHEUS_AT='[::1]:9090'

# prometheus_on NODE TARGET...: TARGET is ADDRESS:PORT. It judges by the example's alerts, too.
prometheus_on() {
	local node=$1 home="$LAB_STATE/$1/prometheus"
	shift

	mkdir -p "$home"
	{
		printf 'global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\n'
		printf 'rule_files: ["%s"]\nscrape_configs:\n' "$LAB_HOME/examples/prometheus/alerts.yaml"
		printf '  - job_name: holdfast\n    static_configs:\n      - targets:\n'
		printf '          - "%s"\n' "$@"
	} >"$home/prometheus.yml"
	start "$node" prometheus prometheus --config.file="$home/prometheus.yml" \
		--storage.tsdb.path="$home/data" --web.listen-address="$PROMETHEUS_AT"
	wait_ready "$node" prometheus "Prometheus to answer" 20 \
		on "$node" curl -sf "http://$PROMETHEUS_AT/-/ready"
}

# promql NODE QUERY: the value of a query that has one, or nothing; of several, "LABEL VALUE" by LABEL.
promql() {
	on "$1" curl -sf --get --data-urlencode "query=$2" "http://$PROMETHEUS_AT/api/v1/query" |
		jq -r --arg by "${3:-}" '.data.result | sort_by(.metric[$by])[]
			| (if $by == "" then "" else .metric[$by] + " " end) + .value[1]'
}
