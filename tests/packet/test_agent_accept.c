/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the agent does around a claim: whom it believes, how it delivers, how it passes on. */
#include "tests/packet/agent_world.h"
#include "tests/packet/client.h"

#define ONWARD(...) IPV6(.from = ROUTE_SID, .label = 0x12345, .hop_limit = 63, __VA_ARGS__)
#define BOUNCED IPV6(.from = BACKEND_1, .to = UNCLAIMED_SID, .label = 0x12345, .hop_limit = 63)

static void what_is_no_ipv6_is_left_to_the_host(void **state)
{
	through_agent(FRAME(FROM_FABRIC, FROM_CLIENT(V4), SYN()), AGENT_NOT_OURS, UNCHANGED);
	through_agent(
		FRAME(ETHERNET(.from = FABRIC_MAC, .to = OUR_MAC, .next = 0x0806), PAYLOAD(46)),
		AGENT_NOT_OURS, UNCHANGED);
}

static void a_vip_without_an_outer_header_is_left_to_the_host(void **state)
{
	through_agent(FRAME(FROM_FABRIC, FROM_CLIENT(V6), SYN()), AGENT_NOT_OURS, UNCHANGED);
}

static void the_sid_of_another_backend_is_left_to_the_host(void **state)
{
	int v = FAMILY(state);

	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_2), FROM_CLIENT(v), SYN()),
		      AGENT_NOT_OURS, UNCHANGED);
}

static void another_function_of_our_locator_is_left_to_the_host(void **state)
{
	int v = FAMILY(state);

	through_agent(
		FRAME(FROM_FABRIC, FROM_GATEWAY(.to = "fdf0:0:0:b1:1::"), FROM_CLIENT(v), SYN()),
		AGENT_NOT_OURS, UNCHANGED);
}

static void a_source_outside_the_infrastructure_is_not_believed(void **state)
{
	int v = FAMILY(state);

	server_listen(v, 80);
	through_agent(FRAME(FROM_FABRIC, IPV6(.from = CLIENT(V6), .to = BACKEND_1_MUST),
			    FROM_CLIENT(v), SYN()),
		      AGENT_OUTSIDE_SID, NOTHING);
	through_agent(FRAME(FROM_FABRIC, IPV6(.from = "fdf0:0:100::1", .to = BACKEND_1),
			    FROM_CLIENT(v), SYN()),
		      AGENT_OUTSIDE_SID, NOTHING);
}

static void the_count_of_moves_between_sites_does_not_hide_our_sid(void **state)
{
	int v = FAMILY(state);

	server_listen(v, 80);
	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = "fdf0:0:0:b1:f003:2::"), FROM_CLIENT(v),
			    SYN()),
		      AGENT_CLAIM_SYN, FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()));
}

static void an_inner_packet_for_nobody_has_no_service(void **state)
{
	int v = FAMILY(state);

	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1_MUST),
			    IP(v, .from = CLIENT(v), .to = STRANGER(v)), SYN()),
		      AGENT_NO_SERVICE, NOTHING);
}

static void an_inner_packet_for_a_port_of_no_service_is_dropped_even_with_a_listener(void **state)
{
	int v = FAMILY(state);

	server_listen(v, 22);
	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1_MUST), FROM_CLIENT(v),
			    SYN(.to_port = 22)),
		      AGENT_NO_SERVICE, NOTHING);
}

static void an_inner_echo_request_has_no_service(void **state)
{
	int v = FAMILY(state);

	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1_MUST), FROM_CLIENT(v),
			    ICMP(.type = v ? 128 : 8), PAYLOAD(56)),
		      AGENT_NO_SERVICE, NOTHING);
}

static void an_inner_packet_to_a_mapped_vip_is_malformed(void **state)
{
	server_listen(V4, 80);
	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1_MUST),
			    IPV6(.from = CLIENT(V6), .to = "::ffff:192.0.2.1"), SYN()),
		      AGENT_MALFORMED, NOTHING);
}

static void check_malformed_list(struct layer srh)
{
	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1_MUST), srh, FROM_CLIENT(V6),
			    SYN(), PAYLOAD(100)),
		      AGENT_MALFORMED, NOTHING);
}

static void a_routing_header_of_another_type_is_malformed(void **state)
{
	check_malformed_list((struct layer)SRH(.type = 2, .segments = {BACKEND_2}));
}

static void a_list_of_odd_length_is_malformed(void **state)
{
	check_malformed_list((struct layer)SRH(.length = 3, .segments = {BACKEND_2}));
}

static void a_list_without_an_entry_is_malformed(void **state)
{
	check_malformed_list((struct layer)SRH(.segments = {NULL}));
}

static void a_last_entry_behind_the_end_of_the_list_is_malformed(void **state)
{
	check_malformed_list((struct layer)SRH(.length = 2, .segments = {BACKEND_3, BACKEND_2}));
}

static void more_segments_left_than_entries_is_malformed(void **state)
{
	check_malformed_list(
		(struct layer)SRH(.segments = {BACKEND_3, BACKEND_2}, .segments_left = 3));
	check_malformed_list(
		(struct layer)SRH(.segments = {BACKEND_3, BACKEND_2}, .segments_left = 255));
}

static void a_list_that_leads_out_of_the_packet_is_malformed(void **state)
{
	check_malformed_list((struct layer)SRH(.length = 254, .segments = {BACKEND_2}));
}

static void a_list_without_an_ip_packet_behind_it_is_malformed(void **state)
{
	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1_MUST),
			    SRH(.segments = {BACKEND_2}), UDP(.to_port = 53)),
		      AGENT_MALFORMED, NOTHING);
}

static void an_outer_header_without_an_ip_packet_behind_it_is_malformed(void **state)
{
	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1_MUST), UDP(.to_port = 53)),
		      AGENT_MALFORMED, NOTHING);
}

static void a_packet_cut_anywhere_is_malformed(void **state)
{
	int v = FAMILY(state);
	struct frame in = FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1_MUST),
				SRH(.segments = {BACKEND_1}), FROM_CLIENT(v), SYN());

	for (size_t size = 14 + 40; size < in.size; size++)
		through_agent(frame_cut(in, size), AGENT_MALFORMED, NOTHING);
}

static void a_malformed_inner_packet_is_dropped(void **state)
{
	int v = FAMILY(state);

	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1_MUST),
			    FROM_CLIENT(v, .version = 5), SYN()),
		      AGENT_MALFORMED, NOTHING);
	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1_MUST), FROM_CLIENT(v),
			    SYN(.header_words = 4)),
		      AGENT_MALFORMED, NOTHING);
}

static void an_inner_chain_of_extension_headers_beyond_the_bound_is_dropped(void **state)
{
	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1_MUST), FROM_CLIENT(V6),
			    HOP_BY_HOP(), DESTINATION_OPTIONS(), DESTINATION_OPTIONS(),
			    DESTINATION_OPTIONS(), DESTINATION_OPTIONS(), DESTINATION_OPTIONS(),
			    SYN()),
		      AGENT_EXTENSIONS, NOTHING);
}

static void inner_options_are_passed_over_and_delivered(void **state)
{
	server_listen(V4, 80);
	server_listen(V6, 80);
	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1),
			    FROM_CLIENT(V4, OPTIONS("\x94\x04\0\0")), SYN()),
		      AGENT_CLAIM_SYN,
		      FRAME(FROM_FABRIC, FROM_CLIENT(V4, OPTIONS("\x94\x04\0\0")), SYN()));
	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1), FROM_CLIENT(V6),
			    DESTINATION_OPTIONS(.size = 16), SYN()),
		      AGENT_CLAIM_SYN,
		      FRAME(FROM_FABRIC, FROM_CLIENT(V6), DESTINATION_OPTIONS(.size = 16), SYN()));
}

static void delivery_takes_a_list_of_three_off(void **state)
{
	int v = FAMILY(state);

	server_listen(v, 80);
	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1),
			    SRH(.segments = {BACKEND_3_MUST, BACKEND_2}, .segments_left = 2),
			    FROM_CLIENT(v), SYN()),
		      AGENT_CLAIM_SYN, FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()));
}

static void delivery_keeps_one_vlan_tag(void **state)
{
	int v = FAMILY(state);

	server_listen(v, 80);
	through_agent(FRAME(FROM_FABRIC, VLAN(.tag = 100), FROM_GATEWAY(.to = BACKEND_1),
			    FROM_CLIENT(v), SYN()),
		      AGENT_CLAIM_SYN, FRAME(FROM_FABRIC, VLAN(.tag = 100), FROM_CLIENT(v), SYN()));
}

static void delivery_keeps_two_vlan_tags(void **state)
{
	int v = FAMILY(state);

	server_listen(v, 80);
	through_agent(FRAME(FROM_FABRIC, VLAN(.number = VLAN_S, .tag = 7), VLAN(.tag = 100),
			    FROM_GATEWAY(.to = BACKEND_1), SRH(.segments = {BACKEND_1}),
			    FROM_CLIENT(v), SYN()),
		      AGENT_CLAIM_SYN,
		      FRAME(FROM_FABRIC, VLAN(.number = VLAN_S, .tag = 7), VLAN(.tag = 100),
			    FROM_CLIENT(v), SYN()));
}

static void delivery_needs_no_hops_left(void **state)
{
	int v = FAMILY(state);

	server_listen(v, 80);
	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1, .hop_limit = 1),
			    FROM_CLIENT(v), SYN()),
		      AGENT_CLAIM_SYN, FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()));
}

static void the_first_of_three_passes_on_to_the_second(void **state)
{
	int v = FAMILY(state);

	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1),
			    SRH(.segments = {BACKEND_3_MUST, BACKEND_2}, .segments_left = 2),
			    FROM_CLIENT(v), SYN()),
		      AGENT_PASSED_ON,
		      FRAME(TO_FABRIC, ONWARD(.to = BACKEND_2),
			    SRH(.segments = {BACKEND_3_MUST, BACKEND_2}, .segments_left = 1),
			    FROM_CLIENT(v), SYN()));
}

static void the_second_of_three_passes_on_to_the_third(void **state)
{
	int v = FAMILY(state);

	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1),
			    SRH(.segments = {BACKEND_3_MUST, BACKEND_1}, .segments_left = 1),
			    FROM_CLIENT(v), SYN()),
		      AGENT_PASSED_ON,
		      FRAME(TO_FABRIC, ONWARD(.to = BACKEND_3_MUST),
			    SRH(.segments = {BACKEND_3_MUST, BACKEND_1}, .segments_left = 0),
			    FROM_CLIENT(v), SYN()));
}

static void passing_on_keeps_the_vlan_tags(void **state)
{
	int v = FAMILY(state);

	through_agent(FRAME(FROM_FABRIC, VLAN(.number = VLAN_S, .tag = 7), VLAN(.tag = 100),
			    FROM_GATEWAY(.to = BACKEND_1),
			    SRH(.segments = {BACKEND_2}, .segments_left = 1), FROM_CLIENT(v),
			    SEGMENT()),
		      AGENT_PASSED_ON,
		      FRAME(TO_FABRIC, VLAN(.number = VLAN_S, .tag = 7), VLAN(.tag = 100),
			    ONWARD(.to = BACKEND_2), SRH(.segments = {BACKEND_2}), FROM_CLIENT(v),
			    SEGMENT()));
}

static void passing_on_keeps_the_congestion_mark(void **state)
{
	int v = FAMILY(state);

	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1, .traffic_class = 0xbb),
			    SRH(.segments = {BACKEND_2}, .segments_left = 1), FROM_CLIENT(v),
			    SEGMENT()),
		      AGENT_PASSED_ON,
		      FRAME(TO_FABRIC, ONWARD(.to = BACKEND_2, .traffic_class = 0xbb),
			    SRH(.segments = {BACKEND_2}), FROM_CLIENT(v), SEGMENT()));
}

static void passing_on_ends_with_the_hop_limit(void **state)
{
	int v = FAMILY(state);

	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1, .hop_limit = 1),
			    SRH(.segments = {BACKEND_2}, .segments_left = 1), FROM_CLIENT(v),
			    SEGMENT()),
		      AGENT_HOP_LIMIT, NOTHING);
}

static void sending_back_ends_with_the_hop_limit(void **state)
{
	int v = FAMILY(state);

	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1, .hop_limit = 1),
			    FROM_CLIENT(v), SEGMENT()),
		      AGENT_HOP_LIMIT, NOTHING);
}

static void sending_back_keeps_the_padding(void **state)
{
	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1), FROM_CLIENT(V4), SEGMENT(),
			    PADDING(4)),
		      AGENT_UNCLAIMED,
		      FRAME(TO_FABRIC, BOUNCED, FROM_CLIENT(V4), SEGMENT(), PADDING(4)));
}

/* The gateway goes on behind the rung that it is told of. */
static void sending_back_says_which_rung_had_sent_the_packet_and_not_that_it_must(void **state)
{
	int v = FAMILY(state);

	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1_COOKIE), FROM_CLIENT(v),
			    SEGMENT()),
		      AGENT_UNCLAIMED,
		      FRAME(TO_FABRIC,
			    IPV6(.from = BACKEND_1, .to = UNCLAIMED_COOKIE_SID, .label = 0x12345,
				 .hop_limit = 63),
			    FROM_CLIENT(v), SEGMENT()));
	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = "fdf0:0:0:b1:f003:801::"),
			    FROM_CLIENT(v), SEGMENT()),
		      AGENT_UNCLAIMED,
		      FRAME(TO_FABRIC,
			    IPV6(.from = BACKEND_1, .to = "fdf0:0:0:1:f001:a01::", .label = 0x12345,
				 .hop_limit = 63),
			    FROM_CLIENT(v), SEGMENT()));
}

static void a_packet_by_cookie_is_claimed_as_any_other(void **state)
{
	int v = FAMILY(state);

	server_listen(v, 80);
	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1_COOKIE), FROM_CLIENT(v), SYN()),
		      AGENT_CLAIM_SYN, FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()));
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

static void delivery_hands_the_congestion_mark_on(void **state)
{
	int v = FAMILY(state);

	server_listen(v, 80);
	for (int inner = 0; inner < 4; inner++) {
		for (int outer = 0; outer < 4; outer++) {
			if (congestion[inner][outer] < 0)
				continue;
			through_agent(FRAME(FROM_FABRIC,
					    FROM_GATEWAY(.to = BACKEND_1, .traffic_class = outer),
					    FROM_CLIENT(v, .traffic_class = DSCP | inner), SYN()),
				      AGENT_CLAIM_SYN,
				      FRAME(FROM_FABRIC,
					    FROM_CLIENT(v, .traffic_class =
								   DSCP | congestion[inner][outer]),
					    SYN()));
		}
	}
}

static void congestion_that_the_server_could_not_see_drops_the_packet(void **state)
{
	int v = FAMILY(state);

	server_listen(v, 80);
	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1, .traffic_class = 3),
			    FROM_CLIENT(v), SYN()),
		      AGENT_CONGESTION, NOTHING);
}

AGENT_TESTS(ONCE(what_is_no_ipv6_is_left_to_the_host),
	    ONCE(a_vip_without_an_outer_header_is_left_to_the_host),
	    IN_BOTH(the_sid_of_another_backend_is_left_to_the_host),
	    IN_BOTH(another_function_of_our_locator_is_left_to_the_host),
	    IN_BOTH(a_source_outside_the_infrastructure_is_not_believed),
	    IN_BOTH(the_count_of_moves_between_sites_does_not_hide_our_sid),
	    IN_BOTH(an_inner_packet_for_nobody_has_no_service),
	    IN_BOTH(an_inner_packet_for_a_port_of_no_service_is_dropped_even_with_a_listener),
	    IN_BOTH(an_inner_echo_request_has_no_service),
	    ONCE(an_inner_packet_to_a_mapped_vip_is_malformed),
	    ONCE(a_routing_header_of_another_type_is_malformed),
	    ONCE(a_list_of_odd_length_is_malformed), ONCE(a_list_without_an_entry_is_malformed),
	    ONCE(a_last_entry_behind_the_end_of_the_list_is_malformed),
	    ONCE(more_segments_left_than_entries_is_malformed),
	    ONCE(a_list_that_leads_out_of_the_packet_is_malformed),
	    ONCE(a_list_without_an_ip_packet_behind_it_is_malformed),
	    ONCE(an_outer_header_without_an_ip_packet_behind_it_is_malformed),
	    IN_BOTH(a_packet_cut_anywhere_is_malformed),
	    IN_BOTH(a_malformed_inner_packet_is_dropped),
	    ONCE(an_inner_chain_of_extension_headers_beyond_the_bound_is_dropped),
	    ONCE(inner_options_are_passed_over_and_delivered),
	    IN_BOTH(delivery_takes_a_list_of_three_off), IN_BOTH(delivery_keeps_one_vlan_tag),
	    IN_BOTH(delivery_keeps_two_vlan_tags), IN_BOTH(delivery_needs_no_hops_left),
	    IN_BOTH(the_first_of_three_passes_on_to_the_second),
	    IN_BOTH(the_second_of_three_passes_on_to_the_third),
	    IN_BOTH(passing_on_keeps_the_vlan_tags), IN_BOTH(passing_on_keeps_the_congestion_mark),
	    IN_BOTH(passing_on_ends_with_the_hop_limit),
	    IN_BOTH(sending_back_ends_with_the_hop_limit), ONCE(sending_back_keeps_the_padding),
	    IN_BOTH(sending_back_says_which_rung_had_sent_the_packet_and_not_that_it_must),
	    IN_BOTH(a_packet_by_cookie_is_claimed_as_any_other),
	    IN_BOTH(delivery_hands_the_congestion_mark_on),
	    IN_BOTH(congestion_that_the_server_could_not_see_drops_the_packet))
