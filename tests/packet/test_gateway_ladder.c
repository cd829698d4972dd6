/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The dispatch ladder: who answers which packet, and the segment list that comes of it. */
#include <arpa/inet.h>
#include <string.h>

#include "tests/packet/gateway_world.h"
#include "wire/srv6.h"

#define WEB_OUTER(v, ...) OUTER(v, IPPROTO_TCP, 80, __VA_ARGS__)
#define FORWARDED(v) FROM_CLIENT(v, .hop_limit = 63)

static void a_syn_with_timestamps_goes_straight_to_the_rows_backend(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()), GATEWAY_PICKED,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_1_MUST), FORWARDED(v), SYN()));
}

static void a_syn_with_timestamps_is_picked_whoever_routes_the_flow(void **state)
{
	int v = FAMILY(state);

	given_router(ROUTER_OTHER);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()), GATEWAY_PICKED,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_1_MUST), FORWARDED(v), SYN()));
}

/* Its packets will not say where it went, so its router has to see the SYN-ACK. */
static void a_syn_of_a_service_without_cookies_goes_to_the_router_of_its_flow(void **state)
{
	int v = FAMILY(state);

	given_no_cookies(WEB);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()), GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_1_MUST), FORWARDED(v), SYN()));
	given_router(ROUTER_OTHER);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()), GATEWAY_TO_ROUTER,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = OTHER_SID), FORWARDED(v), SYN()));
}

static void a_syn_without_timestamps_is_routed_here_when_this_gateway_has_the_flow(void **state)
{
	int v = FAMILY(state);

	through_gateway(
		FRAME(FROM_FABRIC, FROM_CLIENT(v), PLAIN_SYN()), GATEWAY_CANDIDATES,
		FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_1_MUST), FORWARDED(v), PLAIN_SYN()));
}

static void a_syn_without_timestamps_goes_to_the_router_sid_of_its_gateway(void **state)
{
	int v = FAMILY(state);

	given_router(ROUTER_OTHER);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), PLAIN_SYN()), GATEWAY_TO_ROUTER,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = OTHER_SID), FORWARDED(v), PLAIN_SYN()));
}

static void a_segment_in_mid_connection_goes_to_its_candidate_without_must(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SEGMENT(), PAYLOAD(100)),
			GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_1), FORWARDED(v), SEGMENT(),
			      PAYLOAD(100)));
}

static void a_backend_on_which_all_generations_agree_is_the_one_candidate(void **state)
{
	int v = FAMILY(state);

	given_agreement(WEB, 2);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SEGMENT()), GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_2), FORWARDED(v), SEGMENT()));
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()), GATEWAY_PICKED,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_2_MUST), FORWARDED(v), SYN()));
	given_unreachable_backend(2);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()), GATEWAY_NO_NEXT_HOP, NOTHING);
	given_agreement(WEB, 0);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()), GATEWAY_NO_BACKEND, NOTHING);
}

static void all_generations_may_agree_on_another_site(void **state)
{
	int v = FAMILY(state);

	given_agreement(WEB, AWAY);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()), GATEWAY_PICKED,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = AWAY_SID), FORWARDED(v), SYN()));
}

static void the_last_candidate_must_take_it_where_nothing_comes_back(void **state)
{
	int v = FAMILY(state);

	given_candidates(WEB, 1);
	given_one_way(WEB);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SEGMENT()), GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_1_MUST), FORWARDED(v), SEGMENT()));
	given_candidates(WEB, 2, 1);
	given_one_way(WEB);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SEGMENT()), GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_2),
			      SRH(.segments = {BACKEND_1_MUST}, .segments_left = 1),
			      FORWARDED(v), SEGMENT()));
}

static void a_segment_in_mid_connection_goes_to_the_router_sid_of_its_gateway(void **state)
{
	int v = FAMILY(state);

	given_router(ROUTER_OTHER);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SEGMENT(), PAYLOAD(100)),
			GATEWAY_TO_ROUTER,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = OTHER_SID), FORWARDED(v), SEGMENT(),
			      PAYLOAD(100)));
}

static void a_reset_with_a_syn_bit_is_no_new_connection(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), TCP(.flags = TCP_SYN | TCP_RST)),
			GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_1), FORWARDED(v),
			      TCP(.flags = TCP_SYN | TCP_RST)));
}

static void a_datagram_is_picked_and_must_be_taken(void **state)
{
	int v = FAMILY(state);

	given_router(ROUTER_OTHER);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), UDP(.to_port = 53), PAYLOAD(33)),
			GATEWAY_PICKED,
			FRAME(TO_NEXT, OUTER(v, IPPROTO_UDP, 53, .to = BACKEND_1_MUST),
			      FORWARDED(v), UDP(.to_port = 53), PAYLOAD(33)));
}

static void a_datagram_visits_the_newest_candidate_alone(void **state)
{
	int v = FAMILY(state);

	given_candidates(NAMES, 2, 1, 3);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), UDP(.to_port = 53)), GATEWAY_PICKED,
			FRAME(TO_NEXT, OUTER(v, IPPROTO_UDP, 53, .to = BACKEND_2_MUST),
			      FORWARDED(v), UDP(.to_port = 53)));
}

/* RFC 8986, 5.2: the first segment is the destination alone, the list has the rest, last one first.
 */
static void two_candidates_make_a_reduced_list_of_one_entry(void **state)
{
	int v = FAMILY(state);

	given_candidates(WEB, 1, 2);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SEGMENT(), PAYLOAD(10)),
			GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_1),
			      SRH(.segments = {BACKEND_2}, .segments_left = 1), FORWARDED(v),
			      SEGMENT(), PAYLOAD(10)));
}

static void three_candidates_make_a_reduced_list_of_two_entries(void **state)
{
	int v = FAMILY(state);

	given_candidates(WEB, 1, 2, 3);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SEGMENT(), PAYLOAD(10)),
			GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_1),
			      SRH(.segments = {BACKEND_3, BACKEND_2}, .segments_left = 2),
			      FORWARDED(v), SEGMENT(), PAYLOAD(10)));
}

static void the_last_of_two_candidates_must_take_a_syn(void **state)
{
	int v = FAMILY(state);

	given_candidates(WEB, 1, 2);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()), GATEWAY_PICKED,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_1),
			      SRH(.segments = {BACKEND_2_MUST}, .segments_left = 1), FORWARDED(v),
			      SYN()));
}

static void the_last_of_three_candidates_must_take_a_syn(void **state)
{
	int v = FAMILY(state);

	given_candidates(WEB, 1, 2, 3);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), PLAIN_SYN()), GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_1),
			      SRH(.segments = {BACKEND_3_MUST, BACKEND_2}, .segments_left = 2),
			      FORWARDED(v), PLAIN_SYN()));
}

/* The exact bytes once, without the builder's help: RFC 8200, 3 and RFC 8754, 2. */
static void a_list_of_three_looks_as_the_rfcs_draw_it(void **state)
{
	static const __u8 header[] = {
		0x00, 0x8c, 43, 64,						 /* length 140 */
		0xfd, 0xf0, 0,	0,  0, 0, 0, 1,	   0xf0, 0x01, 0, 0, 0, 0, 0, 0, /* source */
		0xfd, 0xf0, 0,	0,  0, 0, 0, 0xb1, 0xf0, 0x03, 0, 0, 0, 0, 0, 0, /* first  */
		4,    4,    4,	2,  1, 0, 0, 0,					 /* SRH    */
		0xfd, 0xf0, 0,	0,  0, 0, 0, 0xb3, 0xf0, 0x03, 0, 0, 0, 0, 0, 0, /* third  */
		0xfd, 0xf0, 0,	0,  0, 0, 0, 0xb2, 0xf0, 0x03, 0, 0, 0, 0, 0, 0, /* second */
	};
	struct frame in = FRAME(FROM_FABRIC, FROM_CLIENT(V4), SEGMENT(), PAYLOAD(48)), out;

	given_candidates(WEB, 1, 2, 3);
	assert_int_equal(gateway_run(&in, &out), GATEWAY_CANDIDATES);
	assert_int_equal(out.size, in.size + SRV6_OVERHEAD(3));
	assert_int_equal(out.bytes[14] >> 4, 6);
	assert_memory_equal(out.bytes + 18, header, sizeof(header));
}

static void a_backend_of_two_generations_is_listed_once(void **state)
{
	int v = FAMILY(state);

	given_candidates(WEB, 1, 2, 1);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SEGMENT()), GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_1),
			      SRH(.segments = {BACKEND_2}, .segments_left = 1), FORWARDED(v),
			      SEGMENT()));
	given_candidates(WEB, 1, 1, 2);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SEGMENT()), GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_1),
			      SRH(.segments = {BACKEND_2}, .segments_left = 1), FORWARDED(v),
			      SEGMENT()));
}

static void a_backend_of_all_generations_makes_a_list_of_one(void **state)
{
	int v = FAMILY(state);

	given_candidates(WEB, 2, 2, 2);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SEGMENT()), GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_2), FORWARDED(v), SEGMENT()));
}

static void an_empty_row_of_a_generation_is_left_out(void **state)
{
	int v = FAMILY(state);

	given_candidates(WEB, 0, 2, 3);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SEGMENT()), GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_2),
			      SRH(.segments = {BACKEND_3}, .segments_left = 1), FORWARDED(v),
			      SEGMENT()));
}

static void a_service_without_generations_has_no_backend(void **state)
{
	int v = FAMILY(state);

	given_generations(WEB, NULL, 0);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()), GATEWAY_NO_BACKEND, NOTHING);
}

static void a_service_of_empty_rows_has_no_backend(void **state)
{
	int v = FAMILY(state);

	given_candidates(WEB, 0, 0, 0);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SEGMENT()), GATEWAY_NO_BACKEND, NOTHING);
}

static void a_site_without_routers_drops_what_needs_one(void **state)
{
	int v = FAMILY(state);

	given_no_router();
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SEGMENT()), GATEWAY_NO_ROUTER, NOTHING);
}

static void a_site_without_routers_still_picks_for_a_syn(void **state)
{
	int v = FAMILY(state);

	given_no_router();
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()), GATEWAY_PICKED,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_1_MUST), FORWARDED(v), SYN()));
}

static void a_backend_without_next_hop_gets_nothing(void **state)
{
	int v = FAMILY(state);

	given_unreachable_backend(1);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()), GATEWAY_NO_NEXT_HOP, NOTHING);
}

static void a_flow_always_has_the_same_row(void **state)
{
	int v = FAMILY(state);
	struct frame in = FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()), first, again;

	assert_int_equal(gateway_run(&in, &first), GATEWAY_PICKED);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(gateway_run(&in, &again), GATEWAY_PICKED);
		frame_check(&again, &first, __FILE__, __LINE__);
	}
}

#define SPREAD_ROWS 251
#define SPREAD_FLOWS 1000

static int one_of_four(int row)
{
	return row % 4 + 1;
}

/* The last byte of the locator tells the backend: fdf0:0:0:b1 is 1. */
static int backend_of_packet(const struct frame *frame)
{
	return frame->bytes[14 + 24 + 7] - 0xb0;
}

static void a_thousand_flows_follow_the_rows_and_spread_over_them(void **state)
{
	int v = FAMILY(state), share[5] = {};

	given_rows(WEB, SPREAD_ROWS, one_of_four);
	for (int port = 1024; port < 1024 + SPREAD_FLOWS; port++) {
		struct frame in = FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN(.from_port = port)), out;
		struct flow flow = flow_of(v, IPPROTO_TCP, 80);

		flow.client_port = htons(port);
		assert_int_equal(gateway_run(&in, &out), GATEWAY_PICKED);
		assert_int_equal(backend_of_packet(&out),
				 one_of_four(hash_row(hash_of(&flow), SPREAD_ROWS)));
		share[backend_of_packet(&out)]++;
	}
	for (int backend = 1; backend <= 4; backend++) /* 250, by five standard deviations */
		assert_in_range(share[backend], 180, 320);
}

static void a_closed_service_takes_no_new_connection_and_leads_old_ones_on(void **state)
{
	int v = FAMILY(state);

	given_closed(WEB);
	given_closed(NAMES);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()), GATEWAY_NO_BACKEND, NOTHING);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), PLAIN_SYN()), GATEWAY_NO_BACKEND, NOTHING);
	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = ROUTE_SID), FROM_CLIENT(v), SYN()),
			GATEWAY_NO_BACKEND, NOTHING);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), UDP(.to_port = 53)), GATEWAY_NO_BACKEND,
			NOTHING);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SEGMENT(), PAYLOAD(100)),
			GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_1), FORWARDED(v), SEGMENT(),
			      PAYLOAD(100)));
}

GATEWAY_TESTS(IN_BOTH(a_closed_service_takes_no_new_connection_and_leads_old_ones_on),
	      IN_BOTH(a_syn_with_timestamps_goes_straight_to_the_rows_backend),
	      IN_BOTH(a_syn_with_timestamps_is_picked_whoever_routes_the_flow),
	      IN_BOTH(a_syn_of_a_service_without_cookies_goes_to_the_router_of_its_flow),
	      IN_BOTH(a_syn_without_timestamps_is_routed_here_when_this_gateway_has_the_flow),
	      IN_BOTH(a_syn_without_timestamps_goes_to_the_router_sid_of_its_gateway),
	      IN_BOTH(a_segment_in_mid_connection_goes_to_its_candidate_without_must),
	      IN_BOTH(a_backend_on_which_all_generations_agree_is_the_one_candidate),
	      IN_BOTH(all_generations_may_agree_on_another_site),
	      IN_BOTH(the_last_candidate_must_take_it_where_nothing_comes_back),
	      IN_BOTH(a_segment_in_mid_connection_goes_to_the_router_sid_of_its_gateway),
	      IN_BOTH(a_reset_with_a_syn_bit_is_no_new_connection),
	      IN_BOTH(a_datagram_is_picked_and_must_be_taken),
	      IN_BOTH(a_datagram_visits_the_newest_candidate_alone),
	      IN_BOTH(two_candidates_make_a_reduced_list_of_one_entry),
	      IN_BOTH(three_candidates_make_a_reduced_list_of_two_entries),
	      IN_BOTH(the_last_of_two_candidates_must_take_a_syn),
	      IN_BOTH(the_last_of_three_candidates_must_take_a_syn),
	      ONCE(a_list_of_three_looks_as_the_rfcs_draw_it),
	      IN_BOTH(a_backend_of_two_generations_is_listed_once),
	      IN_BOTH(a_backend_of_all_generations_makes_a_list_of_one),
	      IN_BOTH(an_empty_row_of_a_generation_is_left_out),
	      IN_BOTH(a_service_without_generations_has_no_backend),
	      IN_BOTH(a_service_of_empty_rows_has_no_backend),
	      IN_BOTH(a_site_without_routers_drops_what_needs_one),
	      IN_BOTH(a_site_without_routers_still_picks_for_a_syn),
	      IN_BOTH(a_backend_without_next_hop_gets_nothing),
	      IN_BOTH(a_flow_always_has_the_same_row),
	      IN_BOTH(a_thousand_flows_follow_the_rows_and_spread_over_them))
