/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ladder's second rung: the backend that a flow is pinned to. Rows are backend 1's, those of the
 * agentless service backend 4's; so whoever follows a pin to 2 or 3 shows.
 */
#include <arpa/inet.h>

#include "tests/packet/pin_world.h"

#define FORWARDED(v) FROM_CLIENT(v, .hop_limit = 63)
#define ISN 1234567890

/* Without a cookie's timestamps. */
#define BARE_SYN(...) TCP(.flags = TCP_SYN, MSS_OPTION, __VA_ARGS__)
#define BARE(...) TCP(.flags = TCP_ACK, __VA_ARGS__)

/* What the TCP header in `...` becomes on its way to `sid`. */
#define sent_on(v, port, verdict, sid, ...)                                                        \
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), __VA_ARGS__), verdict,                  \
			FRAME(TO_NEXT, OUTER(v, IPPROTO_TCP, port, .to = sid), FORWARDED(v),       \
			      __VA_ARGS__))

#define datagram_sent_on(v, verdict, sid)                                                          \
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), UDP(.to_port = 53), PAYLOAD(9)),        \
			verdict,                                                                   \
			FRAME(TO_NEXT, OUTER(v, IPPROTO_UDP, 53, .to = sid), FORWARDED(v),         \
			      UDP(.to_port = 53), PAYLOAD(9)))

/* An agentless SID of a backend that the world gives an agent: the function is what differs. */
static void given_plain_rows(int backend)
{
	given_candidates(PLAIN, backend);
}

/* Services with agents */

static void a_segment_goes_to_the_backend_of_its_pin(void **state)
{
	int v = FAMILY(state);

	given_pin(WEB_FLOW(v), 3, 0, PIN_ESTABLISHED, 100);
	sent_on(v, 80, GATEWAY_PIN, BACKEND_3_PIN, BARE());
	sent_on(v, 80, GATEWAY_PIN, BACKEND_3_PIN, TCP(.flags = TCP_ACK | TCP_FIN));
	sent_on(v, 80, GATEWAY_PIN, BACKEND_3_PIN, TCP(.flags = TCP_RST));
}

static void what_another_gateway_s_hasher_sent_goes_by_the_pin(void **state)
{
	int v = FAMILY(state);

	given_pin(WEB_FLOW(v), 3, 0, PIN_ESTABLISHED, 0);
	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = ROUTE_SID), FROM_CLIENT(v), BARE()),
			GATEWAY_PIN,
			FRAME(TO_NEXT, OUTER(v, IPPROTO_TCP, 80, .to = BACKEND_3_PIN),
			      FROM_CLIENT(v), BARE()));
}

static void only_the_flow_s_router_looks_for_its_pin(void **state)
{
	int v = FAMILY(state);

	given_router(ROUTER_OTHER);
	given_pin(WEB_FLOW(v), 3, 0, PIN_ESTABLISHED, 0);
	sent_on(v, 80, GATEWAY_TO_ROUTER, OTHER_SID, BARE());
}

static void a_flow_without_a_pin_goes_along_the_candidates_and_gets_none(void **state)
{
	int v = FAMILY(state);

	sent_on(v, 80, GATEWAY_CANDIDATES, BACKEND_1, BARE());
	sent_on(v, 80, GATEWAY_CANDIDATES, BACKEND_1_MUST, BARE_SYN(.sequence = ISN));
	assert_int_equal(pinned_to(WEB_FLOW(v)), 0);
}

static void a_pin_of_another_port_is_not_the_flow_s(void **state)
{
	int v = FAMILY(state);
	struct pin_flow other = WEB_FLOW(v);

	other.port = 8000;
	given_pin(other, 3, 0, PIN_ESTABLISHED, 0);
	sent_on(v, 80, GATEWAY_CANDIDATES, BACKEND_1, BARE());
}

static void a_syn_goes_by_the_pin_that_was_made_for_it(void **state)
{
	int v = FAMILY(state);

	given_pin(WEB_FLOW(v), 3, pin_isn_tag(ISN), PIN_NEW, 0);
	sent_on(v, 80, GATEWAY_PIN, BACKEND_3_PIN, BARE_SYN(.sequence = ISN));
}

static void another_syn_is_a_new_connection_and_leaves_the_pin_to_its_answer(void **state)
{
	int v = FAMILY(state);

	given_pin(WEB_FLOW(v), 3, pin_isn_tag(ISN), PIN_ESTABLISHED, 0);
	sent_on(v, 80, GATEWAY_CANDIDATES, BACKEND_1_MUST, BARE_SYN(.sequence = ISN + 1));
	assert_int_equal(pinned_to(WEB_FLOW(v)), 3);
}

static void what_the_pin_s_backend_did_not_claim_goes_along_the_candidates(void **state)
{
	int v = FAMILY(state);

	given_candidates(WEB, 1, 2);
	given_pin(WEB_FLOW(v), 3, 0, PIN_ESTABLISHED, 0);
	through_gateway(FRAME(FROM_FABRIC, IPV6(.from = BACKEND_3, .to = UNCLAIMED_PIN_SID),
			      FROM_CLIENT(v), BARE()),
			GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, OUTER(v, IPPROTO_TCP, 80, .to = BACKEND_1),
			      SRH(.segments = {BACKEND_2}, .segments_left = 1), FROM_CLIENT(v),
			      BARE()));
	assert_int_equal(pinned_to(WEB_FLOW(v)), 0);
}

/* It came late: the flow has been pinned anew. */
static void what_another_backend_sent_back_takes_no_pin_away(void **state)
{
	int v = FAMILY(state);

	given_pin(WEB_FLOW(v), 3, 0, PIN_ESTABLISHED, 0);
	through_gateway(FRAME(FROM_FABRIC, IPV6(.from = BACKEND_2, .to = UNCLAIMED_PIN_SID),
			      FROM_CLIENT(v), BARE()),
			GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, OUTER(v, IPPROTO_TCP, 80, .to = BACKEND_1), FROM_CLIENT(v),
			      BARE()));
	assert_int_equal(pinned_to(WEB_FLOW(v)), 3);
}

static void a_pin_to_a_removed_backend_counts_for_nothing(void **state)
{
	int v = FAMILY(state);

	given_pin(WEB_FLOW(v), 3, 0, PIN_ESTABLISHED, 0);
	given_members(WEB, 1, 2);
	sent_on(v, 80, GATEWAY_CANDIDATES, BACKEND_1, BARE());
}

static void a_pin_to_a_backend_without_route_leaves_it_to_the_candidates(void **state)
{
	int v = FAMILY(state);

	given_pin(WEB_FLOW(v), 3, 0, PIN_ESTABLISHED, 0);
	given_unreachable_backend(3);
	sent_on(v, 80, GATEWAY_CANDIDATES, BACKEND_1, BARE());
	assert_int_equal(pinned_to(WEB_FLOW(v)), 3);
}

/* The members hold 3, and no row does: that is what closed means. */
static void a_pin_to_a_closed_backend_is_honoured(void **state)
{
	int v = FAMILY(state);

	given_generations(WEB, NULL, 0);
	given_pin(WEB_FLOW(v), 3, 0, PIN_ESTABLISHED, 0);
	sent_on(v, 80, GATEWAY_PIN, BACKEND_3_PIN, BARE());
}

static void an_icmp_error_goes_by_the_pin_of_the_flow_it_quotes(void **state)
{
	int v = FAMILY(state);
	struct frame quoted = FRAME(FROM_SERVER(v), TCP(.from_port = 80, .to_port = CLIENT_PORT,
							.flags = TCP_ACK),
				    PAYLOAD(20));
	__u64 before;

	given_pin(WEB_FLOW(v), 3, 0, PIN_ESTABLISHED, 50);
	before = pin_of(WEB_FLOW(v));
	through_gateway(FRAME(FROM_FABRIC, FROM_ROUTER(v), ERROR(v), BYTES(quoted.bytes, quoted.size)),
			GATEWAY_PIN,
			FRAME(TO_NEXT, OUTER(v, IPPROTO_TCP, 80, .to = BACKEND_3_PIN),
			      FROM_ROUTER(v, .hop_limit = 63), ERROR(v),
			      BYTES(quoted.bytes, quoted.size)));
	assert_true(pin_of(WEB_FLOW(v)) == before);
}

/* Time */

static void a_pin_is_honoured_until_its_phase_s_time_is_over(void **state)
{
	const __u16 *timeouts = gateway_pins()->settings.timeouts;
	int v = FAMILY(state);

	for (int phase = PIN_NEW; phase < PIN_PHASES; phase++) {
		given_pin(WEB_FLOW(v), 3, 0, phase, timeouts[phase] - 2);
		sent_on(v, 80, GATEWAY_PIN, BACKEND_3_PIN, BARE());
		given_pin(WEB_FLOW(v), 3, 0, phase, timeouts[phase] + 1);
		sent_on(v, 80, GATEWAY_CANDIDATES, BACKEND_1, BARE());
	}
}

static int phase_after(int v, enum pin_phase before, __u8 flags)
{
	given_pin(WEB_FLOW(v), 3, pin_isn_tag(ISN), before, 0);
	sent_on(v, 80, GATEWAY_PIN, BACKEND_3_PIN, TCP(.flags = flags, .sequence = ISN));
	return pin_phase(pin_of(WEB_FLOW(v)));
}

static void a_pin_s_phase_follows_the_client_s_segments(void **state)
{
	int v = FAMILY(state);

	assert_int_equal(phase_after(v, PIN_NEW, TCP_SYN), PIN_NEW);
	assert_int_equal(phase_after(v, PIN_NEW, TCP_ACK), PIN_ESTABLISHED);
	assert_int_equal(phase_after(v, PIN_ESTABLISHED, TCP_ACK | TCP_PSH), PIN_ESTABLISHED);
	assert_int_equal(phase_after(v, PIN_ESTABLISHED, TCP_ACK | TCP_FIN), PIN_CLOSING);
	assert_int_equal(phase_after(v, PIN_CLOSING, TCP_ACK), PIN_CLOSING);
	assert_int_equal(phase_after(v, PIN_ESTABLISHED, TCP_RST), PIN_RESET);
	assert_int_equal(phase_after(v, PIN_ESTABLISHED, TCP_RST | TCP_ACK), PIN_RESET);
	assert_int_equal(phase_after(v, PIN_RESET, TCP_ACK), PIN_ESTABLISHED);
}

static void every_packet_lets_the_pin_live_on(void **state)
{
	int v = FAMILY(state);
	__u64 before;

	given_pin(WEB_FLOW(v), 3, 0, PIN_ESTABLISHED, 1000);
	before = pin_of(WEB_FLOW(v));
	sent_on(v, 80, GATEWAY_PIN, BACKEND_3_PIN, BARE());
	assert_in_range((__u16)(pin_time(pin_of(WEB_FLOW(v))) - pin_time(before)), 999, 1001);
}

/* Agentless services */

static void the_first_syn_of_an_agentless_service_pins_its_flow(void **state)
{
	int v = FAMILY(state);

	sent_on(v, 443, GATEWAY_PIN_NEW, BACKEND_4_PLAIN(v), SYN(.to_port = 443, .sequence = ISN));
	assert_int_equal(pinned_to(PLAIN_FLOW(v)), 4);
	assert_int_equal(pin_isn(pin_of(PLAIN_FLOW(v))), pin_isn_tag(ISN));
	assert_int_equal(pin_phase(pin_of(PLAIN_FLOW(v))), PIN_NEW);
}

static void an_agentless_flow_keeps_its_backend_whatever_the_rows_say(void **state)
{
	int v = FAMILY(state);

	sent_on(v, 443, GATEWAY_PIN_NEW, BACKEND_4_PLAIN(v), SYN(.to_port = 443, .sequence = ISN));
	given_plain_rows(2);
	sent_on(v, 443, GATEWAY_PIN, BACKEND_4_PLAIN(v), SYN(.to_port = 443, .sequence = ISN));
	sent_on(v, 443, GATEWAY_PIN, BACKEND_4_PLAIN(v), SEGMENT(.to_port = 443));
	given_generations(PLAIN, NULL, 0);
	sent_on(v, 443, GATEWAY_PIN, BACKEND_4_PLAIN(v), SEGMENT(.to_port = 443));
}

static void an_agentless_flow_in_mid_connection_is_pinned_to_the_newest_row(void **state)
{
	int v = FAMILY(state);

	given_candidates(PLAIN, 4, 1, 2);
	sent_on(v, 443, GATEWAY_PIN_MIDWAY, BACKEND_4_PLAIN(v), SEGMENT(.to_port = 443));
	assert_int_equal(pinned_to(PLAIN_FLOW(v)), 4);
	sent_on(v, 443, GATEWAY_PIN, BACKEND_4_PLAIN(v), SEGMENT(.to_port = 443));
}

static void agentless_flows_are_pinned_at_their_router(void **state)
{
	int v = FAMILY(state);

	given_router(ROUTER_OTHER);
	sent_on(v, 443, GATEWAY_TO_ROUTER, OTHER_SID, SYN(.to_port = 443));
	sent_on(v, 443, GATEWAY_TO_ROUTER, OTHER_SID, SEGMENT(.to_port = 443));
	assert_int_equal(pinned_to(PLAIN_FLOW(v)), 0);
}

static void a_reset_alone_pins_nothing(void **state)
{
	int v = FAMILY(state);

	sent_on(v, 443, GATEWAY_CANDIDATES, BACKEND_4_PLAIN(v),
		TCP(.to_port = 443, .flags = TCP_RST));
	assert_int_equal(pinned_to(PLAIN_FLOW(v)), 0);
}

static void another_syn_of_an_agentless_flow_is_pinned_anew(void **state)
{
	int v = FAMILY(state);

	given_pin(PLAIN_FLOW(v), 2, pin_isn_tag(ISN), PIN_CLOSING, 0);
	sent_on(v, 443, GATEWAY_PIN_NEW, BACKEND_4_PLAIN(v),
		SYN(.to_port = 443, .sequence = ISN + 1));
	assert_int_equal(pinned_to(PLAIN_FLOW(v)), 4);
	given_pin(PLAIN_FLOW(v), 2, pin_isn_tag(ISN), PIN_ESTABLISHED, 20);
	sent_on(v, 443, GATEWAY_PIN_NEW, BACKEND_4_PLAIN(v),
		SYN(.to_port = 443, .sequence = ISN + 1));
}

/* Who forges it moves no connection that is in use. */
static void another_syn_of_a_busy_agentless_flow_goes_to_its_server(void **state)
{
	int v = FAMILY(state);
	__u64 before;

	given_pin(PLAIN_FLOW(v), 4, pin_isn_tag(ISN), PIN_ESTABLISHED, 5);
	given_plain_rows(2);
	before = pin_of(PLAIN_FLOW(v));
	sent_on(v, 443, GATEWAY_PIN, BACKEND_4_PLAIN(v),
		SYN(.to_port = 443, .sequence = ISN + 1));
	assert_true(pin_of(PLAIN_FLOW(v)) == before);
}

static void an_agentless_pin_to_a_removed_backend_is_replaced(void **state)
{
	int v = FAMILY(state);

	given_pin(PLAIN_FLOW(v), 2, pin_isn_tag(ISN), PIN_ESTABLISHED, 0);
	given_members(PLAIN, 4);
	sent_on(v, 443, GATEWAY_PIN_MIDWAY, BACKEND_4_PLAIN(v), SEGMENT(.to_port = 443));
	assert_int_equal(pinned_to(PLAIN_FLOW(v)), 4);
}

static void an_agentless_pin_that_has_ended_is_replaced(void **state)
{
	int v = FAMILY(state);

	given_pin(PLAIN_FLOW(v), 2, 0, PIN_CLOSING, 110);
	sent_on(v, 443, GATEWAY_PIN_MIDWAY, BACKEND_4_PLAIN(v), SEGMENT(.to_port = 443));
	assert_int_equal(pinned_to(PLAIN_FLOW(v)), 4);
}

/* TCP sends it again; elsewhere it would be reset. */
static void an_agentless_segment_waits_for_a_backend_without_route(void **state)
{
	int v = FAMILY(state);

	given_pin(PLAIN_FLOW(v), 2, pin_isn_tag(ISN), PIN_ESTABLISHED, 0);
	given_unreachable_backend(2);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SEGMENT(.to_port = 443)),
			GATEWAY_NO_NEXT_HOP, NOTHING);
	sent_on(v, 443, GATEWAY_PIN_NEW, BACKEND_4_PLAIN(v), SYN(.to_port = 443, .sequence = ISN));
}

static void without_an_open_backend_nothing_is_pinned(void **state)
{
	int v = FAMILY(state);

	given_generations(PLAIN, NULL, 0);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN(.to_port = 443)),
			GATEWAY_NO_BACKEND, NOTHING);
	assert_int_equal(pinned_to(PLAIN_FLOW(v)), 0);
}

static void a_busy_bucket_costs_the_pin_and_not_the_packet(void **state)
{
	int v = FAMILY(state);

	given_busy_bucket(PLAIN_FLOW(v));
	sent_on(v, 443, GATEWAY_CANDIDATES, BACKEND_4_PLAIN(v), SYN(.to_port = 443));
	given_idle_bucket(PLAIN_FLOW(v));
	assert_int_equal(pinned_to(PLAIN_FLOW(v)), 0);
	sent_on(v, 443, GATEWAY_PIN_NEW, BACKEND_4_PLAIN(v), SYN(.to_port = 443));
}

static void in_a_full_bucket_an_older_flow_gives_way_and_not_the_packet(void **state)
{
	int v = FAMILY(state);

	given_full_bucket(PLAIN_FLOW(v));
	sent_on(v, 443, GATEWAY_PIN_NEW, BACKEND_4_PLAIN(v), SYN(.to_port = 443));
	assert_int_equal(pinned_to(PLAIN_FLOW(v)), 4);
	assert_int_equal(pins_in_bucket(PLAIN_FLOW(v)), PIN_WAYS);
}

/* UDP */

static void where_nobody_takes_new_connections_pins_are_honoured(void **state)
{
	int v = FAMILY(state);

	given_sticky(NAMES);
	given_closed(NAMES);
	given_pin(NAMES_FLOW(v), 3, 0, PIN_DATAGRAMS, 0);
	datagram_sent_on(v, GATEWAY_PIN, BACKEND_3_MUST);
	given_closed(PLAIN);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN(.to_port = 443)),
			GATEWAY_NO_BACKEND, NOTHING);
	assert_int_equal(pinned_to(PLAIN_FLOW(v)), 0);
}

static void a_datagram_of_a_sticky_service_pins_its_flow(void **state)
{
	int v = FAMILY(state);

	given_sticky(NAMES);
	datagram_sent_on(v, GATEWAY_PIN_NEW, BACKEND_1_MUST);
	given_candidates(NAMES, 2);
	given_sticky(NAMES);
	datagram_sent_on(v, GATEWAY_PIN, BACKEND_1_MUST);
	assert_int_equal(pinned_to(NAMES_FLOW(v)), 1);
	assert_int_equal(pin_phase(pin_of(NAMES_FLOW(v))), PIN_DATAGRAMS);
}

static void a_sticky_datagram_is_for_its_router(void **state)
{
	int v = FAMILY(state);

	given_sticky(NAMES);
	given_router(ROUTER_OTHER);
	datagram_sent_on(v, GATEWAY_TO_ROUTER, OTHER_SID);
}

static void a_datagram_of_another_service_is_picked_and_pinned_to_nobody(void **state)
{
	int v = FAMILY(state);

	given_pin(NAMES_FLOW(v), 3, 0, PIN_DATAGRAMS, 0);
	datagram_sent_on(v, GATEWAY_PICKED, BACKEND_1_MUST);
}

static void a_datagram_takes_another_backend_when_its_own_has_no_route(void **state)
{
	int v = FAMILY(state);

	given_sticky(NAMES);
	given_pin(NAMES_FLOW(v), 3, 0, PIN_DATAGRAMS, 0);
	given_unreachable_backend(3);
	datagram_sent_on(v, GATEWAY_PIN_NEW, BACKEND_1_MUST);
	assert_int_equal(pinned_to(NAMES_FLOW(v)), 1);
}

GATEWAY_TESTS(IN_BOTH(a_segment_goes_to_the_backend_of_its_pin),
	      IN_BOTH(what_another_gateway_s_hasher_sent_goes_by_the_pin),
	      IN_BOTH(only_the_flow_s_router_looks_for_its_pin),
	      IN_BOTH(a_flow_without_a_pin_goes_along_the_candidates_and_gets_none),
	      IN_BOTH(a_pin_of_another_port_is_not_the_flow_s),
	      IN_BOTH(a_syn_goes_by_the_pin_that_was_made_for_it),
	      IN_BOTH(another_syn_is_a_new_connection_and_leaves_the_pin_to_its_answer),
	      IN_BOTH(what_the_pin_s_backend_did_not_claim_goes_along_the_candidates),
	      IN_BOTH(what_another_backend_sent_back_takes_no_pin_away),
	      IN_BOTH(a_pin_to_a_removed_backend_counts_for_nothing),
	      IN_BOTH(a_pin_to_a_backend_without_route_leaves_it_to_the_candidates),
	      IN_BOTH(a_pin_to_a_closed_backend_is_honoured),
	      IN_BOTH(an_icmp_error_goes_by_the_pin_of_the_flow_it_quotes),
	      IN_BOTH(a_pin_is_honoured_until_its_phase_s_time_is_over),
	      IN_BOTH(a_pin_s_phase_follows_the_client_s_segments),
	      IN_BOTH(every_packet_lets_the_pin_live_on),
	      IN_BOTH(the_first_syn_of_an_agentless_service_pins_its_flow),
	      IN_BOTH(an_agentless_flow_keeps_its_backend_whatever_the_rows_say),
	      IN_BOTH(an_agentless_flow_in_mid_connection_is_pinned_to_the_newest_row),
	      IN_BOTH(agentless_flows_are_pinned_at_their_router), IN_BOTH(a_reset_alone_pins_nothing),
	      IN_BOTH(another_syn_of_an_agentless_flow_is_pinned_anew),
	      IN_BOTH(another_syn_of_a_busy_agentless_flow_goes_to_its_server),
	      IN_BOTH(an_agentless_pin_to_a_removed_backend_is_replaced),
	      IN_BOTH(an_agentless_pin_that_has_ended_is_replaced),
	      IN_BOTH(an_agentless_segment_waits_for_a_backend_without_route),
	      IN_BOTH(without_an_open_backend_nothing_is_pinned),
	      IN_BOTH(a_busy_bucket_costs_the_pin_and_not_the_packet),
	      IN_BOTH(in_a_full_bucket_an_older_flow_gives_way_and_not_the_packet),
	      IN_BOTH(where_nobody_takes_new_connections_pins_are_honoured),
	      IN_BOTH(a_datagram_of_a_sticky_service_pins_its_flow),
	      IN_BOTH(a_sticky_datagram_is_for_its_router),
	      IN_BOTH(a_datagram_of_another_service_is_picked_and_pinned_to_nobody),
	      IN_BOTH(a_datagram_takes_another_backend_when_its_own_has_no_route))
