/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ladder's first rung: a packet that says itself which backend it belongs to. Every row is backend
 * 1's and another gateway routes the flow, so whoever follows the cookie shows.
 */
#include <arpa/inet.h>
#include <string.h>

#include "tests/packet/gateway_world.h"

#define FORWARDED(v) FROM_CLIENT(v, .hop_limit = 63)
#define WEB_OUTER(v, ...) OUTER(v, IPPROTO_TCP, 80, __VA_ARGS__)
#define CLOCK_MS 12345

/* Two NOPs and timestamps: RFC 7323, appendix A. */
struct timestamps {
	__u8 bytes[12];
};

static struct timestamps timestamps_of(__u32 tsval, __u32 tsecr)
{
	struct timestamps made = {.bytes = {1, 1, 8, 10}};

	tsval = htonl(tsval);
	tsecr = htonl(tsecr);
	memcpy(made.bytes + 4, &tsval, 4);
	memcpy(made.bytes + 8, &tsecr, 4);
	return made;
}

static __u32 cookie_of(int v, int port, int backend)
{
	struct flow flow = flow_of(v, IPPROTO_TCP, port);

	return cookie_encode(CLOCK_MS, backend, hash_of(&flow), &cookie_keys);
}

#define ECHO(made, ...) TCP(.bytes = (made).bytes, .size = sizeof(made), __VA_ARGS__)

static void goes_by_cookie(int v, const struct timestamps *made, const char *to, __u8 flags)
{
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), ECHO(*made, .flags = flags), PAYLOAD(9)),
			GATEWAY_COOKIE,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = to), FORWARDED(v),
			      ECHO(*made, .flags = flags), PAYLOAD(9)));
}

static void goes_down_the_ladder(int v, const struct timestamps *made, __u8 flags)
{
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), ECHO(*made, .flags = flags), PAYLOAD(9)),
			GATEWAY_TO_ROUTER,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = OTHER_SID), FORWARDED(v),
			      ECHO(*made, .flags = flags), PAYLOAD(9)));
}

static int set_up(int v, int backend, struct timestamps *ret)
{
	given_router(ROUTER_OTHER);
	given_cookies(WEB, 1, 2, 3);
	*ret = timestamps_of(77, cookie_of(v, 80, backend));
	return v;
}

static void a_segment_goes_straight_to_the_backend_of_its_cookie(void **state)
{
	struct timestamps made;
	int v = set_up(FAMILY(state), 3, &made);

	goes_by_cookie(v, &made, BACKEND_3_COOKIE, TCP_ACK);
	goes_by_cookie(v, &made, BACKEND_3_COOKIE, TCP_ACK | TCP_FIN);
	goes_by_cookie(v, &made, BACKEND_3_COOKIE, TCP_ACK | TCP_RST);
}

/* They have no cookie themselves; the rows lead elsewhere, where nobody has seen the first one. */
static void later_fragments_follow_the_first_one_s_cookie(void **state)
{
#define LATER(limit)                                                                               \
	FROM_CLIENT(V4, .hop_limit = limit, .id = 8, .offset = 96, .next = IPPROTO_TCP), PAYLOAD(64)
	struct timestamps made;

	set_up(V4, 3, &made);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(V4, .id = 8, .more = true),
			      ECHO(made, .flags = TCP_ACK), PAYLOAD(64)),
			GATEWAY_COOKIE,
			FRAME(TO_NEXT, WEB_OUTER(V4, .to = BACKEND_3_COOKIE),
			      FROM_CLIENT(V4, .hop_limit = 63, .id = 8, .more = true),
			      ECHO(made, .flags = TCP_ACK), PAYLOAD(64)));
	through_gateway(FRAME(FROM_FABRIC, LATER(64)), GATEWAY_COOKIE,
			FRAME(TO_NEXT, WEB_OUTER(V4, .to = BACKEND_3_COOKIE), LATER(63)));
#undef LATER
}

static void a_cookie_needs_no_router_and_no_row(void **state)
{
	struct timestamps made;
	int v = FAMILY(state);

	given_generations(WEB, NULL, 0);
	set_up(v, 2, &made);
	given_no_router();
	goes_by_cookie(v, &made, BACKEND_2_COOKIE, TCP_ACK);
}

static void a_cookie_behind_other_options_is_found(void **state)
{
	__u8 options[20] = {5, 6, 1, 2, 3, 4, 8, 10};
	int v = FAMILY(state);
	struct timestamps made;
	__u32 echo;

	set_up(v, 2, &made);
	echo = htonl(cookie_of(v, 80, 2));
	memcpy(options + 12, &echo, 4);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v),
			      TCP(.flags = TCP_ACK, .bytes = options, .size = 16)),
			GATEWAY_COOKIE,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_2_COOKIE), FORWARDED(v),
			      TCP(.flags = TCP_ACK, .bytes = options, .size = 16)));
}

/* RFC 8684: a data sequence signal, with a checksum and without, or an address, before the timestamps. */
static void a_cookie_behind_multipath_tcps_options_is_found(void **state)
{
	static const __u8 first[][28] = {
		{30, 20, 0x20, 0x05, 1, 2, 3, 4, 5, 6, 7, 8, 9},
		{30, 28, 0x20, 0x0f, 1, 2, 3, 4, 5, 6, 7, 8, 9},
		{30, 18, 0x20, 0x05, 1, 2, 3, 4, 5, 6, 7, 8, 9},
		{30, 9, 0x30, 1, 192, 0, 2, 9},
		{30, 3, 0x50},
	};
	int v = FAMILY(state);
	struct timestamps made;

	set_up(v, 2, &made);
	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		size_t at = first[i][1], size = (at + 10 + 3) & ~3UL;
		__u8 options[40] = {};

		memcpy(options, first[i], at);
		memcpy(options + at, made.bytes + 2, 10);
		through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v),
				      TCP(.flags = TCP_ACK, .bytes = options, .size = size),
				      PAYLOAD(9)),
				GATEWAY_COOKIE,
				FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_2_COOKIE), FORWARDED(v),
				      TCP(.flags = TCP_ACK, .bytes = options, .size = size),
				      PAYLOAD(9)));
	}
}

static void every_clock_has_the_same_backend(void **state)
{
	struct timestamps made;
	int v = set_up(FAMILY(state), 2, &made);

	for (__u32 clock = 0; clock < 65536; clock += 4001) {
		made = timestamps_of(1, (cookie_of(v, 80, 2) & 0xffff) | clock << 16);
		goes_by_cookie(v, &made, BACKEND_2_COOKIE, TCP_ACK);
	}
}

/* Whatever its cookie says, a SYN is for the row: the client may remember an older connection. */
static void a_syn_does_not_go_by_cookie(void **state)
{
	struct timestamps made;
	int v = set_up(FAMILY(state), 3, &made);

	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), ECHO(made, .flags = TCP_SYN)),
			GATEWAY_PICKED,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_1_MUST), FORWARDED(v),
			      ECHO(made, .flags = TCP_SYN)));
}

static void a_cookie_of_a_non_member_goes_down_the_ladder(void **state)
{
	struct timestamps made;
	int v = set_up(FAMILY(state), 4, &made);

	goes_down_the_ladder(v, &made, TCP_ACK);
	given_cookies(WEB, 1, 2);
	set_up(v, 3, &made);
	given_cookies(WEB, 1, 2);
	goes_down_the_ladder(v, &made, TCP_ACK);
}

static void a_cookie_of_an_unknown_epoch_goes_down_the_ladder(void **state)
{
	struct timestamps made;
	int v = set_up(FAMILY(state), 3, &made);
	struct cookie_keys next = cookie_keys;
	struct flow flow = flow_of(v, IPPROTO_TCP, 80);

	next.current = 1;
	made = timestamps_of(77, cookie_encode(CLOCK_MS, 3, hash_of(&flow), &next));
	goes_down_the_ladder(v, &made, TCP_ACK);
	made = timestamps_of(77, cookie_of(v, 80, 3) ^ 1 << COOKIE_EPOCH_SHIFT);
	goes_down_the_ladder(v, &made, TCP_ACK);
}

static void a_cookie_of_another_flow_goes_down_the_ladder(void **state)
{
	struct timestamps made;
	int v = set_up(FAMILY(state), 3, &made);

	made = timestamps_of(77, cookie_of(v, 8000, 3));
	goes_down_the_ladder(v, &made, TCP_ACK);
}

static void a_flipped_bit_reaches_no_member(void **state)
{
	struct timestamps made;
	int v = set_up(FAMILY(state), 3, &made);

	for (int bit = 0; bit < 16; bit++) {
		made = timestamps_of(77, cookie_of(v, 80, 3) ^ 1 << bit);
		goes_down_the_ladder(v, &made, TCP_ACK);
	}
}

static void a_service_without_cookies_ignores_them(void **state)
{
	struct timestamps made;
	int v = set_up(FAMILY(state), 3, &made);

	given_no_cookies(WEB);
	goes_down_the_ladder(v, &made, TCP_ACK);
}

static void a_backend_without_next_hop_leaves_it_to_the_ladder(void **state)
{
	struct timestamps made;
	int v = set_up(FAMILY(state), 3, &made);

	given_unreachable_backend(3);
	goes_down_the_ladder(v, &made, TCP_ACK);
}

static void what_a_hasher_sent_here_is_not_asked_for_its_cookie_again(void **state)
{
	struct timestamps made;
	int v = set_up(FAMILY(state), 3, &made);

	through_gateway(FRAME(FROM_FABRIC, IPV6(.from = OTHER_SID, .to = ROUTE_SID), FROM_CLIENT(v),
			      ECHO(made, .flags = TCP_ACK)),
			GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_1), FROM_CLIENT(v),
			      ECHO(made, .flags = TCP_ACK)));
}

#define QUOTE(made) TCP(.from_port = 80, .to_port = CLIENT_PORT, .flags = TCP_ACK, .bytes =        \
			(made).bytes, .size = sizeof(made))

/* The quoted segment is the server's own: its TSval is the cookie. */
static void an_icmp_error_goes_by_the_cookie_of_the_segment_it_quotes(void **state)
{
	struct timestamps made;
	int v = set_up(FAMILY(state), 3, &made);
	struct frame quoted;

	made = timestamps_of(cookie_of(v, 80, 3), 55);
	quoted = FRAME(FROM_SERVER(v), QUOTE(made), PAYLOAD(20));
	through_gateway(FRAME(FROM_FABRIC, FROM_ROUTER(v), ERROR(v), BYTES(quoted.bytes, quoted.size)),
			GATEWAY_COOKIE,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_3_COOKIE), FROM_ROUTER(v, .hop_limit = 63),
			      ERROR(v), BYTES(quoted.bytes, quoted.size)));
}

static void an_icmp_error_that_quotes_eight_bytes_goes_down_the_ladder(void **state)
{
	struct timestamps made;
	int v = set_up(FAMILY(state), 3, &made);
	struct frame quoted;
	size_t size = (v ? 40 : 20) + 8;

	made = timestamps_of(cookie_of(v, 80, 3), 55);
	quoted = FRAME(FROM_SERVER(v), QUOTE(made), PAYLOAD(20));
	through_gateway(FRAME(FROM_FABRIC, FROM_ROUTER(v), ERROR(v), BYTES(quoted.bytes, size)),
			GATEWAY_TO_ROUTER,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = OTHER_SID), FROM_ROUTER(v, .hop_limit = 63),
			      ERROR(v), BYTES(quoted.bytes, size)));
}

#define SEGMENT_OF(made) ECHO(made, .flags = TCP_ACK), PAYLOAD(9)
#define UNCLAIMED(v, made) IPV6(.from = BACKEND_3, .to = UNCLAIMED_COOKIE_SID), FROM_CLIENT(v),    \
			   SEGMENT_OF(made)

/* Not back to the agent of the cookie, which would send it back for ever. */
static void what_the_cookies_backend_does_not_know_goes_to_the_flows_router(void **state)
{
	struct timestamps made;
	int v = set_up(FAMILY(state), 3, &made);

	through_gateway(FRAME(FROM_FABRIC, UNCLAIMED(v, made)), GATEWAY_TO_ROUTER,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = OTHER_COOKIE_SID), FROM_CLIENT(v),
			      SEGMENT_OF(made)));
}

static void what_the_cookies_backend_does_not_know_goes_to_the_candidates_at_the_router(void **state)
{
	struct timestamps made;
	int v = FAMILY(state);

	given_candidates(WEB, 2, 1);
	set_up(v, 3, &made);
	given_router(ROUTER_SELF);
	through_gateway(FRAME(FROM_FABRIC, UNCLAIMED(v, made)), GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_2),
			      SRH(.segments = {BACKEND_1}, .segments_left = 1), FROM_CLIENT(v),
			      SEGMENT_OF(made)));
}

/* Whatever this gateway's own rows of routers say by now: a hasher has chosen it. */
static void a_router_that_is_told_of_a_vain_cookie_asks_the_candidates(void **state)
{
	struct timestamps made;
	int v = set_up(FAMILY(state), 3, &made);

	through_gateway(FRAME(FROM_FABRIC, IPV6(.from = OTHER_SID, .to = "fdf0:0:0:1:f001:400::"),
			      FROM_CLIENT(v), SEGMENT_OF(made)),
			GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = BACKEND_1), FROM_CLIENT(v),
			      SEGMENT_OF(made)));
}

static void a_site_that_is_told_of_a_vain_cookie_does_not_try_it_again(void **state)
{
	struct timestamps made;
	int v = set_up(FAMILY(state), 3, &made);

	through_gateway(FRAME(FROM_FABRIC, IPV6(.from = OTHER_SID, .to = SITE_COOKIE_SID),
			      FROM_CLIENT(v), SEGMENT_OF(made)),
			GATEWAY_TO_ROUTER,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = "fdf0:0:0:2:f001:401::"), FROM_CLIENT(v),
			      SEGMENT_OF(made)));
}

static void a_vain_cookie_of_a_site_without_router_is_dropped(void **state)
{
	struct timestamps made;
	int v = set_up(FAMILY(state), 3, &made);

	given_no_router();
	through_gateway(FRAME(FROM_FABRIC, UNCLAIMED(v, made)), GATEWAY_NO_ROUTER, NOTHING);
}

static void an_icmp_error_that_the_cookies_backend_does_not_know_goes_down_the_ladder(void **state)
{
	struct timestamps made;
	int v = set_up(FAMILY(state), 3, &made);
	struct frame quoted;

	made = timestamps_of(cookie_of(v, 80, 3), 55);
	quoted = FRAME(FROM_SERVER(v), QUOTE(made), PAYLOAD(20));
	through_gateway(FRAME(FROM_FABRIC, IPV6(.from = BACKEND_3, .to = UNCLAIMED_COOKIE_SID),
			      FROM_ROUTER(v), ERROR(v), BYTES(quoted.bytes, quoted.size)),
			GATEWAY_TO_ROUTER,
			FRAME(TO_NEXT, WEB_OUTER(v, .to = OTHER_COOKIE_SID), FROM_ROUTER(v),
			      ERROR(v), BYTES(quoted.bytes, quoted.size)));
}

GATEWAY_TESTS(IN_BOTH(a_segment_goes_straight_to_the_backend_of_its_cookie),
	      ONCE(later_fragments_follow_the_first_one_s_cookie),
	      IN_BOTH(a_cookie_needs_no_router_and_no_row),
	      IN_BOTH(a_cookie_behind_other_options_is_found),
	      IN_BOTH(a_cookie_behind_multipath_tcps_options_is_found),
	      IN_BOTH(every_clock_has_the_same_backend), IN_BOTH(a_syn_does_not_go_by_cookie),
	      IN_BOTH(a_cookie_of_a_non_member_goes_down_the_ladder),
	      IN_BOTH(a_cookie_of_an_unknown_epoch_goes_down_the_ladder),
	      IN_BOTH(a_cookie_of_another_flow_goes_down_the_ladder),
	      IN_BOTH(a_flipped_bit_reaches_no_member),
	      IN_BOTH(a_service_without_cookies_ignores_them),
	      IN_BOTH(a_backend_without_next_hop_leaves_it_to_the_ladder),
	      IN_BOTH(what_a_hasher_sent_here_is_not_asked_for_its_cookie_again),
	      IN_BOTH(an_icmp_error_goes_by_the_cookie_of_the_segment_it_quotes),
	      IN_BOTH(an_icmp_error_that_quotes_eight_bytes_goes_down_the_ladder),
	      IN_BOTH(what_the_cookies_backend_does_not_know_goes_to_the_flows_router),
	      IN_BOTH(what_the_cookies_backend_does_not_know_goes_to_the_candidates_at_the_router),
	      IN_BOTH(a_router_that_is_told_of_a_vain_cookie_asks_the_candidates),
	      IN_BOTH(a_site_that_is_told_of_a_vain_cookie_does_not_try_it_again),
	      IN_BOTH(a_vain_cookie_of_a_site_without_router_is_dropped),
	      IN_BOTH(an_icmp_error_that_the_cookies_backend_does_not_know_goes_down_the_ladder))
