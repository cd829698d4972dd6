#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The demo: an anycast service with everything real but the cables, 2,000 requests, and an account
# of where each of them went. --once: exit 0 only if every one was answered exactly once.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/lib.sh"

PER_BATCH=250 # requests for each service and family: 8 batches, 2,000 requests
UPLOAD_BYTES=1000000
FLOWS=100 # whose way `holdfast path` must predict

FAMILIES=(4 6)

bring_up() {
	local start

	start=$(now_us)
	drawing "$(topology_file anycast)"
	topology_up
	printf 'Up in %s s: BGP sessions established, every VIP has %d next hops on the fabric.\n' \
		"$(seconds_since "$start")" "${#GATEWAYS[@]}"
}

make_requests() {
	local service family start

	heading "Requests, each on a new connection or from a new port, none repeated"
	printf '  %-10s  %-5s  %6s  %9s  %8s\n' service family asked answered seconds
	for service in "${SERVICES[@]}"; do
		for family in "${FAMILIES[@]}"; do
			start=$(now_us)
			printf '  %-10s  %-5s  %6d  ' "$service" "IPv$family" "$PER_BATCH"
			requests "$service" "$family" "$PER_BATCH"
			printf '%9d  %8s\n' "$(answered "$service" "$family")" \
				"$(seconds_since "$start")"
		done
	done
}

make_uploads() {
	local service family start received

	heading "Uploads of $UPLOAD_BYTES bytes"
	printf '  %-10s  %-5s  %15s  %8s\n' service family 'server received' seconds
	for service in web web-plain; do
		for family in "${FAMILIES[@]}"; do
			start=$(now_us)
			printf '  %-10s  %-5s  ' "$service" "IPv$family"
			received=$(upload "$service" "$family" "$UPLOAD_BYTES") || received=0
			printf '%15s  %8s\n' "$received" "$(seconds_since "$start")"
			expect "the upload to $service over IPv$family arrived whole" \
				test "$received" = "$UPLOAD_BYTES"
		done
	done
}

show_served() {
	local service family

	for service in "${SERVICES[@]}"; do
		for family in "${FAMILIES[@]}"; do
			expect "every request to $service over IPv$family was answered exactly once" \
				answered_once "$service" "$family"
		done
	done

	heading "Who served them: the servers' own access logs (nginx) and statistics (NSD)"
	printf '  %-10s  %-7s  %6s  %6s  %6s  %6s  %6s  %6s\n' \
		service backend weight asks IPv4 IPv6 served share
	for service in "${SERVICES[@]}"; do
		show_service "$service"
		echo
	done | sed '$d'
}

show_service() {
	local service=$1 node weights=0 v4 v6 all4=0 all6=0 requests

	requests=$(($(asked "$service" 4) + $(asked "$service" 6)))
	for node in ${MEMBERS[$service]}; do
		weights=$((weights + WEIGHT[$node]))
	done
	for node in ${MEMBERS[$service]}; do
		v4=$(served "$service" 4 "$node")
		v6=$(served "$service" 6 "$node")
		all4=$((all4 + v4)) all6=$((all6 + v6))
		printf '  %-10s  %-7s  %6d  %5s%%  %6d  %6d  %6d  %5s%%\n' "$service" "$node" \
			"${WEIGHT[$node]}" "$(percent "${WEIGHT[$node]}" "$weights")" "$v4" "$v6" \
			$((v4 + v6)) "$(percent $((v4 + v6)) "$requests")"
	done
	printf '  %-10s  %-7s  %6s  %6s  %6d  %6d  %6d  of %d\n' '' all '' '' "$all4" "$all6" \
		$((all4 + all6)) "$requests"
}

show_gateways() {
	local node all=0
	declare -A sent

	heading "Packets that each gateway forwarded"
	for node in "${GATEWAYS[@]}"; do
		sent[$node]=$(forwarded "$node")
		all=$((all + sent[$node]))
		expect "$node forwarded a share of the packets" test "${sent[$node]}" -gt 0
	done
	for node in "${GATEWAYS[@]}"; do
		printf '  %-10s  %8d  %5s%%\n' "$node" "${sent[$node]}" \
			"$(percent "${sent[$node]}" "$all")"
	done
}

show_path() {
	local flow port

	port=$(awk '$1 == "web" && $2 == 6 { print $3; exit }' "$LAB_STATE/traffic/flows")
	[[ -n $port ]] || return 0
	read -ra flow < <(flow_of web 6 "$port")
	heading "The way of one of these flows: holdfast path ${flow[*]}"
	holdfast "${GATEWAYS[0]}" path "${flow[@]}" | sed 's/^/  /'
}

check_paths() {
	local right all

	read -r right all < <(predicted "$FLOWS")
	printf '\n  holdfast path named the right backend for %d of %d flows.\n' "$right" "$all"
	expect "holdfast path named the right backend for all of $FLOWS flows" \
		test "$right/$all" = "$FLOWS/$FLOWS"
}

# A row a verdict, a column a node; rows and columns without packets are left out.
show_counters() {
	local node

	heading "Where every packet ended: holdfast counters"
	for node in "${GATEWAYS[@]}" "${AGENT_BACKENDS[@]}"; do
		holdfast "$node" counters --json
	done | jq -rs '
		([.[].node]) as $nodes
		| ["verdict"] + $nodes,
		  (([.[].counters | keys_unsorted[]] | reduce .[] as $k ([]; if index($k) then . else . + [$k] end))[] as $verdict
		   | [$verdict] + [.[] | .counters[$verdict].packets // "-"]
		   | select(any(.[1:][]; type == "number" and . > 0)))
		| @tsv' | awk -F'\t' '{
			printf "  %-18s", $1
			for (i = 2; i <= NF; i++) printf "  %8s", $i
			print ""
		}'
}

verdict() {
	story_verdict "$((PER_BATCH * ${#SERVICES[@]} * ${#FAMILIES[@]})) requests and 4 uploads, each answered exactly once."
}

stay() {
	story_stays <<-END
		The lab stays up until Ctrl-C. In another terminal:

		  sudo ./run lab shell anycast client            a shell on the client; there, for example:
		      curl http://${VIP4[web]}/
		      kdig @${VIP6[dns]} whoami.example TXT
		  sudo ./run lab holdfast anycast g1 status      what a gateway or an agent says
		  sudo ./run lab on anycast fabric tshark -i b1  packets
		  sudo ./run lab on anycast fabric ip -6 route   what BGP made of it
		  sudo ./run lab log anycast g1                  the daemons' logs
	END
}

main() {
	local once status=0

	once=$(story_once "$@")
	lab_open anycast
	bring_up
	traffic_begin
	make_requests
	make_uploads
	show_served
	show_gateways
	show_path
	check_paths
	show_counters
	verdict || status=1
	$once || stay
	exit "$status"
}

main "$@"
