/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Replies that come to a gateway's pin SID: whose they are, which of them pin, and the way to the client,
 * by the routes of a network namespace.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "tests/packet/gateway_world.h"
#include "wire/srv6.h"

#define PIN_SID "fdf0:0:0:1:f004:0:1:0"	      /* from backend 1 */
#define PIN_SID_2 "fdf0:0:0:1:f004:0:2:0"     /* from backend 2 */
#define RELAYED_SID "fdf0:0:0:1:f004:1000:1:0" /* from backend 1, through another gateway */
#define RELAYED_SID_2 "fdf0:0:0:1:f004:1000:2:0"
#define OTHER_PIN_SID "fdf0:0:0:2:f004:1000:1:0"

#define FROM_BACKEND(...) IPV6(.from = BACKEND_1, .to = PIN_SID, __VA_ARGS__)
#define ON_ITS_WAY(v) FROM_SERVER(v, .hop_limit = 63)

#define TO_CLIENT(port) .from_port = (port), .to_port = CLIENT_PORT
#define ISN 7000
#define BARE_SYN_ACK(...)                                                                          \
	TCP(TO_CLIENT(80), .flags = TCP_SYN | TCP_ACK, .acknowledged = ISN + 1, MSS_OPTION,        \
	    __VA_ARGS__)
#define SYN_ACK(...)                                                                               \
	TCP(TO_CLIENT(80), .flags = TCP_SYN | TCP_ACK, .acknowledged = ISN + 1, SYN_OPTIONS,       \
	    __VA_ARGS__)
#define DATA(...) TCP(TO_CLIENT(80), .flags = TCP_ACK, SEGMENT_OPTIONS, __VA_ARGS__), PAYLOAD(100)

/* Clients are behind `wan`, whose one neighbour is known; strangers behind one that is not. */
static void network_build(void)
{
	static const char *const commands[] = {
		"ip link set lo up && sysctl -qw net.ipv4.conf.lo.forwarding=1 net.ipv6.conf.lo.forwarding=1",
		"ip link add wan address " OUR_MAC " type veth peer name far",
		"sysctl -qw net.ipv6.conf.wan.accept_dad=0",
		"ip link set far up && ip link set wan up",
		"ip addr add 10.0.0.1/24 dev wan && ip addr add fd00::1/64 dev wan nodad",
		"ip neigh add 10.0.0.2 lladdr " NEXT_MAC " dev wan",
		"ip neigh add fd00::2 lladdr " NEXT_MAC " dev wan",
		"ip route add 203.0.113.0/24 via 10.0.0.2",
		"ip route add 2001:db8:c::/64 via fd00::2",
		"ip link add narrow mtu 1300 type veth peer name end",
		"ip link set end up && ip link set narrow up",
		"ip route add 203.0.113.128/25 dev narrow",
		"ip route add 2001:db8:c:0:8000::/65 dev narrow",
		"ip route add 198.18.0.0/24 via 10.0.0.3",
		"ip route add 2001:db8:ffff::/64 via fd00::3",
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		assert_int_equal(system(commands[i]), 0);
}

/* The network is there once; backends 1 and 2 are members of WEB and NAMES. */
static int begin(void)
{
	if (!if_nametoindex("wan"))
		network_build();
	given_members(WEB, 1, 2);
	given_members(NAMES, 1, 2);
	given_send_action(XDP_REDIRECT);
	given_vlan_device(if_nametoindex("wan"), 0, 0);
	return 0;
}

#define BEGIN(state)                                                                               \
	int v = FAMILY(state);                                                                     \
	begin()

static void a_syn_ack_without_timestamps_is_pinned_and_goes_to_its_client(void **state)
{
	BEGIN(state);
	through_gateway(FRAME(FROM_FABRIC, FROM_BACKEND(), FROM_SERVER(v), BARE_SYN_ACK()),
			GATEWAY_PINNED, FRAME(TO_NEXT, ON_ITS_WAY(v), BARE_SYN_ACK()));
}

static void a_syn_ack_of_a_service_without_cookies_is_pinned(void **state)
{
	BEGIN(state);
	given_no_cookies(WEB);
	through_gateway(FRAME(FROM_FABRIC, FROM_BACKEND(), FROM_SERVER(v), SYN_ACK()),
			GATEWAY_PINNED, FRAME(TO_NEXT, ON_ITS_WAY(v), SYN_ACK()));
}

static void a_syn_ack_with_a_cookie_goes_to_its_client_and_pins_nothing(void **state)
{
	BEGIN(state);
	given_router(ROUTER_OTHER);
	through_gateway(FRAME(FROM_FABRIC, FROM_BACKEND(), FROM_SERVER(v), SYN_ACK()),
			GATEWAY_RETURNED, FRAME(TO_NEXT, ON_ITS_WAY(v), SYN_ACK()));
}

static void a_segment_goes_to_its_client_and_pins_nothing(void **state)
{
	BEGIN(state);
	given_no_cookies(WEB);
	given_router(ROUTER_OTHER);
	through_gateway(FRAME(FROM_FABRIC, FROM_BACKEND(), FROM_SERVER(v), DATA()),
			GATEWAY_RETURNED, FRAME(TO_NEXT, ON_ITS_WAY(v), DATA()));
}

static void a_datagram_goes_to_its_client(void **state)
{
	BEGIN(state);
	through_gateway(FRAME(FROM_FABRIC, FROM_BACKEND(), FROM_SERVER(v), UDP(TO_CLIENT(53)),
			      PAYLOAD(40)),
			GATEWAY_RETURNED,
			FRAME(TO_NEXT, ON_ITS_WAY(v), UDP(TO_CLIENT(53)), PAYLOAD(40)));
}

/* The server says that a port is closed, and quotes what the client sent. */
static void an_icmp_error_of_the_servers_goes_to_its_client(void **state)
{
	BEGIN(state);
	struct frame quoted = FRAME(FROM_CLIENT(v), UDP(.to_port = 53), PAYLOAD(8));

	through_gateway(FRAME(FROM_FABRIC, FROM_BACKEND(), FROM_SERVER(v),
			      ICMP(.type = v ? 1 : 3, .code = v ? 4 : 3),
			      BYTES(quoted.bytes, quoted.size)),
			GATEWAY_RETURNED,
			FRAME(TO_NEXT, ON_ITS_WAY(v), ICMP(.type = v ? 1 : 3, .code = v ? 4 : 3),
			      BYTES(quoted.bytes, quoted.size)));
}

static void the_fragments_of_a_reply_go_to_its_client(void **state)
{
	begin();
	through_gateway(FRAME(FROM_FABRIC, FROM_BACKEND(), FROM_SERVER(V4, .id = 9, .more = true),
			      UDP(TO_CLIENT(53), .length = 88), PAYLOAD(40)),
			GATEWAY_RETURNED,
			FRAME(TO_NEXT, FROM_SERVER(V4, .id = 9, .more = true, .hop_limit = 63),
			      UDP(TO_CLIENT(53), .length = 88), PAYLOAD(40)));
	through_gateway(FRAME(FROM_FABRIC, FROM_BACKEND(),
			      FROM_SERVER(V4, .id = 9, .offset = 48, .next = IPPROTO_UDP), PAYLOAD(40)),
			GATEWAY_RETURNED,
			FRAME(TO_NEXT,
			      FROM_SERVER(V4, .id = 9, .offset = 48, .next = IPPROTO_UDP, .hop_limit = 63),
			      PAYLOAD(40)));
}

static void behind_vlan_tags_it_is_the_same(void **state)
{
	BEGIN(state);
	through_gateway(FRAME(FROM_FABRIC, VLAN(.tag = 100), FROM_BACKEND(), FROM_SERVER(v),
			      BARE_SYN_ACK()),
			GATEWAY_PINNED, FRAME(TO_NEXT, ON_ITS_WAY(v), BARE_SYN_ACK()));
}

static void a_reply_from_outside_the_infrastructure_is_dropped(void **state)
{
	BEGIN(state);
	through_gateway(FRAME(FROM_FABRIC, IPV6(.from = CLIENT(V6), .to = PIN_SID), FROM_SERVER(v),
			      BARE_SYN_ACK()),
			GATEWAY_OUTSIDE_SID, NOTHING);
}

static void a_node_cannot_speak_for_another_backend(void **state)
{
	BEGIN(state);
	through_gateway(FRAME(FROM_FABRIC, IPV6(.from = BACKEND_2, .to = PIN_SID), FROM_SERVER(v),
			      BARE_SYN_ACK()),
			GATEWAY_NOT_MEMBER, NOTHING);
	through_gateway(FRAME(FROM_FABRIC, IPV6(.from = OTHER_SID, .to = PIN_SID), FROM_SERVER(v),
			      DATA()),
			GATEWAY_NOT_MEMBER, NOTHING);
}

static void a_backend_that_does_not_serve_it_cannot_reply(void **state)
{
	BEGIN(state);
	given_members(WEB, 2, 3);
	through_gateway(FRAME(FROM_FABRIC, FROM_BACKEND(), FROM_SERVER(v), BARE_SYN_ACK()),
			GATEWAY_NOT_MEMBER, NOTHING);
}

static void who_names_no_backend_cannot_reply(void **state)
{
	BEGIN(state);
	through_gateway(FRAME(FROM_FABRIC, IPV6(.from = BACKEND_1, .to = "fdf0:0:0:1:f004::"),
			      FROM_SERVER(v), DATA()),
			GATEWAY_NOT_MEMBER, NOTHING);
}

static void a_reply_of_no_service_is_dropped(void **state)
{
	BEGIN(state);
	through_gateway(FRAME(FROM_FABRIC, FROM_BACKEND(), FROM_SERVER(v), TCP(TO_CLIENT(81))),
			GATEWAY_NO_SERVICE, NOTHING);
	through_gateway(FRAME(FROM_FABRIC, FROM_BACKEND(),
			      IP(v, .from = STRANGER(v), .to = CLIENT(v)), DATA()),
			GATEWAY_NO_SERVICE, NOTHING);
}

/* What a client might have sent is no reply. */
static void a_packet_to_the_vip_is_no_reply(void **state)
{
	BEGIN(state);
	through_gateway(FRAME(FROM_FABRIC, FROM_BACKEND(), FROM_CLIENT(v), SEGMENT()),
			GATEWAY_NO_SERVICE, NOTHING);
}

static void a_mapped_source_is_malformed(void **state)
{
	begin();
	through_gateway(FRAME(FROM_FABRIC, FROM_BACKEND(),
			      IPV6(.from = "::ffff:192.0.2.1", .to = CLIENT(V6)), DATA()),
			GATEWAY_MALFORMED, NOTHING);
}

static void a_list_that_goes_on_behind_us_is_malformed(void **state)
{
	BEGIN(state);
	through_gateway(FRAME(FROM_FABRIC, FROM_BACKEND(),
			      SRH(.segments = {BACKEND_2, PIN_SID}, .segments_left = 1),
			      FROM_SERVER(v), DATA()),
			GATEWAY_MALFORMED, NOTHING);
}

/* Another gateway routes the flow: it must learn, and answers the client itself. */
static void a_first_reply_of_anothers_flow_goes_on_to_its_router(void **state)
{
	BEGIN(state);
	given_router(ROUTER_OTHER);
	given_send_action(XDP_TX);
	through_gateway(FRAME(FROM_FABRIC, FROM_BACKEND(.label = 5), FROM_SERVER(v), BARE_SYN_ACK()),
			GATEWAY_RELAYED,
			FRAME(TO_NEXT,
			      IPV6(.from = BACKEND_1, .to = OTHER_PIN_SID, .label = 5, .hop_limit = 63),
			      FROM_SERVER(v), BARE_SYN_ACK()));
}

static void behind_a_tagged_next_hop_the_relayed_reply_has_its_tag(void **state)
{
	BEGIN(state);
	given_router(ROUTER_OTHER);
	given_send_action(XDP_TX);
	given_next_hop(&(struct next_hop){.vlan = htons(7)});
	through_gateway(FRAME(FROM_FABRIC, FROM_BACKEND(), FROM_SERVER(v), BARE_SYN_ACK()),
			GATEWAY_RELAYED,
			FRAME(TO_NEXT, VLAN(.tag = 7),
			      IPV6(.from = BACKEND_1, .to = OTHER_PIN_SID, .hop_limit = 63),
			      FROM_SERVER(v), BARE_SYN_ACK()));
}

static void a_client_behind_a_vlan_gets_the_reply_with_its_tag(void **state)
{
	BEGIN(state);
	given_vlan_device(if_nametoindex("wan"), if_nametoindex("narrow"), 7);
	through_gateway(FRAME(FROM_FABRIC, FROM_BACKEND(), FROM_SERVER(v), DATA()), GATEWAY_RETURNED,
			FRAME(TO_NEXT, VLAN(.tag = 7), ON_ITS_WAY(v), DATA()));
	through_gateway(FRAME(FROM_FABRIC, VLAN(.tag = 9), FROM_BACKEND(), FROM_SERVER(v),
			      BARE_SYN_ACK()),
			GATEWAY_PINNED, FRAME(TO_NEXT, VLAN(.tag = 7), ON_ITS_WAY(v), BARE_SYN_ACK()));
}

static void behind_a_vlan_that_cannot_send_there_is_no_way_home(void **state)
{
	BEGIN(state);
	given_vlan_device(if_nametoindex("wan"), 0, 7);
	through_gateway(FRAME(FROM_FABRIC, FROM_BACKEND(), FROM_SERVER(v), DATA()),
			GATEWAY_NO_WAY_HOME, NOTHING);
}

/* Two gateways that disagree do not send it to and fro. */
static void a_relayed_reply_is_pinned_whoever_routes_the_flow(void **state)
{
	BEGIN(state);
	given_router(ROUTER_OTHER);
	through_gateway(FRAME(FROM_FABRIC, IPV6(.from = BACKEND_1, .to = RELAYED_SID),
			      FROM_SERVER(v), BARE_SYN_ACK()),
			GATEWAY_PINNED, FRAME(TO_NEXT, ON_ITS_WAY(v), BARE_SYN_ACK()));
}

static void a_hop_limit_that_ends_here_ends_the_reply(void **state)
{
	BEGIN(state);
	through_gateway(FRAME(FROM_FABRIC, FROM_BACKEND(), FROM_SERVER(v, .hop_limit = 1), DATA()),
			GATEWAY_HOP_LIMIT, NOTHING);
}

/* RFC 6040, 4.2 */
static void congestion_on_the_way_here_is_told_to_the_client(void **state)
{
	BEGIN(state);
	through_gateway(FRAME(FROM_FABRIC, FROM_BACKEND(.traffic_class = 3),
			      FROM_SERVER(v, .traffic_class = 2), DATA()),
			GATEWAY_RETURNED,
			FRAME(TO_NEXT, FROM_SERVER(v, .traffic_class = 3, .hop_limit = 63), DATA()));
	through_gateway(FRAME(FROM_FABRIC, FROM_BACKEND(.traffic_class = 3), FROM_SERVER(v), DATA()),
			GATEWAY_CONGESTION, NOTHING);
}

/* The host asks for the neighbour, and forwards if it forwards at all. */
static void behind_an_unresolved_neighbour_it_is_left_to_the_host(void **state)
{
	BEGIN(state);
	through_gateway(FRAME(FROM_FABRIC, VLAN(.tag = 100), FROM_BACKEND(),
			      IP(v, .from = VIP(v), .to = STRANGER(v)), DATA()),
			GATEWAY_NO_NEIGHBOUR,
			FRAME(FROM_FABRIC, VLAN(.tag = 100), IP(v, .from = VIP(v), .to = STRANGER(v)),
			      DATA()));
}

#define NARROW(v) ((v) ? "2001:db8:c:0:8000::7" : "203.0.113.200") /* behind an MTU of 1300 */

/* The error is what the client's own router would have sent: quoting, and to the backend itself. */
static void a_reply_that_is_larger_than_the_path_tells_its_backend(void **state)
{
	BEGIN(state);
	struct frame big = FRAME(IP(v, .from = VIP(v), .to = NARROW(v)),
				 TCP(TO_CLIENT(80), .flags = TCP_ACK, SEGMENT_OPTIONS), PAYLOAD(1300));

	given_send_action(XDP_TX);
	through_gateway(FRAME(FROM_FABRIC, FROM_BACKEND(.next = v ? 41 : 4), BYTES(big.bytes, big.size)),
			GATEWAY_RETURN_TOO_BIG,
			FRAME(TO_NEXT, IPV6(.from = ROUTE_SID, .to = BACKEND_1, .label = hash_flow_label(0)),
			      IP(v, .from = NARROW(v), .to = VIP(v)),
			      ICMP(.type = v ? 2 : 3, .code = v ? 0 : 4, .rest = 1300),
			      BYTES(big.bytes, v ? 128 : 28)));
}

static void a_fragment_that_is_larger_than_the_path_is_dropped(void **state)
{
	begin();
	through_gateway(FRAME(FROM_FABRIC, FROM_BACKEND(),
			      IPV4(.from = VIP(V4), .to = NARROW(V4), .id = 11, .more = true),
			      UDP(TO_CLIENT(53), .length = 1408), PAYLOAD(1400)),
			GATEWAY_TOO_BIG_SILENT, NOTHING);
}

static void without_a_route_to_the_client_it_is_dropped(void **state)
{
	BEGIN(state);
	through_gateway(FRAME(FROM_FABRIC, FROM_BACKEND(),
			      IP(v, .from = VIP(v), .to = v ? "2001:db8:dead::1" : "192.88.99.1"),
			      DATA()),
			GATEWAY_NO_WAY_HOME, NOTHING);
}

static void answered_by(int v, const char *backend, const char *sid, uint32_t isn, int verdict)
{
	struct frame in = FRAME(FROM_FABRIC, IPV6(.from = backend, .to = sid), FROM_SERVER(v),
				TCP(TO_CLIENT(80), .flags = TCP_SYN | TCP_ACK, .acknowledged = isn + 1));
	struct frame out;

	assert_int_equal(gateway_run(&in, &out), verdict);
}

/* A SYN that was sent again may have reached another backend: its SYN-ACK must not confuse the client. */
static void of_one_syn_the_first_backend_that_answers_has_the_connection(void **state)
{
	BEGIN(state);
	answered_by(v, BACKEND_1, PIN_SID, 500, GATEWAY_PINNED);
	answered_by(v, BACKEND_2, PIN_SID_2, 500, GATEWAY_RETURN_REFUSED);
	answered_by(v, BACKEND_2, RELAYED_SID_2, 500, GATEWAY_RETURN_REFUSED);
	answered_by(v, BACKEND_1, PIN_SID, 500, GATEWAY_PINNED);
}

static void a_new_connection_of_the_same_ports_is_pinned_anew(void **state)
{
	BEGIN(state);
	answered_by(v, BACKEND_1, PIN_SID, 501, GATEWAY_PINNED);
	answered_by(v, BACKEND_2, PIN_SID_2, 502, GATEWAY_PINNED);
	answered_by(v, BACKEND_1, PIN_SID, 502, GATEWAY_RETURN_REFUSED);
}

/* One that no longer belongs to the service keeps nothing from the others. */
static void a_removed_backend_does_not_keep_a_connection(void **state)
{
	BEGIN(state);
	answered_by(v, BACKEND_1, PIN_SID, 503, GATEWAY_PINNED);
	given_members(WEB, 2);
	answered_by(v, BACKEND_2, PIN_SID_2, 503, GATEWAY_PINNED);
}

GATEWAY_TESTS(IN_BOTH(a_syn_ack_without_timestamps_is_pinned_and_goes_to_its_client),
	      IN_BOTH(a_syn_ack_of_a_service_without_cookies_is_pinned),
	      IN_BOTH(a_syn_ack_with_a_cookie_goes_to_its_client_and_pins_nothing),
	      IN_BOTH(a_segment_goes_to_its_client_and_pins_nothing),
	      IN_BOTH(a_datagram_goes_to_its_client),
	      IN_BOTH(an_icmp_error_of_the_servers_goes_to_its_client),
	      ONCE(the_fragments_of_a_reply_go_to_its_client),
	      IN_BOTH(behind_vlan_tags_it_is_the_same),
	      IN_BOTH(a_reply_from_outside_the_infrastructure_is_dropped),
	      IN_BOTH(a_node_cannot_speak_for_another_backend),
	      IN_BOTH(a_backend_that_does_not_serve_it_cannot_reply),
	      IN_BOTH(who_names_no_backend_cannot_reply), IN_BOTH(a_reply_of_no_service_is_dropped),
	      IN_BOTH(a_packet_to_the_vip_is_no_reply), ONCE(a_mapped_source_is_malformed),
	      IN_BOTH(a_list_that_goes_on_behind_us_is_malformed),
	      IN_BOTH(a_first_reply_of_anothers_flow_goes_on_to_its_router),
	      IN_BOTH(behind_a_tagged_next_hop_the_relayed_reply_has_its_tag),
	      IN_BOTH(a_client_behind_a_vlan_gets_the_reply_with_its_tag),
	      IN_BOTH(behind_a_vlan_that_cannot_send_there_is_no_way_home),
	      IN_BOTH(a_relayed_reply_is_pinned_whoever_routes_the_flow),
	      IN_BOTH(of_one_syn_the_first_backend_that_answers_has_the_connection),
	      IN_BOTH(a_new_connection_of_the_same_ports_is_pinned_anew),
	      IN_BOTH(a_removed_backend_does_not_keep_a_connection),
	      IN_BOTH(a_hop_limit_that_ends_here_ends_the_reply),
	      IN_BOTH(congestion_on_the_way_here_is_told_to_the_client),
	      IN_BOTH(behind_an_unresolved_neighbour_it_is_left_to_the_host),
	      IN_BOTH(a_reply_that_is_larger_than_the_path_tells_its_backend),
	      ONCE(a_fragment_that_is_larger_than_the_path_is_dropped),
	      IN_BOTH(without_a_route_to_the_client_it_is_dropped))
