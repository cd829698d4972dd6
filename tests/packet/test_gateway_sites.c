/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Other sites as candidates: who is handed over, who comes home, and who stays where he is. */
#include "tests/packet/gateway_world.h"
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

GATEWAY_TESTS(IN_BOTH(a_new_connection_goes_to_the_site_of_its_row_and_to_nobody_else),
	      IN_BOTH(an_old_connection_is_looked_for_at_home_before_the_other_site),
	      IN_BOTH(after_recovery_new_connections_begin_at_home_and_old_ones_are_found_away),
	      IN_BOTH(a_datagram_goes_to_the_site_of_its_row),
	      IN_BOTH(what_comes_from_a_site_may_move_once_more_and_is_counted),
	      IN_BOTH(what_comes_from_a_site_stays_while_somebody_is_open_here))
