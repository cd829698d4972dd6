/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Other sites as candidates: who is handed over, who comes home, and who stays where he is. */
#include "tests/packet/pin_world.h"
#include "wire/srv6.h"

#define WEB_OUTER(v, ...) OUTER(v, IPPROTO_TCP, 80, __VA_ARGS__)
#define FORWARDED(v) FROM_CLIENT(v, .hop_limit = 63)

static void a_new_connection_goes_to_the_site_of_its_row_and_to_nobody_else(void **state)
{
	int v = FAMILY(state);

	given_candidates(WEB, AWAY, 1, 2);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()), GATEWAY_PICKED,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = AWAY_SID), FORWARDED(v), SYN()));
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), PLAIN_SYN()), GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = AWAY_SID), FORWARDED(v), PLAIN_SYN()));
}

/* Failover: what our backends held is asked of them first. */
static void an_old_connection_is_looked_for_at_home_before_the_other_site(void **state)
{
	int v = FAMILY(state);

	given_candidates(WEB, AWAY, 1, 2);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SEGMENT(), PAYLOAD(10)),
			GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_1),
			      SRH(.segments = {AWAY_SID, BACKEND_2}, .segments_left = 2),
			      FORWARDED(v), SEGMENT(), PAYLOAD(10)));
}

/* It would not pass it on. */
static void an_old_connection_is_not_looked_for_at_a_dark_host(void **state)
{
	int v = FAMILY(state);

	given_candidates(WEB, AWAY, 1, 2);
	given_dark_backend(1);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SEGMENT(), PAYLOAD(10)),
			GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_2),
			      SRH(.segments = {AWAY_SID}, .segments_left = 1), FORWARDED(v),
			      SEGMENT(), PAYLOAD(10)));
}

/* Health closes it, which is why it is in no new row; nobody else decides where new ones go. */
static void a_dark_host_of_the_newest_generation_is_its_candidate(void **state)
{
	int v = FAMILY(state);

	given_candidates(WEB, 1);
	given_dark_backend(1);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SEGMENT(), PAYLOAD(10)),
			GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_1), FORWARDED(v), SEGMENT(),
			      PAYLOAD(10)));
}

/* Recovery: new ones come home, old ones are found where they are. */
static void after_recovery_new_connections_begin_at_home_and_old_ones_are_found_away(void **state)
{
	int v = FAMILY(state);

	given_candidates(WEB, 1, AWAY);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()), GATEWAY_PICKED,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_1),
			      SRH(.segments = {AWAY_SID}, .segments_left = 1), FORWARDED(v), SYN()));
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SEGMENT(), PAYLOAD(10)),
			GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_1),
			      SRH(.segments = {AWAY_SID}, .segments_left = 1), FORWARDED(v),
			      SEGMENT(), PAYLOAD(10)));
}

static void a_datagram_goes_to_the_site_of_its_row(void **state)
{
	int v = FAMILY(state);

	given_candidates(NAMES, AWAY, 1);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), UDP(.to_port = 53)), GATEWAY_PICKED,
			FRAME(TO_NEXT, OUTER(v, IPPROTO_UDP, 53, .to = AWAY_SID), FORWARDED(v),
			      UDP(.to_port = 53)));
}

static void what_comes_from_a_site_may_move_once_more_and_is_counted(void **state)
{
	int v = FAMILY(state);

	given_candidates(WEB, AWAY);
	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = SITE_SID), FROM_CLIENT(v), SYN()),
			GATEWAY_PICKED,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = AWAY_SID_1), FROM_CLIENT(v), SYN()));
	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = "fdf0:0:0:5:f002:2::"), FROM_CLIENT(v),
			      SYN()),
			GATEWAY_SITE_HOPS, NOTHING);
}

static void what_comes_from_a_site_stays_while_somebody_is_open_here(void **state)
{
	int v = FAMILY(state);

	given_candidates(WEB, 1);
	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = SITE_SID), FROM_CLIENT(v), SYN()),
			GATEWAY_PICKED,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = "fdf0:0:0:b1:f003:101::"), FROM_CLIENT(v),
			      SYN()));
}

/* Spillover: the row leads to another site, and yet nothing that comes from one goes there. */
static void what_was_handed_over_is_not_handed_on_however_the_rows_are_shared_out(void **state)
{
	int v = FAMILY(state);

	given_candidates(WEB, AWAY, 1);
	given_home(WEB, 2, 1);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()), GATEWAY_PICKED,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = AWAY_SID), FORWARDED(v), SYN()));
	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = SITE_SID), FROM_CLIENT(v), SYN()),
			GATEWAY_PICKED,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = "fdf0:0:0:b2:f003:1::"),
			      SRH(.segments = {"fdf0:0:0:b1:f003:101::"}, .segments_left = 1),
			      FROM_CLIENT(v), SYN()));
	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = SITE_SID), FROM_CLIENT(v), SEGMENT(),
			      PAYLOAD(10)),
			GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = "fdf0:0:0:b2:f003:1::"),
			      SRH(.segments = {"fdf0:0:0:b1:f003:1::"}, .segments_left = 1),
			      FROM_CLIENT(v), SEGMENT(), PAYLOAD(10)));
}

/* The hasher that a site hands to passes it to the flow's router, which counts the same move. */
static void its_router_does_not_hand_it_on_either(void **state)
{
	int v = FAMILY(state);

	given_candidates(WEB, AWAY);
	given_home(WEB, 1);
	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = "fdf0:0:0:1:f001:1::"), FROM_CLIENT(v),
			      PLAIN_SYN()),
			GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = "fdf0:0:0:b1:f003:101::"), FROM_CLIENT(v),
			      PLAIN_SYN()));
}

/* Two sites that both lead all rows to each other, as each believes that the other is open. */
static void between_two_sites_without_backends_it_ends_at_the_third_move(void **state)
{
	int v = FAMILY(state);

	given_candidates(WEB, AWAY);
	given_home(WEB, AWAY);
	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = SITE_SID), FROM_CLIENT(v), SYN()),
			GATEWAY_PICKED,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = AWAY_SID_1), FROM_CLIENT(v), SYN()));
	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = "fdf0:0:0:5:f002:2::"), FROM_CLIENT(v),
			      SYN()),
			GATEWAY_SITE_HOPS, NOTHING);
}

/* Recovery, where nothing but a pin can tell that a flow began at another site. */
static void an_agentless_flow_that_began_away_stays_there_when_new_ones_come_home(void **state)
{
	int v = FAMILY(state);

	given_candidates(PLAIN, AWAY);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN(.to_port = 443)), GATEWAY_PIN_NEW,
			FRAME(TO_NEXT, OUTER(v, IPPROTO_TCP, 443, .to = AWAY_SID), FORWARDED(v),
			      SYN(.to_port = 443)));
	assert_int_equal(pinned_to(PLAIN_FLOW(v)), AWAY);
	given_candidates(PLAIN, 4);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SEGMENT(.to_port = 443)), GATEWAY_PIN,
			FRAME(TO_NEXT, OUTER(v, IPPROTO_TCP, 443, .to = AWAY_SID), FORWARDED(v),
			      SEGMENT(.to_port = 443)));
}

static void so_does_a_sticky_flow_of_datagrams(void **state)
{
	int v = FAMILY(state);

	for (int i = 0; i < 2; i++) {
		given_candidates(NAMES, i ? 1 : AWAY);
		given_sticky(NAMES);
		through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), UDP(.to_port = 53)),
				i ? GATEWAY_PIN : GATEWAY_PIN_NEW,
				FRAME(TO_NEXT, OUTER(v, IPPROTO_UDP, 53, .to = AWAY_SID),
				      FORWARDED(v), UDP(.to_port = 53)));
	}
}

/* Else two sites that pinned a flow to each other would pass it to and fro. */
static void what_comes_from_a_site_follows_no_pin_to_a_site(void **state)
{
	int v = FAMILY(state);

	given_sticky(NAMES);
	given_pin(NAMES_FLOW(v), AWAY, 0, PIN_DATAGRAMS, 0);
	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = SITE_SID), FROM_CLIENT(v),
			      UDP(.to_port = 53)),
			GATEWAY_PIN_NEW,
			FRAME(TO_NEXT, OUTER(v, IPPROTO_UDP, 53, .to = "fdf0:0:0:b1:f003:101::"),
			      FROM_CLIENT(v), UDP(.to_port = 53)));
	assert_int_equal(pinned_to(NAMES_FLOW(v)), 1);
}

GATEWAY_TESTS(IN_BOTH(a_new_connection_goes_to_the_site_of_its_row_and_to_nobody_else),
	      IN_BOTH(an_old_connection_is_looked_for_at_home_before_the_other_site),
	      IN_BOTH(an_old_connection_is_not_looked_for_at_a_dark_host),
	      IN_BOTH(a_dark_host_of_the_newest_generation_is_its_candidate),
	      IN_BOTH(after_recovery_new_connections_begin_at_home_and_old_ones_are_found_away),
	      IN_BOTH(a_datagram_goes_to_the_site_of_its_row),
	      IN_BOTH(what_comes_from_a_site_may_move_once_more_and_is_counted),
	      IN_BOTH(what_comes_from_a_site_stays_while_somebody_is_open_here),
	      IN_BOTH(what_was_handed_over_is_not_handed_on_however_the_rows_are_shared_out),
	      IN_BOTH(its_router_does_not_hand_it_on_either),
	      IN_BOTH(between_two_sites_without_backends_it_ends_at_the_third_move),
	      IN_BOTH(an_agentless_flow_that_began_away_stays_there_when_new_ones_come_home),
	      IN_BOTH(so_does_a_sticky_flow_of_datagrams),
	      IN_BOTH(what_comes_from_a_site_follows_no_pin_to_a_site))
