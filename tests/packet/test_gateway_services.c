/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which packets are for a service, and what happens to those that are for none. */
#include "tests/packet/gateway_world.h"

#define FORWARDED(v) FROM_CLIENT(v, .hop_limit = 63)

static void an_address_of_nobody_is_left_to_the_host(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, IP(v, .from = CLIENT(v), .to = STRANGER(v)), SYN()),
			GATEWAY_NOT_OURS, UNCHANGED);
}

static void arp_is_left_to_the_host(void **state)
{
	through_gateway(
		FRAME(ETHERNET(.from = FABRIC_MAC, .to = OUR_MAC, .next = 0x0806), PAYLOAD(46)),
		GATEWAY_NOT_OURS, UNCHANGED);
}

static void an_odd_packet_for_nobody_is_left_to_the_host(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, IP(v, .from = CLIENT(v), .to = STRANGER(v),
					      .length = 9000, .hop_limit = 1)),
			GATEWAY_NOT_OURS, UNCHANGED);
}

/* RFC 4291, 2.5.5.2: a mapped address stands for IPv4 inside a node, never on the wire. */
static void ipv6_to_the_mapped_form_of_an_ipv4_vip_is_left_to_the_host(void **state)
{
	through_gateway(
		FRAME(FROM_FABRIC, IPV6(.from = CLIENT(V6), .to = "::ffff:192.0.2.1"), SYN()),
		GATEWAY_NOT_OURS, UNCHANGED);
}

static void check_port_is_served(int v, int port)
{
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN(.to_port = port)), GATEWAY_PICKED,
			FRAME(TO_NEXT, OUTER(v, IPPROTO_TCP, port, .to = BACKEND_1_MUST),
			      FORWARDED(v), SYN(.to_port = port)));
}

static void check_port_is_not_served(int v, int port)
{
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN(.to_port = port)),
			GATEWAY_NO_SERVICE, NOTHING);
}

static void a_range_of_ports_is_served_from_its_first_to_its_last(void **state)
{
	int v = FAMILY(state);

	check_port_is_served(v, 8000);
	check_port_is_served(v, 8050);
	check_port_is_served(v, 8100);
}

static void the_ports_beside_a_range_have_no_service(void **state)
{
	int v = FAMILY(state);

	check_port_is_not_served(v, 7999);
	check_port_is_not_served(v, 8101);
}

static void the_ports_beside_a_single_one_have_no_service(void **state)
{
	int v = FAMILY(state);

	check_port_is_not_served(v, 79);
	check_port_is_not_served(v, 81);
}

static void the_lowest_and_the_highest_port_have_no_tcp_service(void **state)
{
	int v = FAMILY(state);

	check_port_is_not_served(v, 1);
	check_port_is_not_served(v, 65535);
}

static void a_service_can_have_all_ports_up_to_the_highest(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), UDP(.to_port = 65535)), GATEWAY_PICKED,
			FRAME(TO_NEXT, OUTER(v, IPPROTO_UDP, 65535, .to = BACKEND_1_MUST),
			      FORWARDED(v), UDP(.to_port = 65535)));
}

static void a_tcp_port_is_no_udp_service(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), UDP(.to_port = 80)), GATEWAY_NO_SERVICE,
			NOTHING);
}

static void a_udp_port_is_no_tcp_service(void **state)
{
	int v = FAMILY(state);

	check_port_is_not_served(v, 53);
}

static void an_address_inside_a_vip_that_is_a_network_is_served(void **state)
{
	int v = FAMILY(state);
	struct frame in = FRAME(FROM_FABRIC, IP(v, .from = CLIENT(v), .to = PREFIX_VIP(v)), SYN());
	struct flow flow = flow_of(v, IPPROTO_TCP, 80);

	flow.vip = address_of(PREFIX_VIP(v));
	through_gateway(in, GATEWAY_PICKED,
			FRAME(TO_NEXT,
			      IPV6(.from = ROUTE_SID, .to = BACKEND_1_MUST,
				   .label = hash_flow_label(hash_of(&flow))),
			      IP(v, .from = CLIENT(v), .to = PREFIX_VIP(v), .hop_limit = 63),
			      SYN()));
}

static void an_address_just_beyond_a_vip_that_is_a_network_is_left_to_the_host(void **state)
{
	int v = FAMILY(state);

	through_gateway(
		FRAME(FROM_FABRIC, IP(v, .from = CLIENT(v), .to = BEYOND_PREFIX_VIP(v)), SYN()),
		GATEWAY_NOT_OURS, UNCHANGED);
}

#define PROTOCOL_GRE 47
#define PROTOCOL_SCTP 132

static void a_protocol_that_no_service_has_is_dropped(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v, .next = PROTOCOL_GRE), PAYLOAD(40)),
			GATEWAY_NO_SERVICE, NOTHING);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v, .next = PROTOCOL_SCTP), PAYLOAD(40)),
			GATEWAY_NO_SERVICE, NOTHING);
}

static void an_echo_request_to_a_vip_has_no_service(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), ICMP(.type = v ? 128 : 8), PAYLOAD(56)),
			GATEWAY_NO_SERVICE, NOTHING);
}

static void icmp_of_the_other_family_has_no_service(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC,
			      FROM_CLIENT(v, .next = v ? IPPROTO_ICMP : IPPROTO_ICMPV6),
			      ICMP(.type = 3), PAYLOAD(56)),
			GATEWAY_NO_SERVICE, NOTHING);
}

/* A segment that the web server sent, as an ICMP error quotes it. */
static struct frame server_segment(int v)
{
	return FRAME(
		FROM_SERVER(v),
		TCP(.from_port = 80, .to_port = CLIENT_PORT, .flags = TCP_ACK, SEGMENT_OPTIONS),
		PAYLOAD(1400));
}

#define TOO_BIG(v) ICMP(.type = (v) ? 2 : 3, .code = (v) ? 0 : 4, .rest = 1400)

static void check_error_follows_the_flow(int v, struct frame quoted, size_t quote)
{
	through_gateway(FRAME(FROM_FABRIC, FROM_ROUTER(v), TOO_BIG(v), BYTES(quoted.bytes, quote)),
			GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, OUTER(v, IPPROTO_TCP, 80, .to = BACKEND_1),
			      FROM_ROUTER(v, .hop_limit = 63), TOO_BIG(v),
			      BYTES(quoted.bytes, quote)));
}

static void an_icmp_error_goes_where_the_quoted_flow_goes(void **state)
{
	int v = FAMILY(state);

	check_error_follows_the_flow(v, server_segment(v), 128);
}

static void an_icmp_error_with_the_shortest_quote_goes_where_the_flow_goes(void **state)
{
	int v = FAMILY(state);

	check_error_follows_the_flow(v, server_segment(v), v ? 48 : 28);
}

static void an_icmp_error_that_quotes_ipv4_options_goes_where_the_flow_goes(void **state)
{
	check_error_follows_the_flow(V4,
				     FRAME(FROM_SERVER(V4, OPTIONS("\x94\x04\x00\x00")),
					   TCP(.from_port = 80, .to_port = CLIENT_PORT)),
				     32);
}

static void an_icmp_error_goes_to_the_router_of_the_quoted_flow(void **state)
{
	int v = FAMILY(state);
	struct frame quoted = server_segment(v);

	given_router(ROUTER_OTHER);
	through_gateway(FRAME(FROM_FABRIC, FROM_ROUTER(v), TOO_BIG(v), BYTES(quoted.bytes, 60)),
			GATEWAY_TO_ROUTER,
			FRAME(TO_NEXT, OUTER(v, IPPROTO_TCP, 80, .to = OTHER_SID),
			      FROM_ROUTER(v, .hop_limit = 63), TOO_BIG(v),
			      BYTES(quoted.bytes, 60)));
}

static void an_unreachable_port_goes_where_the_quoted_datagram_came_from(void **state)
{
	int v = FAMILY(state);
	struct frame quoted = FRAME(FROM_SERVER(v), UDP(.from_port = 53, .to_port = CLIENT_PORT));

	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v),
			      ICMP(.type = v ? 1 : 3, .code = v ? 4 : 3),
			      BYTES(quoted.bytes, quoted.size)),
			GATEWAY_PICKED,
			FRAME(TO_NEXT, OUTER(v, IPPROTO_UDP, 53, .to = BACKEND_1_MUST),
			      FORWARDED(v), ICMP(.type = v ? 1 : 3, .code = v ? 4 : 3),
			      BYTES(quoted.bytes, quoted.size)));
}

static void an_icmp_error_about_somebody_elses_packet_is_malformed(void **state)
{
	int v = FAMILY(state);
	struct frame quoted = FRAME(IP(v, .from = STRANGER(v), .to = CLIENT(v)),
				    TCP(.from_port = 80, .to_port = CLIENT_PORT));

	through_gateway(
		FRAME(FROM_FABRIC, FROM_ROUTER(v), TOO_BIG(v), BYTES(quoted.bytes, quoted.size)),
		GATEWAY_MALFORMED, NOTHING);
}

static void an_icmp_error_about_a_port_without_service_is_dropped(void **state)
{
	int v = FAMILY(state);
	struct frame quoted = FRAME(FROM_SERVER(v), TCP(.from_port = 81, .to_port = CLIENT_PORT));

	through_gateway(
		FRAME(FROM_FABRIC, FROM_ROUTER(v), TOO_BIG(v), BYTES(quoted.bytes, quoted.size)),
		GATEWAY_NO_SERVICE, NOTHING);
}

static void an_icmp_error_that_quotes_too_little_is_malformed(void **state)
{
	int v = FAMILY(state);
	struct frame quoted = server_segment(v);

	through_gateway(
		FRAME(FROM_FABRIC, FROM_ROUTER(v), TOO_BIG(v), BYTES(quoted.bytes, v ? 47 : 27)),
		GATEWAY_MALFORMED, NOTHING);
	through_gateway(FRAME(FROM_FABRIC, FROM_ROUTER(v), TOO_BIG(v), BYTES(quoted.bytes, 10)),
			GATEWAY_MALFORMED, NOTHING);
}

static void a_service_that_is_off_leaves_its_clients_to_the_host(void **state)
{
	int v = FAMILY(state);

	given_off(WEB);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()), GATEWAY_OFF, UNCHANGED);
}

/* Which come in through another gateway, where it is not off. */
static void a_service_that_is_off_still_routes_other_gateways_flows(void **state)
{
	int v = FAMILY(state);

	given_off(WEB);
	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = ROUTE_SID), FROM_CLIENT(v), SEGMENT()),
			GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, OUTER(v, IPPROTO_TCP, 80, .to = BACKEND_1), FROM_CLIENT(v),
			      SEGMENT()));
}

GATEWAY_TESTS(IN_BOTH(a_service_that_is_off_leaves_its_clients_to_the_host),
	      IN_BOTH(a_service_that_is_off_still_routes_other_gateways_flows),
	      IN_BOTH(an_address_of_nobody_is_left_to_the_host), ONCE(arp_is_left_to_the_host),
	      IN_BOTH(an_odd_packet_for_nobody_is_left_to_the_host),
	      ONCE(ipv6_to_the_mapped_form_of_an_ipv4_vip_is_left_to_the_host),
	      IN_BOTH(a_range_of_ports_is_served_from_its_first_to_its_last),
	      IN_BOTH(the_ports_beside_a_range_have_no_service),
	      IN_BOTH(the_ports_beside_a_single_one_have_no_service),
	      IN_BOTH(the_lowest_and_the_highest_port_have_no_tcp_service),
	      IN_BOTH(a_service_can_have_all_ports_up_to_the_highest),
	      IN_BOTH(a_tcp_port_is_no_udp_service), IN_BOTH(a_udp_port_is_no_tcp_service),
	      IN_BOTH(an_address_inside_a_vip_that_is_a_network_is_served),
	      IN_BOTH(an_address_just_beyond_a_vip_that_is_a_network_is_left_to_the_host),
	      IN_BOTH(a_protocol_that_no_service_has_is_dropped),
	      IN_BOTH(an_echo_request_to_a_vip_has_no_service),
	      IN_BOTH(icmp_of_the_other_family_has_no_service),
	      IN_BOTH(an_icmp_error_goes_where_the_quoted_flow_goes),
	      IN_BOTH(an_icmp_error_with_the_shortest_quote_goes_where_the_flow_goes),
	      ONCE(an_icmp_error_that_quotes_ipv4_options_goes_where_the_flow_goes),
	      IN_BOTH(an_icmp_error_goes_to_the_router_of_the_quoted_flow),
	      IN_BOTH(an_unreachable_port_goes_where_the_quoted_datagram_came_from),
	      IN_BOTH(an_icmp_error_about_somebody_elses_packet_is_malformed),
	      IN_BOTH(an_icmp_error_about_a_port_without_service_is_dropped),
	      IN_BOTH(an_icmp_error_that_quotes_too_little_is_malformed))
