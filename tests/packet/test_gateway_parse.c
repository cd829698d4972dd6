/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Headers as they come: tags, options, extension headers, cut and lying packets. */
#include "tests/packet/gateway_world.h"

#define WEB_OUTER(v) OUTER(v, IPPROTO_TCP, 80, .to = BACKEND_1_MUST)
#define FORWARDED(v, ...) FROM_CLIENT(v, .hop_limit = 63, __VA_ARGS__)

static void one_vlan_tag_is_passed_over(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, VLAN(.tag = 100), FROM_CLIENT(v), SYN()), GATEWAY_PICKED,
			FRAME(TO_NEXT, WEB_OUTER(v), FORWARDED(v), SYN()));
}

static void two_vlan_tags_are_passed_over(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, VLAN(.number = VLAN_S, .tag = 7), VLAN(.tag = 100),
			      FROM_CLIENT(v), SYN()),
			GATEWAY_PICKED, FRAME(TO_NEXT, WEB_OUTER(v), FORWARDED(v), SYN()));
}

static void three_vlan_tags_are_left_to_the_host(void **state)
{
	through_gateway(FRAME(FROM_FABRIC, VLAN(.tag = 1), VLAN(.tag = 2), VLAN(.tag = 3),
			      FROM_CLIENT(V4), SYN()),
			GATEWAY_NOT_OURS, UNCHANGED);
}

static void a_frame_that_ends_inside_a_vlan_tag_is_left_to_the_host(void **state)
{
	struct frame in = FRAME(FROM_FABRIC, VLAN(.tag = 1), FROM_CLIENT(V4), SYN());

	through_gateway(frame_cut(in, 16), GATEWAY_NOT_OURS, UNCHANGED);
}

static void ipv4_options_are_passed_over_and_kept(void **state)
{
	through_gateway(
		FRAME(FROM_FABRIC, FROM_CLIENT(V4, OPTIONS("\x94\x04\x00\x00")), SYN()),
		GATEWAY_PICKED,
		FRAME(TO_NEXT, WEB_OUTER(V4), FORWARDED(V4, OPTIONS("\x94\x04\x00\x00")), SYN()));
}

#define FORTY_NOPS                                                                                 \
	OPTIONS("\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"   \
		"\1")

static void the_longest_ipv4_header_is_passed_over(void **state)
{
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(V4, FORTY_NOPS), SYN()), GATEWAY_PICKED,
			FRAME(TO_NEXT, WEB_OUTER(V4), FORWARDED(V4, FORTY_NOPS), SYN()));
}

static void ipv6_options_are_passed_over_and_kept(void **state)
{
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(V6), HOP_BY_HOP(),
			      DESTINATION_OPTIONS(.size = 24), SYN()),
			GATEWAY_PICKED,
			FRAME(TO_NEXT, WEB_OUTER(V6), FORWARDED(V6), HOP_BY_HOP(),
			      DESTINATION_OPTIONS(.size = 24), SYN()));
}

static void an_authentication_header_is_passed_over_by_its_own_measure(void **state)
{
	through_gateway(
		FRAME(FROM_FABRIC, FROM_CLIENT(V6), AUTHENTICATION(.size = 24), SYN()),
		GATEWAY_PICKED,
		FRAME(TO_NEXT, WEB_OUTER(V6), FORWARDED(V6), AUTHENTICATION(.size = 24), SYN()));
}

static void a_chain_of_extension_headers_is_walked_up_to_the_bound(void **state)
{
	through_gateway(
		FRAME(FROM_FABRIC, FROM_CLIENT(V6), HOP_BY_HOP(), DESTINATION_OPTIONS(),
		      DESTINATION_OPTIONS(), DESTINATION_OPTIONS(), DESTINATION_OPTIONS(), SYN()),
		GATEWAY_PICKED,
		FRAME(TO_NEXT, WEB_OUTER(V6), FORWARDED(V6), HOP_BY_HOP(), DESTINATION_OPTIONS(),
		      DESTINATION_OPTIONS(), DESTINATION_OPTIONS(), DESTINATION_OPTIONS(), SYN()));
}

static void a_chain_of_extension_headers_beyond_the_bound_is_dropped(void **state)
{
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(V6), HOP_BY_HOP(), DESTINATION_OPTIONS(),
			      DESTINATION_OPTIONS(), DESTINATION_OPTIONS(), DESTINATION_OPTIONS(),
			      DESTINATION_OPTIONS(), SYN()),
			GATEWAY_EXTENSIONS, NOTHING);
}

static void an_extension_header_that_leads_out_of_the_packet_is_malformed(void **state)
{
	through_gateway(
		FRAME(FROM_FABRIC, FROM_CLIENT(V6), DESTINATION_OPTIONS(.length = 30), SYN()),
		GATEWAY_MALFORMED, NOTHING);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(V6), DESTINATION_OPTIONS(.length = 255),
			      DESTINATION_OPTIONS(.length = 255), SYN()),
			GATEWAY_MALFORMED, NOTHING);
}

/* With options that measure 4096 bytes together, an offset that wraps would come round to here. */
static void extension_headers_of_four_kib_do_not_lead_back_to_the_front(void **state)
{
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(V6), DESTINATION_OPTIONS(.size = 2048),
			      DESTINATION_OPTIONS(.length = 255, .next = IPPROTO_UDP),
			      PAYLOAD(100)),
			GATEWAY_MALFORMED, NOTHING);
}

static void an_upper_layer_that_is_no_header_at_all_has_no_service(void **state)
{
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(V6), HOP_BY_HOP(), PAYLOAD(20)),
			GATEWAY_NO_SERVICE, NOTHING);
}

static void a_frame_that_ends_before_the_addresses_is_left_to_the_host(void **state)
{
	int v = FAMILY(state);
	struct frame in = FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN());

	through_gateway(frame_cut(in, 14), GATEWAY_NOT_OURS, UNCHANGED);
	through_gateway(frame_cut(in, 14 + (v ? 39 : 19)), GATEWAY_NOT_OURS, UNCHANGED);
}

static void a_frame_that_ends_anywhere_behind_the_addresses_is_malformed(void **state)
{
	int v = FAMILY(state);
	struct frame in = FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN());

	for (size_t size = 14 + (v ? 40 : 20); size < in.size; size++)
		through_gateway(frame_cut(in, size), GATEWAY_MALFORMED, NOTHING);
}

static void a_transport_header_cut_by_the_packets_length_is_malformed(void **state)
{
	int v = FAMILY(state);

	for (int rest = 0; rest < 20; rest++) {
		struct frame whole =
			FRAME(FROM_FABRIC, FROM_CLIENT(v, .next = IPPROTO_TCP), PAYLOAD(rest));

		if (v == V6 && rest == 0)
			continue; /* a length of 0 is the builder's word for the true one */
		through_gateway(whole, GATEWAY_MALFORMED, NOTHING);
	}
}

/* An Ethernet trailer is no part of the packet: ports found there would be invented. */
static void a_transport_header_in_the_padding_is_malformed(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC,
			      FROM_CLIENT(v, .next = IPPROTO_TCP, .length = v ? 4 : 24), SYN()),
			GATEWAY_MALFORMED, NOTHING);
	through_gateway(FRAME(FROM_FABRIC,
			      FROM_CLIENT(v, .next = IPPROTO_UDP, .length = v ? 7 : 27),
			      UDP(.to_port = 53)),
			GATEWAY_MALFORMED, NOTHING);
}

static void a_length_beyond_the_frame_is_malformed(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v, .length = v ? 41 : 61), SYN()),
			GATEWAY_MALFORMED, NOTHING);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v, .length = 65535), SYN()),
			GATEWAY_MALFORMED, NOTHING);
}

static void an_ipv4_length_below_its_header_is_malformed(void **state)
{
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(V4, .length = 19), SYN()), GATEWAY_MALFORMED,
			NOTHING);
	through_gateway(
		FRAME(FROM_FABRIC, FROM_CLIENT(V4, .length = 23, OPTIONS("\1\1\1\1")), SYN()),
		GATEWAY_MALFORMED, NOTHING);
}

static void an_ipv4_header_of_less_than_five_words_is_malformed(void **state)
{
	for (int words = 1; words < 5; words++)
		through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(V4, .header_words = words), SYN()),
				GATEWAY_MALFORMED, NOTHING);
}

static void a_wrong_version_is_malformed(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v, .version = 5), SYN()), GATEWAY_MALFORMED,
			NOTHING);
}

static void a_tcp_header_of_less_than_five_words_is_malformed(void **state)
{
	int v = FAMILY(state);

	for (int words = 1; words < 5; words++)
		through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN(.header_words = words)),
				GATEWAY_MALFORMED, NOTHING);
}

static void a_tcp_header_longer_than_the_packet_is_malformed(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN(.header_words = 11)),
			GATEWAY_MALFORMED, NOTHING);
}

static void padding_is_not_counted_in_the_outer_length(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), UDP(.to_port = 53), PADDING(18)),
			GATEWAY_PICKED,
			FRAME(TO_NEXT, OUTER(v, IPPROTO_UDP, 53, .to = BACKEND_1_MUST),
			      FORWARDED(v), UDP(.to_port = 53), PADDING(18)));
}

static void a_hop_limit_of_one_ends_here(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v, .hop_limit = 1), SYN()),
			GATEWAY_HOP_LIMIT, NOTHING);
}

static void a_hop_limit_of_two_goes_on_as_one(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v, .hop_limit = 2), SYN()), GATEWAY_PICKED,
			FRAME(TO_NEXT, WEB_OUTER(v), FROM_CLIENT(v, .hop_limit = 1), SYN()));
}

static void the_ipv4_checksum_is_right_for_every_hop_limit(void **state)
{
	for (int hops = 2; hops < 256; hops++)
		through_gateway(FRAME(FROM_FABRIC,
				      FROM_CLIENT(V4, .hop_limit = hops, .id = hops * 257), SYN()),
				GATEWAY_PICKED,
				FRAME(TO_NEXT, WEB_OUTER(V4),
				      FROM_CLIENT(V4, .hop_limit = hops - 1, .id = hops * 257),
				      SYN()));
}

GATEWAY_TESTS(IN_BOTH(one_vlan_tag_is_passed_over), IN_BOTH(two_vlan_tags_are_passed_over),
	      ONCE(three_vlan_tags_are_left_to_the_host),
	      ONCE(a_frame_that_ends_inside_a_vlan_tag_is_left_to_the_host),
	      ONCE(ipv4_options_are_passed_over_and_kept),
	      ONCE(the_longest_ipv4_header_is_passed_over),
	      ONCE(ipv6_options_are_passed_over_and_kept),
	      ONCE(an_authentication_header_is_passed_over_by_its_own_measure),
	      ONCE(a_chain_of_extension_headers_is_walked_up_to_the_bound),
	      ONCE(a_chain_of_extension_headers_beyond_the_bound_is_dropped),
	      ONCE(an_extension_header_that_leads_out_of_the_packet_is_malformed),
	      ONCE(extension_headers_of_four_kib_do_not_lead_back_to_the_front),
	      ONCE(an_upper_layer_that_is_no_header_at_all_has_no_service),
	      IN_BOTH(a_frame_that_ends_before_the_addresses_is_left_to_the_host),
	      IN_BOTH(a_frame_that_ends_anywhere_behind_the_addresses_is_malformed),
	      IN_BOTH(a_transport_header_cut_by_the_packets_length_is_malformed),
	      IN_BOTH(a_transport_header_in_the_padding_is_malformed),
	      IN_BOTH(a_length_beyond_the_frame_is_malformed),
	      ONCE(an_ipv4_length_below_its_header_is_malformed),
	      ONCE(an_ipv4_header_of_less_than_five_words_is_malformed),
	      IN_BOTH(a_wrong_version_is_malformed),
	      IN_BOTH(a_tcp_header_of_less_than_five_words_is_malformed),
	      IN_BOTH(a_tcp_header_longer_than_the_packet_is_malformed),
	      IN_BOTH(padding_is_not_counted_in_the_outer_length),
	      IN_BOTH(a_hop_limit_of_one_ends_here), IN_BOTH(a_hop_limit_of_two_goes_on_as_one),
	      ONCE(the_ipv4_checksum_is_right_for_every_hop_limit))
