# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# Real requests, and the account of them from both ends. Nothing here retries: a request is
# answered by its first packets or counted as lost (TCP's own retransmissions are TCP's business).
#
# What the client saw is in $LAB_STATE/traffic:
#
#	asked	SERVICE FAMILY ASKED ANSWERED, a line a batch
#	flows	SERVICE FAMILY CLIENT-PORT BACKEND, a line a request whose port is known
#
# What the servers saw is in their access logs and in NSD's statistics, less what was there at
# traffic_begin. FAMILY is 4 or 6.

TRAFFIC_AT_ONCE=16 # HTTP requests under way
DNS_BY_KDIG=10	   # of each batch of queries, the ones whose source port and answer are recorded

traffic_begin() {
	local node

	mkdir -p "$LAB_STATE/traffic"
	: >"$LAB_STATE/traffic/asked"
	: >"$LAB_STATE/traffic/flows"
	for node in "${BACKENDS[@]}"; do
		wc -l <"$(access_log "$node")" >"$LAB_STATE/traffic/$node.lines"
		nsd_queries "$node" >"$LAB_STATE/traffic/$node.queries"
	done
	for node in "${GATEWAYS[@]}"; do
		holdfast "$node" counters --json >"$LAB_STATE/traffic/$node.counters"
	done
}

vip() {
	local -n table=VIP$2
	echo "${table[$1]}"
}

# url SERVICE FAMILY
url() {
	case $2 in
	4) echo "http://$(vip "$1" 4)" ;;
	6) echo "http://[$(vip "$1" 6)]" ;;
	esac
}

# requests SERVICE FAMILY COUNT: new connections or new source ports each.
requests() {
	case ${PROTOCOL[$1]} in
	tcp) http_requests "$@" ;;
	udp) dns_requests "$@" ;;
	esac
}

http_requests() {
	local service=$1 family=$2 count=$3 answers

	answers=$(on "$CLIENT" curl --no-progress-meter --parallel --parallel-max "$TRAFFIC_AT_ONCE" --max-time 20 \
		--header 'Connection: close' --output /dev/null \
		--write-out '%{http_code} %{local_port} %header{x-backend}\n' \
		"$(url "$service" "$family")/[1-$count]") || true
	awk -v service="$service" -v family="$family" \
		'$1 == 200 { print service, family, $2, $3 }' <<<"$answers" |
		tee -a "$LAB_STATE/traffic/flows" | record_asked "$service" "$family" "$count"
}

# record_asked SERVICE FAMILY ASKED < one line for each answer
record_asked() { echo "$1 $2 $3 $(wc -l)" >>"$LAB_STATE/traffic/asked"; }

dns_requests() {
	local service=$1 family=$2 count=$3 by_dnsperf answered

	dns_by_kdig "$service" "$family"
	by_dnsperf=$((count - DNS_BY_KDIG))
	# shellcheck disable=SC2153 # PORT is the topology's
	answered=$(yes "www.example A" | head -n "$by_dnsperf" |
		on "$CLIENT" dnsperf -s "$(vip "$service" "$family")" -p "${PORT[$service]}" -n 1 \
			-c "$by_dnsperf" -q "$TRAFFIC_AT_ONCE" -t 5 2>/dev/null |
		awk '/Queries completed:/ { print $3 }') || true
	echo "$service $family $by_dnsperf ${answered:-0}" >>"$LAB_STATE/traffic/asked"
}

# One query from each of some source ports, scattered so that they hash differently.
dns_by_kdig() {
	local service=$1 family=$2 port backend i

	for ((i = 0; i < DNS_BY_KDIG; i++)); do
		port=$((20011 + 977 * i))
		backend=$(ask_who "$service" "$family" "$port") || continue
		echo "$service $family $port $backend"
	done | tee -a "$LAB_STATE/traffic/flows" | record_asked "$service" "$family" "$DNS_BY_KDIG"
}

# ask_who SERVICE FAMILY PORT: the backend that answers a query from this source port.
ask_who() {
	on "$CLIENT" kdig +short +retry=0 +timeout=5 -b "${CLIENT_ADDRESS[$2]}#$3" -p "${PORT[$1]}" \
		"@$(vip "$1" "$2")" whoami.example TXT | grep -o '[a-z0-9]\+'
}

# upload SERVICE FAMILY BYTES: the number of bytes that the server says it received.
upload() {
	head -c "$3" /dev/zero | on "$CLIENT" curl --silent --max-time 20 --header Expect: \
		--data-binary @- "$(url "$1" "$2")/upload"
}

# get SERVICE FAMILY [SECONDS]: the backend that answers.
get() { on "$CLIENT" curl --silent --fail --max-time "${3:-10}" "$(url "$1" "$2")/"; }

# asked SERVICE FAMILY / answered SERVICE FAMILY: as the client counted.
asked() { sum_of "$1" "$2" 3; }
answered() { sum_of "$1" "$2" 4; }

sum_of() {
	awk -v service="$1" -v family="$2" -v column="$3" \
		'$1 == service && $2 == family { sum += $column } END { print sum + 0 }' \
		"$LAB_STATE/traffic/asked"
}

# served SERVICE FAMILY NODE: as that server counted.
served() {
	case ${PROTOCOL[$1]} in
	tcp) served_lines "$@" | wc -l ;;
	udp) served_queries "$2" "$3" ;;
	esac
}

# served_lines SERVICE FAMILY NODE: the answered requests in that server's access log. Only those of
# http_requests, whose paths are numbers: a line of an earlier request may come late.
served_lines() {
	local before

	before=$(<"$LAB_STATE/traffic/$3.lines")
	tail -n "+$((before + 1))" "$(access_log "$3")" |
		awk -v vip="$(vip "$1" "$2")" '$1 == vip && $3 ~ /^\/[0-9]+$/ && $4 == 200'
}

served_queries() {
	local family=$1 node=$2 before now

	read -ra before <"$LAB_STATE/traffic/$node.queries"
	read -ra now < <(nsd_queries "$node")
	case $family in
	4) echo $((now[0] - before[0])) ;;
	6) echo $((now[1] - before[1])) ;;
	esac
}

# served_by_all SERVICE FAMILY
served_by_all() {
	local node sum=0

	for node in ${MEMBERS[$1]}; do
		sum=$((sum + $(served "$1" "$2" "$node")))
	done
	echo "$sum"
}

# answered_once SERVICE FAMILY: every request was answered, and served exactly once. Web requests
# have a path each, so there it is known of every single one.
answered_once() {
	local service=$1 family=$2 want node

	want=$(asked "$service" "$family")
	[[ $(answered "$service" "$family") == "$want" ]] || return 1
	wait_for "the servers' logs to show $want requests for $service" 5 \
		serves_add_up "$service" "$family" "$want" || return 1
	[[ ${PROTOCOL[$service]} == tcp ]] || return 0
	[[ $(for node in ${MEMBERS[$service]}; do
		served_lines "$service" "$family" "$node"
	done | awk '{ print $3 }' | sort -u | wc -l) == "$want" ]]
}

serves_add_up() { [[ $(served_by_all "$1" "$2") == "$3" ]]; }

# forwarded GATEWAY: packets it sent on towards a backend or a router since traffic_begin.
forwarded() {
	holdfast "$1" counters --json | jq --slurpfile before "$LAB_STATE/traffic/$1.counters" '
		def sent: [.counters["picked", "cookie", "to-router", "candidates", "pin", "pin-new",
			"pin-midway"].packets // 0] | add;
		sent - ($before[0] | sent)'
}

# predicted FLOWS: of so many recorded flows, spread evenly over services and families, how many
# went to the backend that `holdfast path` names. Prints "RIGHT ASKED".
predicted() {
	local service family port backend right=0 all=0

	while read -r service family port backend; do
		((++all))
		[[ $(path_backend "$service" "$family" "$port") != "$backend" ]] || ((++right))
	done < <(some_flows "$1")
	echo "$right $all"
}

# some_flows COUNT: as many queries as were recorded, the rest evenly of the web services.
some_flows() {
	awk -v count="$1" -v queries="$DNS_BY_KDIG" '
		{ protocol = ($1 ~ /^dns/) ? "dns" : "web" }
		protocol == "dns" && ++seen[$1, $2] <= queries { keep[++n] = $0 }
		protocol == "web" { pair = $1 " " $2; if (!(pair in of)) pairs[++p] = pair
			line[pair, ++of[pair]] = $0 }
		END {
			for (i = 1; n < count && i <= NR; i++)
				for (j = 1; j <= p && n < count; j++)
					if ((pairs[j], i) in line)
						keep[++n] = line[pairs[j], i]
			for (i = 1; i <= n && i <= count; i++) print keep[i]
		}' "$LAB_STATE/traffic/flows"
}

# flow_of SERVICE FAMILY PORT: as `holdfast path` takes it.
flow_of() {
	case $2 in
	4) echo "${PROTOCOL[$1]} ${CLIENT_ADDRESS[4]}:$3 $(vip "$1" 4):${PORT[$1]}" ;;
	6) echo "${PROTOCOL[$1]} [${CLIENT_ADDRESS[6]}]:$3 [$(vip "$1" 6)]:${PORT[$1]}" ;;
	esac
}

# path_backend SERVICE FAMILY PORT
path_backend() {
	local flow

	read -ra flow < <(flow_of "$@")
	holdfast "${GATEWAYS[0]}" path --json "${flow[@]}" | jq -r .backend
}
