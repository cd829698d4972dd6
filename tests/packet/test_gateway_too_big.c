/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What does not fit the path: the VIP tells its client (RFC 1191, 4; RFC 4443, 3.2). */
#include <string.h>

#include "tests/packet/gateway_world.h"

#define FORWARDED(v) FROM_CLIENT(v, .hop_limit = 63)

/* A segment that makes the client's packet `total` bytes. */
#define SIZED_SEGMENT(v, total) SEGMENT(), PAYLOAD((total) - ((v) ? 40 : 20) - 32)

#define QUOTE(v) ((v) ? 128 : 28)
#define TOO_BIG(v, mtu) ICMP(.type = (v) ? 2 : 3, .code = (v) ? 0 : 4, .rest = (mtu))

static void a_packet_that_just_fits_the_path_is_sent(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SIZED_SEGMENT(v, 1460)),
			GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, OUTER(v, IPPROTO_TCP, 80, .to = BACKEND_1), FORWARDED(v),
			      SIZED_SEGMENT(v, 1460)));
}

static void a_packet_one_byte_too_big_is_answered_with_the_mtu_of_the_path(void **state)
{
	int v = FAMILY(state);
	struct frame in = FRAME(FROM_FABRIC, FROM_CLIENT(v), SIZED_SEGMENT(v, 1461));

	through_gateway(
		in, GATEWAY_TOO_BIG,
		FRAME(TO_FABRIC, FROM_SERVER(v), TOO_BIG(v, 1460), BYTES(in.bytes + 14, QUOTE(v))));
}

static void the_mtu_in_the_answer_leaves_room_for_a_list_of_two(void **state)
{
	int v = FAMILY(state);
	struct frame in = FRAME(FROM_FABRIC, FROM_CLIENT(v), SIZED_SEGMENT(v, 1437));

	given_candidates(WEB, 1, 2);
	through_gateway(
		in, GATEWAY_TOO_BIG,
		FRAME(TO_FABRIC, FROM_SERVER(v), TOO_BIG(v, 1436), BYTES(in.bytes + 14, QUOTE(v))));
}

static void the_mtu_in_the_answer_leaves_room_for_a_list_of_three(void **state)
{
	int v = FAMILY(state);
	struct frame in = FRAME(FROM_FABRIC, FROM_CLIENT(v), SIZED_SEGMENT(v, 1421));

	given_candidates(WEB, 1, 2, 3);
	through_gateway(
		in, GATEWAY_TOO_BIG,
		FRAME(TO_FABRIC, FROM_SERVER(v), TOO_BIG(v, 1420), BYTES(in.bytes + 14, QUOTE(v))));
}

static void the_answer_goes_back_through_the_tags_of_arrival(void **state)
{
	int v = FAMILY(state);
	struct frame in = FRAME(FROM_FABRIC, VLAN(.number = VLAN_S, .tag = 7), VLAN(.tag = 100),
				FROM_CLIENT(v), SIZED_SEGMENT(v, 1480));

	given_next_hop(
		&(struct next_hop){.ifindex = 7}); /* yet it leaves where the packet came in */
	through_gateway(in, GATEWAY_TOO_BIG,
			FRAME(TO_FABRIC, VLAN(.number = VLAN_S, .tag = 7), VLAN(.tag = 100),
			      FROM_SERVER(v), TOO_BIG(v, 1460), BYTES(in.bytes + 22, QUOTE(v))));
}

static void what_another_gateway_forwarded_is_answered_to_the_client(void **state)
{
	int v = FAMILY(state);
	struct frame packet = FRAME(FROM_CLIENT(v), SIZED_SEGMENT(v, 1460));

	given_next_hop(&(struct next_hop){.mtu = 1400});
	through_gateway(
		FRAME(FROM_FABRIC, FROM_GATEWAY(.to = ROUTE_SID), FROM_CLIENT(v),
		      SIZED_SEGMENT(v, 1460)),
		GATEWAY_TOO_BIG,
		FRAME(TO_FABRIC, FROM_SERVER(v), TOO_BIG(v, 1360), BYTES(packet.bytes, QUOTE(v))));
}

static void the_quote_has_the_hop_limit_that_came(void **state)
{
	int v = FAMILY(state);
	struct frame in =
		FRAME(FROM_FABRIC, FROM_CLIENT(v, .hop_limit = 17), SIZED_SEGMENT(v, 1500));

	through_gateway(
		in, GATEWAY_TOO_BIG,
		FRAME(TO_FABRIC, FROM_SERVER(v), TOO_BIG(v, 1460), BYTES(in.bytes + 14, QUOTE(v))));
}

/* By the sums themselves, without the builder's help. */
static void the_checksums_of_the_answer_add_up(void **state)
{
	int v = FAMILY(state);
	struct frame in = FRAME(FROM_FABRIC, FROM_CLIENT(v), SIZED_SEGMENT(v, 1500)), out;
	const __u8 *ip = out.bytes + 14;

	assert_int_equal(gateway_run(&in, &out), GATEWAY_TOO_BIG);
	if (v == V4) {
		assert_int_equal(checksum_end(checksum_add(0, ip, 20)), 0);
		assert_int_equal(checksum_end(checksum_add(0, ip + 20, 8 + 28)), 0);
		assert_int_equal(out.size, 14 + 20 + 8 + 28);
	} else {
		__u32 pseudo = checksum_add(8 + 128 + IPPROTO_ICMPV6, ip + 8, 32);

		assert_int_equal(checksum_end(checksum_add(pseudo, ip + 40, 8 + 128)), 0);
		assert_int_equal(out.size, 14 + 40 + 8 + 128);
	}
}

static void a_large_datagram_is_answered_too(void **state)
{
	int v = FAMILY(state);
	struct frame in = FRAME(FROM_FABRIC, FROM_CLIENT(v), UDP(.to_port = 53), PAYLOAD(1450));

	through_gateway(
		in, GATEWAY_TOO_BIG,
		FRAME(TO_FABRIC, FROM_SERVER(v), TOO_BIG(v, 1460), BYTES(in.bytes + 14, QUOTE(v))));
}

/* RFC 1122, 3.2.2; RFC 4443, 2.4 (e.1). */
static void nothing_is_said_about_an_icmp_error_that_is_too_big(void **state)
{
	int v = FAMILY(state);
	struct frame quoted = FRAME(FROM_SERVER(v),
				    TCP(.from_port = 80, .to_port = CLIENT_PORT, .flags = TCP_ACK),
				    PAYLOAD(1440));

	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), ICMP(.type = v ? 1 : 3),
			      BYTES(quoted.bytes, 1440)),
			GATEWAY_TOO_BIG_SILENT, NOTHING);
}

static void nothing_is_said_about_the_first_fragment_of_an_icmp_error(void **state)
{
	struct frame quoted = FRAME(FROM_SERVER(V4),
				    TCP(.from_port = 80, .to_port = CLIENT_PORT, .flags = TCP_ACK),
				    PAYLOAD(1440));

	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(V4, .id = 9, .more = true), ICMP(.type = 3),
			      BYTES(quoted.bytes, 1440)),
			GATEWAY_TOO_BIG_SILENT, NOTHING);
}

static void nothing_is_said_about_a_later_fragment_that_is_too_big(void **state)
{
	struct frame first = FRAME(FROM_FABRIC, FROM_CLIENT(V4, .id = 77, .more = true),
				   UDP(.to_port = 53), PAYLOAD(64)),
		     out;

	assert_int_equal(gateway_run(&first, &out), GATEWAY_PICKED);
	through_gateway(FRAME(FROM_FABRIC,
			      FROM_CLIENT(V4, .id = 77, .offset = 72, .next = IPPROTO_UDP),
			      PAYLOAD(1450)),
			GATEWAY_TOO_BIG_SILENT, NOTHING);
}

GATEWAY_TESTS(IN_BOTH(a_packet_that_just_fits_the_path_is_sent),
	      IN_BOTH(a_packet_one_byte_too_big_is_answered_with_the_mtu_of_the_path),
	      IN_BOTH(the_mtu_in_the_answer_leaves_room_for_a_list_of_two),
	      IN_BOTH(the_mtu_in_the_answer_leaves_room_for_a_list_of_three),
	      IN_BOTH(the_answer_goes_back_through_the_tags_of_arrival),
	      IN_BOTH(what_another_gateway_forwarded_is_answered_to_the_client),
	      IN_BOTH(the_quote_has_the_hop_limit_that_came),
	      IN_BOTH(the_checksums_of_the_answer_add_up),
	      IN_BOTH(a_large_datagram_is_answered_too),
	      IN_BOTH(nothing_is_said_about_an_icmp_error_that_is_too_big),
	      ONCE(nothing_is_said_about_the_first_fragment_of_an_icmp_error),
	      ONCE(nothing_is_said_about_a_later_fragment_that_is_too_big))
