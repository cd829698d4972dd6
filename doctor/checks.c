/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "doctor/checks.h"

#include <stdio.h>
#include <stdlib.h>

#define RELOAD "systemctl reload holdfast-{DAEMON}"

const struct check checks[] = {
	{"daemon", ON_BOTH, "the daemon's answer on its socket", judge_daemon,
	 "systemctl start holdfast-{DAEMON}, and if it ends, journalctl -u holdfast-{DAEMON}"},
	{"store", ON_BOTH, "whether the daemon's store answers, and has a configuration",
	 judge_store,
	 "etcdctl endpoint health, etcdctl alarm list; a configuration of which a part is missing is "
	 "written anew by holdfast config push FILE"},
	{"interface-missing", ON_BOTH, "the configured interfaces", judge_interface_missing,
	 "create {INTERFACE}, or write the right name in {FILE} and " RELOAD},
	{"interface-down", ON_BOTH, "state and carrier of the interfaces", judge_interface_down,
	 "ip link set {INTERFACE} up, and if it is, look at the cable and the other end"},
	{"interface-mtu", ON_BOTH, "MTU of the interfaces, and the configured one",
	 judge_interface_mtu,
	 "ip link set {INTERFACE} mtu {MTU}, or set mtu in {FILE} on all nodes"},
	{"xdp-missing", ON_BOTH, "the XDP program on each interface", judge_xdp_missing, RELOAD},
	{"xdp-foreign", ON_BOTH, "whose XDP program it is", judge_xdp_foreign,
	 "end the program that put it there, or ip link set {INTERFACE} xdp off, then " RELOAD},
	{"xdp-generic", ON_BOTH, "native or generic XDP", judge_xdp_generic,
	 "ip link set {INTERFACE} xdpgeneric off, then " RELOAD
	 "; if it is generic again, the driver has no native XDP: use another card"},
	{"jit", ON_BOTH, "whether BPF programs are compiled", judge_jit,
	 "sysctl -w net.core.bpf_jit_enable=1, then systemctl restart holdfast-{DAEMON}"},
	{"lro", ON_BOTH, "large receive offload", judge_lro, "ethtool -K {INTERFACE} lro off"},
	{"veth-peer-xdp", ON_BOTH, "on a veth, the XDP program at its other end",
	 judge_veth_peer_xdp,
	 "put an XDP program on the other end ({PEER}), one that only passes will do"},
	{"veth-checksum", ON_BOTH, "on a veth, the checksum offload of its other end",
	 judge_veth_checksum, "ethtool -K {PEER} tx off"},

	{"vip-not-announced", ON_GATEWAY, "the blackhole routes of protocol 72",
	 judge_vip_announced, RELOAD ", which adds: ip route add blackhole {VIP} proto 72"},
	{"vip-stale", ON_GATEWAY, "routes of protocol 72 that nobody wants", judge_vip_stale,
	 "ip route del blackhole {VIP} proto 72"},
	{"vip-on-gateway", ON_GATEWAY, "the gateway's own addresses", judge_vip_on_gateway,
	 "ip address del {VIP} from the interface that has it"},
	{"sid-route", ON_GATEWAY, "this node's routes to the SIDs", judge_sid_route,
	 "ip -6 route add {LOCATOR} via the router that leads there, or let the routing daemon "
	 "learn it"},
	{"neighbour", ON_GATEWAY, "the neighbours that lead to the SIDs", judge_neighbour,
	 "see whether {NEIGHBOUR} is up and is the right next hop: ip -6 neigh show {NEIGHBOUR}"},
	{"probe-source", ON_BOTH, "an address inside the infrastructure prefix", judge_probe_source,
	 "give this node one, and its routers a route to it: ip -6 address add {ADDRESS} dev lo"},
	{"sid-unreachable", ON_GATEWAY, "routers' answers to a probe of each SID",
	 judge_sid_unreachable, "route {LOCATOR} there, towards {BACKEND}"},
	{"agent-silent", ON_GATEWAY, "the agents' answers to a probe of each SID",
	 judge_agent_silent,
	 "run holdfast doctor on {BACKEND}, it will say if its agent is missing or not attached; "
	 "if "
	 "it finds nothing, something on the way drops IPv6 protocol 253"},
	{"heartbeat", ON_GATEWAY, "whether the daemon hears each agent", judge_heartbeat,
	 "systemctl restart holdfast-agent on {BACKEND}; if it runs and its clock is right, something on "
	 "the way drops IPv6 protocol 254"},
	{"path-mtu", ON_BOTH, "a probe of each SID as large as the configured mtu", judge_path_mtu,
	 "raise the MTU of the links on the way to {MTU}, or lower mtu in {FILE} to {MTU} on all "
	 "nodes"},
	{"secret", ON_BOTH, "the fingerprint of each agent's secret", judge_secret,
	 "copy the secret of the other nodes to {NODE}, then systemctl reload holdfast-{DAEMON} "
	 "there"},
	{"infrastructure", ON_BOTH, "each agent's infrastructure prefix", judge_prefix,
	 "write infrastructure: {PREFIX} in the configuration of {NODE}, and reload its daemon"},
	{"clock", ON_BOTH, "each agent's clock, and this node's", judge_clock,
	 "let {NODE} follow NTP: timedatectl set-ntp true"},

	{"vip-not-on-lo", ON_BACKEND, "the VIPs of this node's services on lo", judge_vip_on_lo,
	 RELOAD ", which does: ip address add {VIP} dev lo"},
	{"rp-filter", ON_BACKEND, "net.ipv4.conf.*.rp_filter", judge_rp_filter,
	 "sysctl -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.{INTERFACE}.rp_filter=0"},
	{"arp-ignore", ON_BACKEND, "net.ipv4.conf.*.arp_ignore", judge_arp,
	 "sysctl -w net.ipv4.conf.{INTERFACE}.arp_ignore=1"},
	{"timestamps", ON_BACKEND, "net.ipv4.tcp_timestamps", judge_timestamps,
	 "sysctl -w net.ipv4.tcp_timestamps=2, and set it where the host sets its sysctls"},
	{"timestamps-usec", ON_BACKEND, "routes with the feature tcp_usec_ts", judge_timestamps_usec,
	 "replace the route to {NETWORK} by one without features tcp_usec_ts"},
	{"return-route", ON_BACKEND, "a default route for replies, IPv4 and IPv6",
	 judge_return_route, "ip {FAMILY} route add default via the router of this network"},
	{"stamp-missing", ON_BACKEND, "the agent's filter at tc egress", judge_stamp, RELOAD},
	{"drops", ON_BOTH, "counters that rise only by a fault, twice, a second apart", judge_drops,
	 "{WHAT THE VERDICT CALLS FOR}"},
};

const size_t n_checks = sizeof(checks) / sizeof(*checks);

void checks_judge(const struct facts *facts, struct findings *findings)
{
	unsigned int role = facts->role == ROLE_GATEWAY ? ON_GATEWAY : ON_BACKEND;

	for (size_t i = 0; i < n_checks; i++)
		if (checks[i].roles & role)
			checks[i].judge(facts, &checks[i], findings);
}

static const char *role_text(unsigned int roles)
{
	return roles == ON_BOTH ? "both" : roles == ON_GATEWAY ? "gateway" : "backend";
}

void checks_print(void)
{
	printf("%-17s %-8s %s\n", "check", "on", "looks at");
	for (size_t i = 0; i < n_checks; i++) {
		_cleanup_free_ char *mend = mend_text(checks[i].mend, NULL);

		printf("%-17s %-8s %s\n%27smend: %s\n", checks[i].name, role_text(checks[i].roles),
		       checks[i].looks_at, "", mend ? mend : "");
	}
}

json_t *checks_json(void)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n_checks; i++) {
		_cleanup_free_ char *mend = mend_text(checks[i].mend, NULL);

		json_array_append_new(list, json_pack("{s:s s:s s:s s:s?}", "check", checks[i].name,
						      "on", role_text(checks[i].roles), "looks_at",
						      checks[i].looks_at, "mend", mend));
	}
	return list;
}

void facts_clear(struct facts *facts)
{
	free(facts->interfaces);
	free(facts->addresses);
	free(facts->vips);
	free(facts->strays);
	free(facts->usec_routes);
	free(facts->targets);
	free(facts->drops);
	*facts = (struct facts){};
}
