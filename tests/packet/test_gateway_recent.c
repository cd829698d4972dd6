/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pins that need not be read: of flows whose pin was read a moment ago and led to the row's backend, which is 1 in
 * all generations. The pin is then changed behind the gateway's back, so that who reads it shows; or the mark is
 * another flow's, put there by hand, where the pin is to be read whatever marks there are.
 */
#include "tests/packet/pin_world.h"

#define FORWARDED(v) FROM_CLIENT(v, .hop_limit = 63)
#define ISN 1234567890

#define BACKEND_3_PIN_1 "fdf0:0:0:b3:f003:801::" /* after one move between sites */

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

static __u32 word_of(struct pin_flow flow)
{
	return recent_word_of(pin_mix_of(flow));
}

/* The flow's epoch, which neither has just begun, by a clock that may be late, nor ends in the middle of a test. */
static __u16 epoch_of(struct pin_flow flow)
{
	__u32 word = word_of(flow);
	__u16 epoch;

	do
		epoch = recent_epoch(word, pin_at(-100));
	while (epoch != recent_epoch(word, pin_at(900)));
	return epoch;
}

/* A backend, neither 1 nor 3, which makes another mark of the flow than 1 does. */
static int another_backend(struct pin_flow flow)
{
	__u64 mix = pin_mix_of(flow);
	__u16 epoch = epoch_of(flow);

	return recent_mark(mix, 2, epoch) == recent_mark(mix, 1, epoch) ? 4 : 2;
}

static void now_pinned_to(int v, int backend)
{
	given_pin(WEB_FLOW(v), backend, pin_isn_tag(ISN), PIN_ESTABLISHED, 0);
}

/* A packet of the flow has just gone by its pin. */
static void given_recent(int v)
{
	given_agreement(WEB, 1);
	epoch_of(WEB_FLOW(v));
	now_pinned_to(v, 1);
	sent_on(v, 80, BACKEND_1_PIN, BARE());
}

/* Another flow, of the same mark, has gone by its pin to the backend, which all generations of the service have. */
static void given_mark(struct pin_flow flow, int backend)
{
	__u16 epoch = epoch_of(flow);
	__u64 *word = &gateway_recents()[word_of(flow)];

	given_agreement(flow.service, backend);
	*word = recent_with(*word, recent_mark(pin_mix_of(flow), backend, epoch), epoch);
}

static int marks(void)
{
	int count = 0;

	for (size_t i = 0; i < 1 << RECENT_BITS; i++)
		for (int lane = 0; lane < RECENT_WORD_LANES; lane++)
			count += (__u8)(gateway_recents()[i] >> lane * RECENT_LANE_BITS) != 0;
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

/* Which is not its home line's matter alone: who has to write to the pin looks for it in the whole bucket. */
static void so_it_is_with_a_pin_that_was_to_be_refreshed(void **state)
{
	int v = FAMILY(state);

	given_agreement(WEB, 1);
	epoch_of(WEB_FLOW(v));
	given_pin(WEB_FLOW(v), 1, pin_isn_tag(ISN), PIN_ESTABLISHED, PIN_REFRESH + 1);
	sent_on(v, 80, BACKEND_1_PIN, BARE());
	now_pinned_to(v, 3);
	sent_on(v, 80, BACKEND_1_ROW, BARE());
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

	given_agreement(WEB, 1);
	now_pinned_to(v, 3);
	sent_on(v, 80, BACKEND_3_PIN, BARE());
	now_pinned_to(v, 2);
	sent_on(v, 80, BACKEND_2_PIN, BARE());
	assert_int_equal(marks(), 0);
}

static void where_the_row_leads_elsewhere_the_pin_is_read(void **state)
{
	int v = FAMILY(state), other;

	given_recent(v);
	other = another_backend(WEB_FLOW(v));
	given_candidates(WEB, other, 1);
	sent_on(v, 80, BACKEND_1_PIN, BARE());
	given_agreement(WEB, other);
	sent_on(v, 80, BACKEND_1_PIN, BARE());
	given_candidates(WEB, 1, other);
	sent_on(v, 80, BACKEND_1_PIN, BARE());
	given_agreement(WEB, 1);
	sent_on(v, 80, BACKEND_1_ROW, BARE());
}

static void what_the_row_s_backend_sent_back_goes_by_its_pin_after_all(void **state)
{
	int v = FAMILY(state);

	given_recent(v);
	now_pinned_to(v, 3);
	sent_on(v, 80, BACKEND_1_ROW, BARE());
	sent_back(v, UNCLAIMED_ROW_SID, GATEWAY_PIN_AFTER_ALL, BACKEND_3_PIN);
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

/* The mark among others of its word is the one that goes. */
static void no_other_flow_hears_of_that(void **state)
{
	int v = FAMILY(state);
	__u64 *word = &gateway_recents()[word_of(WEB_FLOW(v))];
	__u16 epoch = epoch_of(WEB_FLOW(v));
	__u8 own = recent_mark(pin_mix_of(WEB_FLOW(v)), 1, epoch);

	for (int i = 1; i < 4; i++)
		*word = recent_with(*word, (own + i - 1) % 255 + 1, epoch);
	given_recent(v);
	assert_int_equal(marks(), 4);
	sent_on(v, 80, BACKEND_1_PIN, TCP(.flags = TCP_RST));
	assert_int_equal(marks(), 3);
	assert_int_equal(recent_match(*word, own), 0);
}

static void a_pin_of_a_connection_that_closes_is_always_read(void **state)
{
	int v = FAMILY(state);

	given_agreement(WEB, 1);
	given_pin(WEB_FLOW(v), 1, 0, PIN_CLOSING, 0);
	sent_on(v, 80, BACKEND_1_PIN, BARE());
	sent_on(v, 80, BACKEND_1_PIN, BARE());
	assert_int_equal(marks(), 0);
}

static void in_a_full_word_another_flow_s_mark_gives_way(void **state)
{
	int v = FAMILY(state);
	__u64 *word = &gateway_recents()[word_of(WEB_FLOW(v))];
	__u16 epoch = epoch_of(WEB_FLOW(v));
	__u8 own = recent_mark(pin_mix_of(WEB_FLOW(v)), 1, epoch);

	for (int i = 1; i <= RECENT_WORD_LANES; i++)
		*word = recent_with(*word, (own + i - 1) % 255 + 1, epoch);
	given_recent(v);
	sent_on(v, 80, BACKEND_1_ROW, BARE());
	assert_int_equal(marks(), RECENT_WORD_LANES);
}

static void a_mark_of_another_epoch_says_nothing(void **state)
{
	int v = FAMILY(state);
	__u64 *word = &gateway_recents()[word_of(WEB_FLOW(v))];

	given_mark(WEB_FLOW(v), 1);
	now_pinned_to(v, 3);
	*word += 1ULL << RECENT_EPOCH_SHIFT;
	sent_on(v, 80, BACKEND_3_PIN, BARE());
}

/* Another flow's mark */

static void a_flow_that_has_no_pin_is_led_wrong_by_another_s_mark_and_then_right(void **state)
{
	int v = FAMILY(state);

	given_mark(WEB_FLOW(v), 1);
	sent_on(v, 80, BACKEND_1_ROW, BARE());
	sent_back(v, UNCLAIMED_ROW_SID, GATEWAY_CANDIDATES, BACKEND_1);
}

/* Nobody would send back what a wrong mark led to it. */
static void where_no_agent_can_send_it_back_the_pin_is_always_read(void **state)
{
	int v = FAMILY(state);

	given_mark(PLAIN_FLOW(v), 3);
	given_pin(PLAIN_FLOW(v), 4, 0, PIN_ESTABLISHED, 0);
	sent_on(v, 443, BACKEND_4_PLAIN(v), BARE(.to_port = 443));
	given_mark(WEB_FLOW(v), 1);
	now_pinned_to(v, 3);
	given_one_way(WEB);
	sent_on(v, 80, BACKEND_3_MUST, BARE());
}

static void where_the_row_s_host_is_dark_the_pin_is_read(void **state)
{
	int v = FAMILY(state);

	given_mark(WEB_FLOW(v), 1);
	now_pinned_to(v, 3);
	given_dark_backend(1);
	sent_on(v, 80, BACKEND_3_PIN, BARE());
}

/* Rows are as they were when the last one was open, and may lead to a host that has gone. */
static void where_nobody_is_open_the_pin_is_read(void **state)
{
	int v = FAMILY(state);

	given_mark(WEB_FLOW(v), 1);
	now_pinned_to(v, 3);
	given_closed(WEB);
	sent_on(v, 80, BACKEND_3_PIN, BARE());
}

static void where_the_row_leads_to_another_site_the_pin_is_read(void **state)
{
	int v = FAMILY(state);

	given_mark(WEB_FLOW(v), AWAY);
	now_pinned_to(v, 3);
	sent_on(v, 80, BACKEND_3_PIN, BARE());
}

/* It goes by other rows, and by a pin that may have been made by them. */
static void of_what_another_site_sent_the_pin_is_read(void **state)
{
	int v = FAMILY(state);

	given_mark(WEB_FLOW(v), 1);
	now_pinned_to(v, 3);
	through_gateway(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = SITE_SID), FROM_CLIENT(v), BARE()),
			GATEWAY_PIN,
			FRAME(TO_NEXT, OUTER(v, IPPROTO_TCP, 80, .to = BACKEND_3_PIN_1),
			      FROM_CLIENT(v), BARE()));
}

static void a_sticky_datagram_goes_by_its_pin(void **state)
{
	int v = FAMILY(state);

	given_mark(NAMES_FLOW(v), 1);
	given_pin(NAMES_FLOW(v), 3, 0, PIN_DATAGRAMS, 0);
	given_sticky(NAMES);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), UDP(.to_port = 53), PAYLOAD(9)), GATEWAY_PIN,
			FRAME(TO_NEXT, OUTER(v, IPPROTO_UDP, 53, .to = BACKEND_3_MUST), FORWARDED(v),
			      UDP(.to_port = 53), PAYLOAD(9)));
}

/* An agent would not send it back to be read again as what it is. */
static void an_icmp_error_goes_by_the_pin_of_the_flow_it_quotes(void **state)
{
	int v = FAMILY(state);
	struct frame quoted = FRAME(FROM_SERVER(v), TCP(.from_port = 80, .to_port = CLIENT_PORT,
							.flags = TCP_ACK),
				    PAYLOAD(20));

	given_mark(WEB_FLOW(v), 1);
	now_pinned_to(v, 3);
	through_gateway(FRAME(FROM_FABRIC, FROM_ROUTER(v), ERROR(v), BYTES(quoted.bytes, quoted.size)),
			GATEWAY_PIN,
			FRAME(TO_NEXT, OUTER(v, IPPROTO_TCP, 80, .to = BACKEND_3_PIN),
			      FROM_ROUTER(v, .hop_limit = 63), ERROR(v),
			      BYTES(quoted.bytes, quoted.size)));
}

GATEWAY_TESTS(IN_BOTH(a_pin_that_led_where_the_row_leads_is_not_read_again),
	      IN_BOTH(so_it_is_with_a_pin_that_was_to_be_refreshed),
	      IN_BOTH(so_it_is_with_what_another_gateway_s_hasher_sent),
	      IN_BOTH(a_pin_that_leads_elsewhere_is_read_by_every_packet),
	      IN_BOTH(where_the_row_leads_elsewhere_the_pin_is_read),
	      IN_BOTH(what_the_row_s_backend_sent_back_goes_by_its_pin_after_all),
	      IN_BOTH(what_it_sent_back_without_another_pin_goes_along_the_candidates),
	      IN_BOTH(a_syn_a_fin_and_a_reset_are_told_to_the_pin),
	      IN_BOTH(no_other_flow_hears_of_that),
	      IN_BOTH(a_pin_of_a_connection_that_closes_is_always_read),
	      IN_BOTH(in_a_full_word_another_flow_s_mark_gives_way),
	      IN_BOTH(a_mark_of_another_epoch_says_nothing),
	      IN_BOTH(a_flow_that_has_no_pin_is_led_wrong_by_another_s_mark_and_then_right),
	      IN_BOTH(where_no_agent_can_send_it_back_the_pin_is_always_read),
	      IN_BOTH(where_the_row_s_host_is_dark_the_pin_is_read),
	      IN_BOTH(where_nobody_is_open_the_pin_is_read),
	      IN_BOTH(where_the_row_leads_to_another_site_the_pin_is_read),
	      IN_BOTH(of_what_another_site_sent_the_pin_is_read),
	      IN_BOTH(a_sticky_datagram_goes_by_its_pin),
	      IN_BOTH(an_icmp_error_goes_by_the_pin_of_the_flow_it_quotes))
