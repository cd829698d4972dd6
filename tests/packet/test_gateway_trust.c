/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who may use a SID, and what a packet that came to one of ours becomes. The source decides: a
 * one-armed gateway has no side that is the clients'.
 */
#include "tests/packet/gateway_world.h"
#include "wire/srv6.h"

#define WEB_OUTER(v, ...) OUTER(v, IPPROTO_TCP, 80, __VA_ARGS__)
#define MAPPED_VIP "::ffff:192.0.2.1"
#define OUTSIDER(...) IPV6(.from = CLIENT(V6), __VA_ARGS__)

static void nobody_outside_may_send_to_our_route_sid(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, OUTSIDER(.to = ROUTE_SID), FROM_CLIENT(v), SYN()),
			GATEWAY_OUTSIDE_SID, NOTHING);
}

static void nobody_outside_may_send_to_our_site_sid(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, OUTSIDER(.to = SITE_SID), FROM_CLIENT(v), SYN()),
			GATEWAY_OUTSIDE_SID, NOTHING);
}

static void nobody_outside_may_send_to_any_sid_of_the_infrastructure(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, OUTSIDER(.to = BACKEND_1), FROM_CLIENT(v), SYN()),
			GATEWAY_OUTSIDE_SID, NOTHING);
}

static void nobody_outside_may_send_anything_else_to_the_infrastructure(void **state)
{
	through_gateway(FRAME(FROM_FABRIC, OUTSIDER(.to = "fdf0:0:0:1::1"), TCP(.to_port = 179)),
			GATEWAY_OUTSIDE_SID, NOTHING);
}

/* RFC 4861, 7.3.3: unicast, from the link-local address of a router that thinks us gone otherwise. */
static void a_neighbour_may_ask_whether_we_are_still_there(void **state)
{
#define NEIGHBOUR(limit) IPV6(.from = "fe80::1", .to = "fdf0:0:0:1::9", .hop_limit = limit)
	through_gateway(FRAME(FROM_FABRIC, NEIGHBOUR(255), ICMP(.type = 135), PAYLOAD(16)),
			GATEWAY_NOT_OURS, UNCHANGED);
	through_gateway(FRAME(FROM_FABRIC, NEIGHBOUR(254), ICMP(.type = 135), PAYLOAD(16)),
			GATEWAY_OUTSIDE_SID, NOTHING);
	through_gateway(FRAME(FROM_FABRIC, NEIGHBOUR(255), TCP(.to_port = 179)),
			GATEWAY_OUTSIDE_SID, NOTHING);
	through_gateway(FRAME(FROM_FABRIC, OUTSIDER(.to = "fdf0:0:0:1::9", .hop_limit = 255),
			      ICMP(.type = 135), PAYLOAD(16)),
			GATEWAY_OUTSIDE_SID, NOTHING);
#undef NEIGHBOUR
}

/* The daemon asked a backend through its SID; the backend answers directly, from the VIP. */
static void a_backend_may_answer_the_daemons_probes_and_open_nothing(void **state)
{
#define HOST_SID "fdf0:0:0:1:f00c::"
#define TO_HOST IPV6(.from = VIP(V6), .to = HOST_SID)
	through_gateway(FRAME(FROM_FABRIC, TO_HOST, TCP(.from_port = 80, .to_port = 40000)),
			GATEWAY_NOT_OURS, UNCHANGED);
	through_gateway(FRAME(FROM_FABRIC, TO_HOST, UDP(.from_port = 53, .to_port = 32768)),
			GATEWAY_NOT_OURS, UNCHANGED);
	through_gateway(FRAME(FROM_FABRIC, TO_HOST, TCP(.from_port = 80, .to_port = 32767)),
			GATEWAY_OUTSIDE_SID, NOTHING);
	through_gateway(FRAME(FROM_FABRIC, TO_HOST, TCP(.to_port = 22, .flags = TCP_SYN)),
			GATEWAY_OUTSIDE_SID, NOTHING);
	through_gateway(FRAME(FROM_FABRIC, TO_HOST, FROM_CLIENT(V6), SYN()), GATEWAY_OUTSIDE_SID,
			NOTHING);
	through_gateway(FRAME(FROM_FABRIC, IPV6(.from = VIP(V6), .to = "fdf0:0:0:1::9"),
			      TCP(.from_port = 80, .to_port = 40000)),
			GATEWAY_OUTSIDE_SID, NOTHING);
#undef TO_HOST
#undef HOST_SID
}

static void an_address_just_beyond_the_infrastructure_is_outside(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, IPV6(.from = "fdf0:0:100::1", .to = ROUTE_SID),
			      FROM_CLIENT(v), SYN()),
			GATEWAY_OUTSIDE_SID, NOTHING);
}

static void nobody_outside_may_steer_with_segments(void **state)
{
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(V6),
			      SRH(.segments = {BACKEND_1}, .segments_left = 1), SYN()),
			GATEWAY_OUTSIDE_SID, NOTHING);
}

static void nobody_outside_may_steer_with_segments_to_addresses_that_are_not_ours(void **state)
{
	through_gateway(FRAME(FROM_FABRIC, OUTSIDER(.to = STRANGER(V6)),
			      SRH(.segments = {BACKEND_1}, .segments_left = 1), SYN()),
			GATEWAY_OUTSIDE_SID, NOTHING);
}

/* An IPv4 VIP as IPv6 would write it (RFC 4291, 2.5.5.2), by which it is for nobody. */
static void nobody_outside_may_steer_with_segments_to_a_mapped_vip(void **state)
{
	through_gateway(FRAME(FROM_FABRIC, OUTSIDER(.to = MAPPED_VIP),
			      SRH(.segments = {BACKEND_1}, .segments_left = 1), SYN()),
			GATEWAY_OUTSIDE_SID, NOTHING);
	through_gateway(FRAME(FROM_FABRIC, OUTSIDER(.to = MAPPED_VIP), SYN()), GATEWAY_NOT_OURS,
			UNCHANGED);
}

static void segments_behind_other_extension_headers_are_seen(void **state)
{
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(V6), HOP_BY_HOP(),
			      SRH(.segments = {BACKEND_1}, .segments_left = 1), SYN()),
			GATEWAY_OUTSIDE_SID, NOTHING);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(V6), HOP_BY_HOP(), DESTINATION_OPTIONS(),
			      SRH(.segments = {BACKEND_1}, .segments_left = 1), SYN()),
			GATEWAY_OUTSIDE_SID, NOTHING);
}

/* The host would follow them as well as we. */
static void segments_behind_other_headers_are_seen_in_packets_that_are_not_ours(void **state)
{
	through_gateway(FRAME(FROM_FABRIC, OUTSIDER(.to = STRANGER(V6)), HOP_BY_HOP(),
			      DESTINATION_OPTIONS(),
			      SRH(.segments = {BACKEND_1}, .segments_left = 1), SYN()),
			GATEWAY_OUTSIDE_SID, NOTHING);
}

static void another_type_of_routing_header_is_an_extension_header(void **state)
{
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(V6),
			      SRH(.type = 2, .segments = {CLIENT(V6)}), SYN()),
			GATEWAY_PICKED,
			FRAME(TO_NEXT, WEB_OUTER(V6, .to = BACKEND_1_MUST),
			      FROM_CLIENT(V6, .hop_limit = 63),
			      SRH(.type = 2, .segments = {CLIENT(V6)}), SYN()));
}

static void other_functions_of_our_locator_are_left_to_the_host(void **state)
{
	through_gateway(
		FRAME(FROM_FABRIC, FROM_GATEWAY(.to = "fdf0:0:0:1:1::"), FROM_CLIENT(V6), SYN()),
		GATEWAY_NOT_OURS, UNCHANGED);
	through_gateway(
		FRAME(FROM_FABRIC, FROM_GATEWAY(.to = "fdf0:0:0:1::1"), TCP(.to_port = 179)),
		GATEWAY_NOT_OURS, UNCHANGED);
}

static void sids_of_others_are_left_to_the_host(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1), FROM_CLIENT(v), SYN()),
			GATEWAY_NOT_OURS, UNCHANGED);
}

static void the_infrastructure_may_be_a_client(void **state)
{
	struct flow flow = flow_of(V6, IPPROTO_TCP, 80);

	flow.client = address_of("fdf0:0:0:c::1");
	through_gateway(FRAME(FROM_FABRIC, IPV6(.from = "fdf0:0:0:c::1", .to = VIP(V6)), SYN()),
			GATEWAY_PICKED,
			FRAME(TO_NEXT,
			      IPV6(.from = ROUTE_SID, .to = BACKEND_1_MUST,
				   .label = hash_flow_label(hash_of(&flow))),
			      IPV6(.from = "fdf0:0:0:c::1", .to = VIP(V6), .hop_limit = 63),
			      SYN()));
}

/* Router: the inner packet was forwarded, and its hop limit counted, by the hasher. */
static void what_a_hasher_sends_is_encapsulated_anew_along_the_candidates(void **state)
{
	int v = FAMILY(state);

	given_candidates(WEB, 1, 2);
	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = ROUTE_SID), FROM_CLIENT(v), SEGMENT(),
			      PAYLOAD(10)),
			GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_1),
			      SRH(.segments = {BACKEND_2}, .segments_left = 1), FROM_CLIENT(v),
			      SEGMENT(), PAYLOAD(10)));
}

static void what_a_hasher_sends_is_never_hashed_again(void **state)
{
	int v = FAMILY(state);

	given_router(ROUTER_OTHER);
	through_gateway(
		FRAME(FROM_FABRIC, FROM_GATEWAY(.to = ROUTE_SID), FROM_CLIENT(v), PLAIN_SYN()),
		GATEWAY_CANDIDATES,
		FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_1_MUST), FROM_CLIENT(v), PLAIN_SYN()));
}

static void a_used_up_segment_list_in_front_of_the_packet_is_taken_off(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = ROUTE_SID),
			      SRH(.segments = {ROUTE_SID, BACKEND_2}, .segments_left = 0),
			      FROM_CLIENT(v), SEGMENT()),
			GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_1), FROM_CLIENT(v), SEGMENT()));
}

static void a_segment_list_that_goes_on_behind_our_sid_is_malformed(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = ROUTE_SID),
			      SRH(.segments = {BACKEND_2}, .segments_left = 1), FROM_CLIENT(v),
			      SEGMENT()),
			GATEWAY_MALFORMED, NOTHING);
}

static void a_packet_that_came_back_unclaimed_is_dropped(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, IPV6(.from = BACKEND_2, .to = UNCLAIMED_SID),
			      SRH(.segments = {BACKEND_2}), FROM_CLIENT(v), SEGMENT()),
			GATEWAY_UNCLAIMED, NOTHING);
}

static void our_sid_with_no_ip_packet_inside_is_malformed(void **state)
{
	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = ROUTE_SID), UDP()), GATEWAY_MALFORMED,
			NOTHING);
}

static void our_sid_with_a_packet_for_nobody_has_no_service(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = ROUTE_SID),
			      IP(v, .from = CLIENT(v), .to = STRANGER(v)), SYN()),
			GATEWAY_NO_SERVICE, NOTHING);
}

static void our_sid_with_a_packet_cut_short_is_malformed(void **state)
{
	int v = FAMILY(state);
	struct frame in = FRAME(FROM_FABRIC, FROM_GATEWAY(.to = ROUTE_SID), FROM_CLIENT(v), SYN());

	for (size_t size = 14 + 40; size < in.size; size++)
		through_gateway(frame_cut(in, size), GATEWAY_MALFORMED, NOTHING);
}

/* Its array of programs is exchanged with it, and is never empty while it runs; but if it were: not to the host. */
static void what_is_for_a_sid_is_dropped_where_the_program_for_it_is_missing(void **state)
{
	int v = FAMILY(state);

	given_no_stages();
	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = ROUTE_SID), FROM_CLIENT(v), SYN()),
			GATEWAY_NO_STAGE, NOTHING);
}

static void the_site_sid_hashes_again_and_counts_a_hop(void **state)
{
	int v = FAMILY(state);

	given_router(ROUTER_OTHER);
	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = SITE_SID), FROM_CLIENT(v), SEGMENT()),
			GATEWAY_TO_ROUTER,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = "fdf0:0:0:2:f001:1::"), FROM_CLIENT(v),
			      SEGMENT()));
}

static void the_site_sid_picks_for_a_syn(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = SITE_SID), FROM_CLIENT(v), SYN()),
			GATEWAY_PICKED,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = "fdf0:0:0:b1:f003:101::"), FROM_CLIENT(v),
			      SYN()));
}

static void a_second_move_between_sites_is_counted(void **state)
{
	int v = FAMILY(state);

	given_router(ROUTER_OTHER);
	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = "fdf0:0:0:5:f002:1::"),
			      FROM_CLIENT(v), SEGMENT()),
			GATEWAY_TO_ROUTER,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = "fdf0:0:0:2:f001:2::"), FROM_CLIENT(v),
			      SEGMENT()));
}

static void a_third_move_between_sites_is_dropped(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = "fdf0:0:0:5:f002:2::"),
			      FROM_CLIENT(v), SEGMENT()),
			GATEWAY_SITE_HOPS, NOTHING);
}

static void the_router_keeps_the_count_of_moves(void **state)
{
	int v = FAMILY(state);

	given_candidates(WEB, 1, 2);
	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = "fdf0:0:0:1:f001:2::"),
			      FROM_CLIENT(v), SEGMENT()),
			GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = "fdf0:0:0:b1:f003:2::"),
			      SRH(.segments = {"fdf0:0:0:b2:f003:2::"}, .segments_left = 1),
			      FROM_CLIENT(v), SEGMENT()));
}

/* RFC 6040, 4.2: rows are the inner mark, columns the outer one. -1: dropped. */
static const int congestion[4][4] = {
	/*           not-ECT ECT(1) ECT(0) CE */
	/* not-ECT */ {0, 0, 0, -1},
	/* ECT(1)  */ {1, 1, 1, 3},
	/* ECT(0)  */ {2, 1, 2, 3},
	/* CE      */ {3, 3, 3, 3},
};

#define DSCP 0xb8

static void the_congestion_mark_of_the_outer_header_is_handed_on(void **state)
{
	int v = FAMILY(state);

	for (int inner = 0; inner < 4; inner++) {
		for (int outer = 0; outer < 4; outer++) {
			int class = DSCP | congestion[inner][outer];
			struct frame in = FRAME(
				FROM_FABRIC, FROM_GATEWAY(.to = ROUTE_SID, .traffic_class = outer),
				FROM_CLIENT(v, .traffic_class = DSCP | inner), SEGMENT());

			if (congestion[inner][outer] < 0)
				continue;
			through_gateway(in, GATEWAY_CANDIDATES,
					FRAME(TO_NEXT,
					      WEB_OUTER(v, .to = BACKEND_1, .traffic_class = class),
					      FROM_CLIENT(v, .traffic_class = class), SEGMENT()));
		}
	}
}

static void congestion_that_the_client_could_not_see_drops_the_packet(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = ROUTE_SID, .traffic_class = 3),
			      FROM_CLIENT(v), SEGMENT()),
			GATEWAY_CONGESTION, NOTHING);
}

GATEWAY_TESTS(IN_BOTH(nobody_outside_may_send_to_our_route_sid),
	      IN_BOTH(nobody_outside_may_send_to_our_site_sid),
	      IN_BOTH(nobody_outside_may_send_to_any_sid_of_the_infrastructure),
	      ONCE(nobody_outside_may_send_anything_else_to_the_infrastructure),
	      ONCE(a_neighbour_may_ask_whether_we_are_still_there),
	      ONCE(a_backend_may_answer_the_daemons_probes_and_open_nothing),
	      IN_BOTH(an_address_just_beyond_the_infrastructure_is_outside),
	      ONCE(nobody_outside_may_steer_with_segments),
	      ONCE(nobody_outside_may_steer_with_segments_to_addresses_that_are_not_ours),
	      ONCE(nobody_outside_may_steer_with_segments_to_a_mapped_vip),
	      ONCE(segments_behind_other_extension_headers_are_seen),
	      ONCE(segments_behind_other_headers_are_seen_in_packets_that_are_not_ours),
	      ONCE(another_type_of_routing_header_is_an_extension_header),
	      ONCE(other_functions_of_our_locator_are_left_to_the_host),
	      IN_BOTH(sids_of_others_are_left_to_the_host),
	      ONCE(the_infrastructure_may_be_a_client),
	      IN_BOTH(what_a_hasher_sends_is_encapsulated_anew_along_the_candidates),
	      IN_BOTH(what_a_hasher_sends_is_never_hashed_again),
	      IN_BOTH(a_used_up_segment_list_in_front_of_the_packet_is_taken_off),
	      IN_BOTH(a_segment_list_that_goes_on_behind_our_sid_is_malformed),
	      IN_BOTH(a_packet_that_came_back_unclaimed_is_dropped),
	      ONCE(our_sid_with_no_ip_packet_inside_is_malformed),
	      IN_BOTH(our_sid_with_a_packet_for_nobody_has_no_service),
	      IN_BOTH(our_sid_with_a_packet_cut_short_is_malformed),
	      IN_BOTH(what_is_for_a_sid_is_dropped_where_the_program_for_it_is_missing),
	      IN_BOTH(the_site_sid_hashes_again_and_counts_a_hop),
	      IN_BOTH(the_site_sid_picks_for_a_syn),
	      IN_BOTH(a_second_move_between_sites_is_counted),
	      IN_BOTH(a_third_move_between_sites_is_dropped),
	      IN_BOTH(the_router_keeps_the_count_of_moves),
	      IN_BOTH(the_congestion_mark_of_the_outer_header_is_handed_on),
	      IN_BOTH(congestion_that_the_client_could_not_see_drops_the_packet))
