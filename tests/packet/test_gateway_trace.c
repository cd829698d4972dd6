/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The program as it is loaded while somebody traces: it does the same, and tells of it. */
#include <arpa/inet.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "tests/packet/gateway_world.h"
#include "wire/trace.h"

/* The events that the ring has held, of which a test looks at the last. */
struct told {
	int count;
	struct trace_event last;
};

static int on_event(void *userdata, void *data, size_t size)
{
	struct told *told = userdata;

	assert_int_equal(size, sizeof(told->last));
	memcpy(&told->last, data, size);
	told->count++;
	return 0;
}

static struct told fetch(void)
{
	static struct ring_buffer *ring;
	static struct told told;

	told = (struct told){};
	if (!ring)
		ring = ring_buffer__new(gateway_map("trace_events"), on_event, &told, NULL);
	assert_non_null(ring);
	assert_true(ring_buffer__consume(ring) >= 0);
	return told;
}

/* One packet goes as it would without tracing, and is told of once: with this verdict and flow. */
#define told_of(in, verdict, out, flow)                                                            \
	do {                                                                                       \
		const struct frame told_in_ = (in);                                                \
		fetch();                                                                           \
		through_gateway(told_in_, verdict, out);                                           \
		check_told(&told_in_, verdict, flow);                                              \
	} while (0)

static void check_told(const struct frame *in, int verdict, struct flow flow)
{
	struct told told = fetch();

	assert_int_equal(told.count, 1);
	assert_int_equal(told.last.verdict, verdict);
	assert_int_equal(told.last.bytes, in->size);
	assert_memory_equal(&told.last.flow, &flow, sizeof(flow));
}

static void a_clients_packet_is_told_of(void **state)
{
	int v = FAMILY(state);

	told_of(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()), GATEWAY_PICKED,
		FRAME(TO_NEXT, OUTER(v, IPPROTO_TCP, 80, .to = BACKEND_1_MUST),
		      FROM_CLIENT(v, .hop_limit = 63), SYN()),
		flow_of(v, IPPROTO_TCP, 80));
}

static void a_packet_that_is_pinned_is_told_of(void **state)
{
	int v = FAMILY(state);

	told_of(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN(.to_port = 443)), GATEWAY_PIN_NEW,
		FRAME(TO_NEXT, OUTER(v, IPPROTO_TCP, 443, .to = BACKEND_4_PLAIN(v)),
		      FROM_CLIENT(v, .hop_limit = 63), SYN(.to_port = 443)),
		flow_of(v, IPPROTO_TCP, 443));
}

static void what_a_hasher_sent_is_told_of_by_its_clients_flow(void **state)
{
	int v = FAMILY(state);

	told_of(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = ROUTE_SID), FROM_CLIENT(v), SEGMENT()),
		GATEWAY_CANDIDATES,
		FRAME(TO_NEXT, OUTER(v, IPPROTO_TCP, 80, .to = BACKEND_1), FROM_CLIENT(v), SEGMENT()),
		flow_of(v, IPPROTO_TCP, 80));
}

static void a_reply_is_told_of_by_its_clients_flow(void **state)
{
	int v = FAMILY(state);

	given_members(WEB, 2);
	told_of(FRAME(FROM_FABRIC, IPV6(.from = BACKEND_1, .to = "fdf0:0:0:1:f004:0:1:0"),
		      FROM_SERVER(v),
		      TCP(.from_port = 80, .to_port = CLIENT_PORT, .flags = TCP_SYN | TCP_ACK)),
		GATEWAY_NOT_MEMBER, NOTHING, flow_of(v, IPPROTO_TCP, 80));
}

static void what_is_not_understood_is_told_of_without_a_flow(void **state)
{
	told_of(FRAME(FROM_FABRIC, IPV6(.from = OTHER_SID, .to = ROUTE_SID), PAYLOAD(4)),
		GATEWAY_MALFORMED, NOTHING, (struct flow){});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_BOTH(a_clients_packet_is_told_of),
		IN_BOTH(a_packet_that_is_pinned_is_told_of),
		IN_BOTH(what_a_hasher_sent_is_told_of_by_its_clients_flow),
		IN_BOTH(a_reply_is_told_of_by_its_clients_flow),
		ONCE(what_is_not_understood_is_told_of_without_a_flow),
	};

	gateway_tracing();
	return gateway_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
