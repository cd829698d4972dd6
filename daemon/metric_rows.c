/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/metrics.h"

const struct metric_place_row metric_places[METRIC_PLACES] = {
	[METRIC_BUILD] = {"holdfast_build", "holdfast_build_", NULL, NULL,
			  {{"version", "version"}, {"node", "node"}, {"site", "site"}, {"role", "role"}}},
	[METRIC_NODE] = {"holdfast_node", "holdfast_", NULL, NULL, {}},
	[METRIC_VERDICT] = {"holdfast_verdict", "holdfast_", "counters", NULL,
			    {{"verdict", NULL}, {"action", "action"}}},
	[METRIC_VIP] = {"holdfast_vip", "holdfast_vip_", "vips", NULL, {{"vip", "vip"}}},
	[METRIC_PEER] = {"holdfast_gateway", "holdfast_gateway_", "gateways", NULL, {{"gateway", "name"}}},
	[METRIC_SERVICE] = {"holdfast_service", "holdfast_service_", "services", NULL,
			    {{"service", "name"}}},
	[METRIC_BACKEND] = {"holdfast_backend", "holdfast_backend_", "services", "backends",
			    {{"service", "name", .outer = true}, {"backend", "name"}}},
};

#define MICROSECONDS 1e-6

const struct metric_row metric_rows[] = {
	/* The node */
	{"holdfast_build_info", METRIC_GAUGE, METRIC_BUILD, NULL, 0,
	 "Always 1; its labels say what runs here."},
	{"process_start_time_seconds", METRIC_GAUGE, METRIC_NODE, "process.start_s", 0,
	 "When the daemon was started, in seconds since 1970."},
	{"process_cpu_seconds_total", METRIC_COUNTER, METRIC_NODE, "process.cpu_s", 0,
	 "CPU time that the daemon has used. Packets are not in it: the kernel forwards them."},
	{"process_resident_memory_bytes", METRIC_GAUGE, METRIC_NODE, "process.resident", 0,
	 "Memory of the daemon, with the tables that it shares with the BPF programs."},
	{"holdfast_cookie_epoch", METRIC_GAUGE, METRIC_NODE, "cookie-epochs.0", 0,
	 "The epoch of the keys of new connections' cookies. Equal on all nodes."},
	/* Packets */
	{"holdfast_packets_total", METRIC_COUNTER, METRIC_VERDICT, "packets", 0,
	 "Packets by what became of them, as in holdfast counters. Every packet has one verdict."},
	{"holdfast_bytes_total", METRIC_COUNTER, METRIC_VERDICT, "bytes", 0,
	 "Bytes of these packets, as they came in."},
	/* A gateway's pins and questions */
	{"holdfast_pins", METRIC_GAUGE, METRIC_NODE, "pins.used", 0,
	 "Flows that are pinned to a backend."},
	{"holdfast_pins_capacity", METRIC_GAUGE, METRIC_NODE, "pins.room", 0,
	 "How many can be. In a full table the oldest give way."},
	{"holdfast_who_has_asked_total", METRIC_COUNTER, METRIC_NODE, "who-has.asked", 0,
	 "Connections that no candidate held, about which the nodes were asked."},
	{"holdfast_who_has_claimed_total", METRIC_COUNTER, METRIC_NODE, "who-has.claimed", 0,
	 "Those that a backend was found to hold."},
	{"holdfast_who_has_closed_total", METRIC_COUNTER, METRIC_NODE, "who-has.closed", 0,
	 "Those that a backend held, and has closed."},
	{"holdfast_who_has_denied_total", METRIC_COUNTER, METRIC_NODE, "who-has.denied", 0,
	 "Those that nobody holds: the row's backend may reset them."},
	{"holdfast_who_has_silent_total", METRIC_COUNTER, METRIC_NODE, "who-has.silent", 0,
	 "Those that somebody said nothing about, so that nothing was done."},
	{"holdfast_who_has_limited_total", METRIC_COUNTER, METRIC_NODE, "who-has.limited", 0,
	 "Those that were not asked about, since too many were under way."},
	{"holdfast_who_has_open", METRIC_GAUGE, METRIC_NODE, "who-has.open", 0,
	 "Those that are being asked about now."},
	/* VIPs, and the site's gateways */
	{"holdfast_vip_announced", METRIC_GAUGE, METRIC_VIP, "announced", 0,
	 "1: this gateway announces the VIP. 0: it has withdrawn it."},
	{"holdfast_gateway_peer_up", METRIC_GAUGE, METRIC_PEER, "alive", 0,
	 "1: the site's gateway answers this one, or is this one. 0: flows are routed without it."},
	{"holdfast_gateway_reachable", METRIC_GAUGE, METRIC_PEER, "reachable", 0,
	 "1: there is a route to it, and a neighbour."},
	{"holdfast_gateway_rtt_seconds", METRIC_GAUGE, METRIC_PEER, "rtt_us", MICROSECONDS,
	 "Smoothed time between a question to its data plane and the answer."},
	{"holdfast_gateway_rows", METRIC_GAUGE, METRIC_PEER, "rows", 0,
	 "Rows that lead to it; its part of their sum is the part of the site's flows that it routes."},
	/* Services */
	{"holdfast_service_off", METRIC_GAUGE, METRIC_SERVICE, "off", 0,
	 "1: switched off on this gateway by holdfast off."},
	{"holdfast_service_away", METRIC_GAUGE, METRIC_SERVICE, "away", 0,
	 "1: nobody is up here, new connections go to another site."},
	{"holdfast_service_generations", METRIC_GAUGE, METRIC_SERVICE, "generations", 0,
	 "Generations of rows that are candidates: 1 at first, 3 after two changes of the open backends."},
	/* Backends, of each service */
	{"holdfast_backend_up", METRIC_GAUGE, METRIC_BACKEND, "health.up", 0,
	 "1: it answers its health checks. 0: it does not. Not there where health is not checked."},
	{"holdfast_backend_open", METRIC_GAUGE, METRIC_BACKEND, "open", 0,
	 "1: it takes new connections. 0: it is down, drained or of weight 0."},
	{"holdfast_backend_reachable", METRIC_GAUGE, METRIC_BACKEND, "reachable", 0,
	 "1: there is a route to it, and a neighbour."},
	{"holdfast_backend_weight", METRIC_GAUGE, METRIC_BACKEND, "weight", 0,
	 "Its configured weight."},
	{"holdfast_backend_pins", METRIC_GAUGE, METRIC_BACKEND, "pins", 0,
	 "Flows that this gateway has pinned to it."},
	{"holdfast_backend_falls_total", METRIC_COUNTER, METRIC_BACKEND, "health.falls", 0,
	 "How often its health checks have closed it."},
};

const size_t n_metric_rows = sizeof(metric_rows) / sizeof(*metric_rows);
