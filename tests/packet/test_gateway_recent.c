/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pins that need not be read: of flows whose pin was read a moment ago and led to the row's backend, which is 1.
 * The pin is then changed behind the gateway's back, so that who reads it shows.
 */
#include "tests/packet/pin_world.h"

#define FORWARDED(v) FROM_CLIENT(v, .hop_limit = 63)
#define ISN 1234567890

#define BACKEND_1_PIN_1 "fdf0:0:0:b1:f003:801::" /* after one move between sites */

#define BARE(...) TCP(.flags = TCP_ACK, __VA_ARGS__)

/* What the TCP header in `...` becomes on its way to `sid`, which has a pin's or a row's flags. */
#define sent_on(v, port, sid, ...)                                                                 \
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), __VA_ARGS__), GATEWAY_PIN,              \
			FRAME(TO_NEXT, OUTER(v, IPPROTO_TCP, port, .to = sid), FORWARDED(v),       \
			      __VA_ARGS__))

/* What backend 1 sent back, and where it goes next. */
#define sent_back(v, sid, verdict, to_sid)                                                         \
	through_gateway(                                                                           \
		FRAME(FROM_FABRIC, IPV6(.from = BACKEND_1, .to = sid), FROM_CLIENT(v), BARE()), verdict, \
		FRAME(TO_NEXT, OUTER(v, IPPROTO_TCP, 80, .to = to_sid), FROM_CLIENT(v), BARE()))

/* The flow's epoch has a tick left at least, so that none ends in the middle of a test. */
static void given_time(struct pin_flow flow)
{
	while ((pin_now() + (pin_mix_of(flow) & (PIN_RECENT - 1))) % PIN_RECENT == PIN_RECENT - 1)
		;
}

/* A packet of the flow has just gone by its pin. */
static void given_recent(int v)
{
	given_time(WEB_FLOW(v));
	given_pin(WEB_FLOW(v), 1, pin_isn_tag(ISN), PIN_ESTABLISHED, 0);
	sent_on(v, 80, BACKEND_1_PIN, BARE());
}

static void now_pinned_to(int v, int backend)
{
	given_pin(WEB_FLOW(v), backend, pin_isn_tag(ISN), PIN_ESTABLISHED, 0);
}

static int marks(void)
{
	int count = 0;

	for (size_t i = 0; i < sizeof(__u64) << RECENT_BITS; i++)
		count += ((const __u8 *)gateway_recents())[i] != 0;
	return count;
}

static void a_pin_that_led_where_the_row_leads_is_not_read_again(void **state)
{
	int v = FAMILY(state);

	given_recent(v);
	now_pinned_to(v, 3);
	sent_on(v, 80, BACKEND_1_ROW, BARE());
	sent_on(v, 80, BACKEND_1_ROW, TCP(.flags = TCP_ACK | TCP_PSH), PAYLOAD(9));
	assert_int_equal(marks(), 1);
}

static void so_it_is_with_what_another_gateway_s_hasher_sent(void **state)
{
	int v = FAMILY(state);

	given_recent(v);
	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = ROUTE_SID), FROM_CLIENT(v), BARE()),
			GATEWAY_PIN,
			FRAME(TO_NEXT, OUTER(v, IPPROTO_TCP, 80, .to = BACKEND_1_ROW),
			      FROM_CLIENT(v), BARE()));
}

static void a_pin_that_leads_elsewhere_is_read_by_every_packet(void **state)
{
	int v = FAMILY(state);

	given_time(WEB_FLOW(v));
	now_pinned_to(v, 3);
	sent_on(v, 80, BACKEND_3_PIN, BARE());
	now_pinned_to(v, 2);
	sent_on(v, 80, BACKEND_2_PIN, BARE());
	assert_int_equal(marks(), 0);
}

static void where_the_row_leads_elsewhere_the_pin_is_read(void **state)
{
	int v = FAMILY(state);

	given_recent(v);
	given_candidates(WEB, 2, 1);
	sent_on(v, 80, BACKEND_1_PIN, BARE());
	given_candidates(WEB, AWAY, 1);
	sent_on(v, 80, BACKEND_1_PIN, BARE());
	given_candidates(WEB, 1, 2);
	sent_on(v, 80, BACKEND_1_ROW, BARE());
}

static void what_the_row_s_backend_sent_back_goes_by_its_pin_after_all(void **state)
{
	int v = FAMILY(state);

	given_recent(v);
	now_pinned_to(v, 3);
	sent_on(v, 80, BACKEND_1_ROW, BARE());
	sent_back(v, UNCLAIMED_ROW_SID, GATEWAY_PIN, BACKEND_3_PIN);
	sent_on(v, 80, BACKEND_3_PIN, BARE());
	assert_int_equal(pinned_to(WEB_FLOW(v)), 3);
}

/* Its pin said the same, so that is no use any more. */
static void what_it_sent_back_without_another_pin_goes_along_the_candidates(void **state)
{
	int v = FAMILY(state);

	given_recent(v);
	sent_back(v, UNCLAIMED_ROW_SID, GATEWAY_CANDIDATES, BACKEND_1);
	assert_int_equal(pinned_to(WEB_FLOW(v)), 0);
	assert_int_equal(marks(), 0);
}

/* A new connection, or the end of one: its pin must hear of that, and of the first segment behind it. */
static void a_syn_a_fin_and_a_reset_are_told_to_the_pin(void **state)
{
	static const __u8 flags[] = {TCP_SYN, TCP_FIN | TCP_ACK, TCP_RST, TCP_RST | TCP_ACK};
	static const __u8 phases[] = {PIN_ESTABLISHED, PIN_CLOSING, PIN_RESET, PIN_RESET};
	int v = FAMILY(state);

	given_recent(v);
	for (size_t i = 0; i < sizeof(flags); i++) {
		sent_on(v, 80, BACKEND_1_ROW, BARE());
		sent_on(v, 80, BACKEND_1_PIN, TCP(.flags = flags[i], .sequence = ISN));
		assert_int_equal(pin_phase(pin_of(WEB_FLOW(v))), phases[i]);
		now_pinned_to(v, 1);
		sent_on(v, 80, BACKEND_1_PIN, BARE());
	}
}

static void a_pin_of_a_connection_that_closes_is_always_read(void **state)
{
	int v = FAMILY(state);

	given_pin(WEB_FLOW(v), 1, 0, PIN_CLOSING, 0);
	sent_on(v, 80, BACKEND_1_PIN, BARE());
	sent_on(v, 80, BACKEND_1_PIN, BARE());
	assert_int_equal(marks(), 0);
}

/* Nobody would send back what a wrong mark led to it. */
static void where_no_agent_can_send_it_back_the_pin_is_always_read(void **state)
{
	int v = FAMILY(state);

	given_pin(PLAIN_FLOW(v), 4, 0, PIN_ESTABLISHED, 0);
	sent_on(v, 443, BACKEND_4_PLAIN(v), BARE(.to_port = 443));
	given_one_way(WEB);
	given_pin(WEB_FLOW(v), 1, 0, PIN_ESTABLISHED, 0);
	sent_on(v, 80, BACKEND_1_MUST, BARE());
	assert_int_equal(marks(), 0);
}

/* It goes by other rows, and by a pin that may have been made by them. */
static void of_what_another_site_sent_the_pin_is_always_read(void **state)
{
	int v = FAMILY(state);

	given_pin(WEB_FLOW(v), 1, 0, PIN_ESTABLISHED, 0);
	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = SITE_SID), FROM_CLIENT(v), BARE()),
			GATEWAY_PIN,
			FRAME(TO_NEXT, OUTER(v, IPPROTO_TCP, 80, .to = BACKEND_1_PIN_1),
			      FROM_CLIENT(v), BARE()));
	assert_int_equal(marks(), 0);
}

static void in_a_full_word_another_flow_s_mark_gives_way(void **state)
{
	int v = FAMILY(state);
	__u64 *word = &gateway_recents()[recent_word_of(pin_mix_of(WEB_FLOW(v)))];

	given_recent(v);
	*word = RECENT_LANES(*word == 7 ? 9 : 7);
	sent_on(v, 80, BACKEND_1_PIN, BARE());
	sent_on(v, 80, BACKEND_1_ROW, BARE());
	assert_int_equal(marks(), RECENT_WORD_LANES);
}

static void a_flow_that_has_no_pin_is_led_wrong_by_another_s_mark_and_then_right(void **state)
{
	int v = FAMILY(state), ended = gateway_pins()->settings.timeouts[PIN_ESTABLISHED];

	given_recent(v);
	given_pin(WEB_FLOW(v), 1, 0, PIN_ESTABLISHED, ended + 1);
	given_candidates(WEB, 1, 2);
	sent_on(v, 80, BACKEND_1_ROW, BARE());
	through_gateway(FRAME(FROM_FABRIC, IPV6(.from = BACKEND_1, .to = UNCLAIMED_ROW_SID),
			      FROM_CLIENT(v), BARE()),
			GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, OUTER(v, IPPROTO_TCP, 80, .to = BACKEND_1),
			      SRH(.segments = {BACKEND_2}, .segments_left = 1), FROM_CLIENT(v),
			      BARE()));
}

GATEWAY_TESTS(IN_BOTH(a_pin_that_led_where_the_row_leads_is_not_read_again),
	      IN_BOTH(so_it_is_with_what_another_gateway_s_hasher_sent),
	      IN_BOTH(a_pin_that_leads_elsewhere_is_read_by_every_packet),
	      IN_BOTH(where_the_row_leads_elsewhere_the_pin_is_read),
	      IN_BOTH(what_the_row_s_backend_sent_back_goes_by_its_pin_after_all),
	      IN_BOTH(what_it_sent_back_without_another_pin_goes_along_the_candidates),
	      IN_BOTH(a_syn_a_fin_and_a_reset_are_told_to_the_pin),
	      IN_BOTH(a_pin_of_a_connection_that_closes_is_always_read),
	      IN_BOTH(where_no_agent_can_send_it_back_the_pin_is_always_read),
	      IN_BOTH(of_what_another_site_sent_the_pin_is_always_read),
	      IN_BOTH(in_a_full_word_another_flow_s_mark_gives_way),
	      IN_BOTH(a_flow_that_has_no_pin_is_led_wrong_by_another_s_mark_and_then_right))
