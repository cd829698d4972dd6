/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Fragments: the first one has the ports, the others follow it. */
#include "tests/packet/gateway_world.h"

#define FORWARDED(v, ...) FROM_CLIENT(v, .hop_limit = 63, __VA_ARGS__)
#define NAMES_OUTER(v) OUTER(v, IPPROTO_UDP, 53, .to = BACKEND_1_MUST)

/* A fragment of a datagram to port 53: IPv4 says so in its header, IPv6 in one of its own. */
static struct frame fragment(int v, struct layer link, struct layer outer, int hop_limit, int id,
			     int offset, bool more)
{
	const struct layer payload = PAYLOAD(64), udp = UDP(.to_port = 53, .length = 1400);
	const struct layer none = {.kind = LAYER_END};
	struct layer layers[LAYERS_MAX] = {link};
	int count = 1;

	if (outer.kind != LAYER_END)
		layers[count++] = outer;
	if (v == V6) {
		layers[count++] = (struct layer)FROM_CLIENT(V6, .hop_limit = hop_limit);
		layers[count++] = (struct layer)FRAGMENT(.id = id, .offset = offset, .more = more,
							 .next = IPPROTO_UDP);
	} else {
		layers[count++] = (struct layer)FROM_CLIENT(V4, .hop_limit = hop_limit, .id = id,
							    .offset = offset, .more = more,
							    .next = IPPROTO_UDP);
	}
	layers[count++] = offset ? payload : udp;
	layers[count++] = offset ? none : payload;
	return frame_build(layers);
}

static struct frame fragment_in(int v, int id, int offset, bool more)
{
	return fragment(v, (struct layer)FROM_FABRIC, (struct layer){}, 64, id, offset, more);
}

static struct frame fragment_out(int v, int id, int offset, bool more)
{
	return fragment(v, (struct layer)TO_NEXT, (struct layer)NAMES_OUTER(v), 63, id, offset,
			more);
}

static void later_fragments_follow_the_first(void **state)
{
	int v = FAMILY(state);

	through_gateway(fragment_in(v, 1, 0, true), GATEWAY_PICKED, fragment_out(v, 1, 0, true));
	through_gateway(fragment_in(v, 1, 72, true), GATEWAY_PICKED, fragment_out(v, 1, 72, true));
	through_gateway(fragment_in(v, 1, 136, false), GATEWAY_PICKED,
			fragment_out(v, 1, 136, false));
}

static void a_later_fragment_without_a_first_is_dropped(void **state)
{
	int v = FAMILY(state);

	through_gateway(fragment_in(v, 2, 72, true), GATEWAY_NO_FRAGMENT, NOTHING);
	through_gateway(fragment_in(v, 2, 136, false), GATEWAY_NO_FRAGMENT, NOTHING);
}

static void a_later_fragment_of_another_datagram_is_dropped(void **state)
{
	int v = FAMILY(state);

	through_gateway(fragment_in(v, 3, 0, true), GATEWAY_PICKED, fragment_out(v, 3, 0, true));
	through_gateway(fragment_in(v, 4, 72, false), GATEWAY_NO_FRAGMENT, NOTHING);
}

static void a_whole_datagram_leaves_nothing_for_later_fragments(void **state)
{
	int v = FAMILY(state);

	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v, .id = 5), UDP(.to_port = 53)),
			GATEWAY_PICKED,
			FRAME(TO_NEXT, NAMES_OUTER(v), FORWARDED(v, .id = 5), UDP(.to_port = 53)));
	through_gateway(fragment_in(v, 5, 72, false), GATEWAY_NO_FRAGMENT, NOTHING);
}

/* RFC 6946: a fragment header on a datagram that is whole. */
static void an_atomic_fragment_is_a_whole_packet(void **state)
{
	through_gateway(fragment_in(V6, 6, 0, false), GATEWAY_PICKED,
			fragment_out(V6, 6, 0, false));
	through_gateway(fragment_in(V6, 6, 72, false), GATEWAY_NO_FRAGMENT, NOTHING);
}

static void a_first_fragment_without_its_ports_is_malformed(void **state)
{
	struct frame in =
		FRAME(FROM_FABRIC, FROM_CLIENT(V4, .id = 7, .more = true, .next = IPPROTO_UDP),
		      PAYLOAD(4));

	through_gateway(in, GATEWAY_MALFORMED, NOTHING);
	in = FRAME(FROM_FABRIC, FROM_CLIENT(V6),
		   FRAGMENT(.id = 7, .more = true, .next = IPPROTO_UDP), PAYLOAD(4));
	through_gateway(in, GATEWAY_MALFORMED, NOTHING);
}

static void a_fragment_of_tcp_goes_to_the_router_of_its_flow(void **state)
{
	given_router(ROUTER_OTHER);
	through_gateway(
		FRAME(FROM_FABRIC, FROM_CLIENT(V4, .id = 8, .more = true), SEGMENT(), PAYLOAD(64)),
		GATEWAY_TO_ROUTER,
		FRAME(TO_NEXT, OUTER(V4, IPPROTO_TCP, 80, .to = OTHER_SID),
		      FORWARDED(V4, .id = 8, .more = true), SEGMENT(), PAYLOAD(64)));
	through_gateway(
		FRAME(FROM_FABRIC, FROM_CLIENT(V4, .id = 8, .offset = 96, .next = IPPROTO_TCP),
		      PAYLOAD(64)),
		GATEWAY_TO_ROUTER,
		FRAME(TO_NEXT, OUTER(V4, IPPROTO_TCP, 80, .to = OTHER_SID),
		      FORWARDED(V4, .id = 8, .offset = 96, .next = IPPROTO_TCP), PAYLOAD(64)));
}

GATEWAY_TESTS(IN_BOTH(later_fragments_follow_the_first),
	      IN_BOTH(a_later_fragment_without_a_first_is_dropped),
	      IN_BOTH(a_later_fragment_of_another_datagram_is_dropped),
	      IN_BOTH(a_whole_datagram_leaves_nothing_for_later_fragments),
	      ONCE(an_atomic_fragment_is_a_whole_packet),
	      ONCE(a_first_fragment_without_its_ports_is_malformed),
	      ONCE(a_fragment_of_tcp_goes_to_the_router_of_its_flow))
