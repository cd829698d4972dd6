/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the gateway puts in front of a packet, and where it sends it. */
#include <string.h>

#include <arpa/inet.h>

#include "tests/packet/gateway_world.h"

#define WEB_OUTER(v, ...) OUTER(v, IPPROTO_TCP, 80, .to = BACKEND_1_MUST, __VA_ARGS__)
#define FORWARDED(v, ...) FROM_CLIENT(v, .hop_limit = 63, __VA_ARGS__)

/* The exact bytes once, without the builder's help: RFC 8200, 3. */
static void a_list_of_one_looks_as_the_rfc_draws_it(void **state)
{
	static const __u8 header[] = {
		0x00, 60,   41, 64,						 /* length 60 */
		0xfd, 0xf0, 0,	0,  0, 0, 0, 1,	   0xf0, 0x01, 0, 0, 0, 0, 0, 0, /* source    */
		0xfd, 0xf0, 0,	0,  0, 0, 0, 0xb1, 0xf0, 0x03, 1, 0, 0, 0, 0, 0, /* must      */
	};
	struct frame in = FRAME(FROM_FABRIC, FROM_CLIENT(V6, .traffic_class = 0xb8),
				TCP(.flags = TCP_SYN)),
		     out;
	__u32 first;

	assert_int_equal(gateway_run(&in, &out), GATEWAY_CANDIDATES);
	assert_int_equal(out.size, 14 + 40 + 60);
	memcpy(&first, out.bytes + 14, sizeof(first));
	assert_int_equal(ntohl(first), 6U << 28 | 0xb8 << 20 | label_of(V6, IPPROTO_TCP, 80));
	assert_memory_equal(out.bytes + 18, header, sizeof(header));
}

static void flows_have_flow_labels_of_their_own(void **state)
{
	int v = FAMILY(state);

	assert_int_not_equal(label_of(v, IPPROTO_TCP, 80), label_of(v, IPPROTO_TCP, 8000));
	assert_int_not_equal(label_of(v, IPPROTO_TCP, 80), 0);
}

static void the_clients_traffic_class_is_copied_whole(void **state)
{
	int v = FAMILY(state);

	for (int class = 0; class < 256; class += 0x17)
		through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v, .traffic_class = class), SYN()),
				GATEWAY_PICKED,
				FRAME(TO_NEXT, WEB_OUTER(v, .traffic_class = class),
				      FORWARDED(v, .traffic_class = class), SYN()));
}

static void the_clients_congestion_mark_is_copied(void **state)
{
	int v = FAMILY(state);

	for (int ecn = 0; ecn < 4; ecn++)
		through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v, .traffic_class = ecn), SYN()),
				GATEWAY_PICKED,
				FRAME(TO_NEXT, WEB_OUTER(v, .traffic_class = ecn),
				      FORWARDED(v, .traffic_class = ecn), SYN()));
}

static void a_next_hop_behind_a_vlan_gets_a_tag(void **state)
{
	int v = FAMILY(state);

	given_next_hop(&(struct next_hop){.vlan = htons(42)});
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()), GATEWAY_PICKED,
			FRAME(TO_NEXT, VLAN(.tag = 42), WEB_OUTER(v), FORWARDED(v), SYN()));
}

static void the_tag_of_arrival_gives_way_to_the_next_hops(void **state)
{
	int v = FAMILY(state);

	given_next_hop(&(struct next_hop){.vlan = htons(42)});
	given_candidates(WEB, 1, 2, 3);
	through_gateway(FRAME(FROM_FABRIC, VLAN(.number = VLAN_S, .tag = 7), VLAN(.tag = 100),
			      FROM_CLIENT(v), SEGMENT()),
			GATEWAY_CANDIDATES,
			FRAME(TO_NEXT, VLAN(.tag = 42), OUTER(v, IPPROTO_TCP, 80, .to = BACKEND_1),
			      SRH(.segments = {BACKEND_3, BACKEND_2}, .segments_left = 2),
			      FORWARDED(v), SEGMENT()));
}

static void a_next_hop_on_another_interface_is_redirected_to(void **state)
{
	int v = FAMILY(state);

	given_next_hop(&(struct next_hop){.ifindex = 7});
	given_send_action(XDP_REDIRECT);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()), GATEWAY_PICKED,
			FRAME(TO_NEXT, WEB_OUTER(v), FORWARDED(v), SYN()));
}

static void a_packet_without_headroom_is_dropped(void **state)
{
	int v = FAMILY(state);

	if (!given_no_headroom())
		skip();
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()), GATEWAY_NO_ROOM, NOTHING);
}

GATEWAY_TESTS(ONCE(a_list_of_one_looks_as_the_rfc_draws_it),
	      IN_BOTH(flows_have_flow_labels_of_their_own),
	      IN_BOTH(the_clients_traffic_class_is_copied_whole),
	      IN_BOTH(the_clients_congestion_mark_is_copied),
	      IN_BOTH(a_next_hop_behind_a_vlan_gets_a_tag),
	      IN_BOTH(the_tag_of_arrival_gives_way_to_the_next_hops),
	      IN_BOTH(a_next_hop_on_another_interface_is_redirected_to),
	      IN_BOTH(a_packet_without_headroom_is_dropped))
