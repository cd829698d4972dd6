/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The last rung: a packet that no candidate has claimed. When the daemon is told of it, and when the
 * row's backend is made to reset it.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <string.h>
#include <time.h>

#include "tests/packet/gateway_world.h"
#include "wire/srv6.h"

#define SECOND 1000000000ULL
#define SEQUENCE 4000000

#define BACK(v) FROM_FABRIC, IPV6(.from = BACKEND_2, .to = UNCLAIMED_SID), FROM_CLIENT(v)
#define comes_back(v, verdict, ...) through_gateway(FRAME(BACK(v), __VA_ARGS__), verdict, NOTHING)

/* Of a connection without timestamps, or where they tell nothing. */
#define LATER_WITH(tcp_flags, ...)                                                                 \
	TCP(.flags = (tcp_flags), .sequence = SEQUENCE, __VA_ARGS__)
#define LATER(...) LATER_WITH(TCP_ACK, __VA_ARGS__)

static struct whohas_event event;
static int events;

static __u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

static int on_event(void *userdata, void *data, size_t size)
{
	assert_int_equal(size, sizeof(event));
	memcpy(&event, data, sizeof(event));
	events++;
	return 0;
}

/* How many events there are since the last call; the last one is `event`. */
static int told(void)
{
	static struct ring_buffer *ring;

	if (!ring)
		ring = ring_buffer__new(gateway_map("whohas_events"), on_event, NULL, NULL);
	assert_non_null(ring);
	events = 0;
	ring_buffer__consume(ring);
	return events;
}

static void forget(const char *map)
{
	__u8 key[64];

	while (!bpf_map_get_next_key(gateway_map(map), NULL, key))
		assert_int_equal(bpf_map_delete_elem(gateway_map(map), key), 0);
}

static void put(const char *map, const void *key, const void *value)
{
	assert_int_equal(bpf_map_update_elem(gateway_map(map), key, value, BPF_ANY), 0);
}

static struct whohas_network network_of_client(int v)
{
	struct flow flow = flow_of(v, IPPROTO_TCP, 80);

	return whohas_network_of(&flow.client, WEB);
}

/* Where the flow's hash stands in a table of `places`. */
static __u32 place_of(int v, __u32 places)
{
	struct flow flow = flow_of(v, IPPROTO_TCP, 80);

	return hash_of(&flow) % places;
}

static void given_seen(const char *map, __u32 at, struct whohas_seen seen)
{
	put(map, &at, &seen);
}

/* So much time passes for the flow, which the table has. */
static void given_seen_earlier(const char *map, __u32 at, __u32 by_ms)
{
	struct whohas_seen seen;

	assert_int_equal(bpf_map_lookup_elem(gateway_map(map), &at, &seen), 0);
	assert_int_not_equal(seen.hash, 0);
	seen.time_ms -= by_ms;
	put(map, &at, &seen);
}

/* No question about the flow, so that the next packet is no repetition. */
static void given_not_asked(int v)
{
	given_seen("whohas_asked", place_of(v, WHOHAS_ASKED), (struct whohas_seen){});
}

/* So many questions a second, none of them asked yet, and nothing known. */
static void given_asking(int v, __u64 per_second)
{
	struct whohas_network network = network_of_client(v);
	__u32 service = WEB;
	__u32 at = ((network.network ^ service) * 0x9e3779b97f4a7c15ULL) >> 48;
	struct whohas_budget budget = {};
	__u64 word = 0;

	gateway_service(service)->ask_interval_ns = per_second ? SECOND / per_second : 0;
	put("whohas_budgets", &service, &budget);
	put("whohas_networks", &at, &word);
	forget("whohas_denials");
	forget("whohas_known");
	given_not_asked(v);
	given_seen("whohas_put_off", place_of(v, WHOHAS_PUT_OFF), (struct whohas_seen){});
	told();
}

static void given_denial(int v, __u32 sequence, __u64 until_ns)
{
	struct whohas_denial denial = {.until_ns = until_ns, .sequence = sequence};
	struct flow flow = flow_of(v, IPPROTO_TCP, 80);

	put("whohas_denials", &flow, &denial);
}

static void the_daemon_is_told_of_the_flow(void **state)
{
	int v = FAMILY(state);
	struct flow flow = flow_of(v, IPPROTO_TCP, 80);
	union address nobody = {};

	given_asking(v, 1000);
	comes_back(v, GATEWAY_WHO_HAS, LATER());
	assert_int_equal(told(), 1);
	assert_memory_equal(&event.flow, &flow, sizeof(flow));
	assert_memory_equal(&event.asker, &nobody, sizeof(nobody));
	assert_int_equal(event.service, WEB);
	assert_int_equal(event.sequence, SEQUENCE);
	assert_int_equal(event.may_be_reset, 1);
	assert_true(now_ns() - event.time_ns < SECOND);
}

static void the_flows_next_packets_are_no_other_question(void **state)
{
	int v = FAMILY(state);

	given_asking(v, 1000);
	comes_back(v, GATEWAY_WHO_HAS, LATER());
	comes_back(v, GATEWAY_UNCLAIMED, LATER(), PAYLOAD(10));
	assert_int_equal(told(), 1);
}

static void some_time_later_they_are(void **state)
{
	int v = FAMILY(state);

	given_asking(v, 1000);
	comes_back(v, GATEWAY_WHO_HAS, LATER());
	given_seen_earlier("whohas_asked", place_of(v, WHOHAS_ASKED), WHOHAS_ASKED_MS);
	comes_back(v, GATEWAY_WHO_HAS, LATER());
	assert_int_equal(told(), 2);
}

static void nothing_is_asked_for_a_reset(void **state)
{
	int v = FAMILY(state);

	given_asking(v, 1000);
	comes_back(v, GATEWAY_UNCLAIMED, LATER_WITH(TCP_RST));
	comes_back(v, GATEWAY_UNCLAIMED, LATER_WITH(TCP_RST | TCP_ACK));
	assert_int_equal(told(), 0);
}

static void nothing_is_asked_where_the_configuration_says_so(void **state)
{
	int v = FAMILY(state);

	given_asking(v, 0);
	comes_back(v, GATEWAY_UNCLAIMED, LATER());
	assert_int_equal(told(), 0);
}

static void an_error_about_a_server_is_worth_a_question_and_allows_no_reset(void **state)
{
	int v = FAMILY(state);
	struct flow flow = flow_of(v, IPPROTO_TCP, 80);
	struct frame quoted = FRAME(FROM_SERVER(v), TCP(.from_port = 80, .to_port = CLIENT_PORT));

	given_asking(v, 1000);
	given_denial(v, 0, now_ns() + 60 * SECOND);
	comes_back(v, GATEWAY_WHO_HAS, ICMP(.type = v ? 2 : 3, .code = v ? 0 : 4, .rest = 1400),
		   BYTES(quoted.bytes, quoted.size));
	assert_int_equal(told(), 1);
	assert_memory_equal(&event.flow, &flow, sizeof(flow));
	assert_int_equal(event.may_be_reset, 0);
}

static void a_denied_connection_goes_to_the_rows_backend_which_must_take_it(void **state)
{
	int v = FAMILY(state);

	given_candidates(WEB, 1, 2, 3);
	given_asking(v, 1000);
	given_denial(v, SEQUENCE - 1000, now_ns() + 60 * SECOND);
	through_gateway(FRAME(BACK(v), LATER()), GATEWAY_WHO_HAS_DENIED,
			FRAME(TO_NEXT, OUTER(v, IPPROTO_TCP, 80, .to = BACKEND_1_MUST),
			      FROM_CLIENT(v), LATER()));
	assert_int_equal(told(), 0);
}

static void a_reset_is_never_answered_by_a_denial(void **state)
{
	int v = FAMILY(state);

	given_asking(v, 1000);
	given_denial(v, SEQUENCE, now_ns() + 60 * SECOND);
	comes_back(v, GATEWAY_UNCLAIMED, LATER_WITH(TCP_RST));
}

static void a_denial_ends(void **state)
{
	int v = FAMILY(state);

	given_asking(v, 1000);
	given_denial(v, SEQUENCE, now_ns() - 1);
	comes_back(v, GATEWAY_WHO_HAS, LATER());
}

static void a_denial_is_of_a_connection_not_of_its_ports(void **state)
{
	int v = FAMILY(state);

	given_asking(v, 1000);
	given_denial(v, SEQUENCE + 100 * WHOHAS_NEAR, now_ns() + 60 * SECOND);
	comes_back(v, GATEWAY_WHO_HAS, LATER());
	given_not_asked(v);
	given_denial(v, SEQUENCE - 100 * WHOHAS_NEAR, now_ns() + 60 * SECOND);
	comes_back(v, GATEWAY_WHO_HAS, LATER());
}

/* How many of `n` packets of the client's network are asked about. */
static int asked_of(int v, int n)
{
	int asked = 0;

	for (int i = 0; i < n; i++) {
		struct frame in = FRAME(BACK(v), LATER()), out;

		given_not_asked(v);
		asked += gateway_run(&in, &out) == GATEWAY_WHO_HAS;
	}
	assert_int_equal(told(), asked);
	return asked;
}

static void one_network_has_a_quarter_of_the_budget(void **state)
{
	int v = FAMILY(state);

	given_asking(v, 40);
	assert_in_range(asked_of(v, 60), 11, 25);
}

static void a_limited_packet_is_dropped_under_a_name_of_its_own(void **state)
{
	int v = FAMILY(state);
	__u32 service = WEB;
	struct whohas_budget spent = {.open_ns = now_ns() + 60 * SECOND};

	given_asking(v, 1000);
	put("whohas_budgets", &service, &spent);
	comes_back(v, GATEWAY_WHO_HAS_LIMITED, LATER());
	assert_int_equal(told(), 0);
}

/* As a connection does after its timeout, and a forged segment does not. */
static void a_flow_that_was_put_off_and_comes_back_has_a_quarter_kept(void **state)
{
	int v = FAMILY(state);
	__u32 service = WEB, at = place_of(v, WHOHAS_PUT_OFF);
	struct whohas_budget spent = {.open_ns = now_ns() + 60 * SECOND};

	given_asking(v, 1000);
	put("whohas_budgets", &service, &spent);
	comes_back(v, GATEWAY_WHO_HAS_LIMITED, LATER());
	comes_back(v, GATEWAY_WHO_HAS_LIMITED, LATER(), PAYLOAD(10));
	given_seen_earlier("whohas_put_off", at, WHOHAS_BACK_MS);
	comes_back(v, GATEWAY_WHO_HAS, LATER());
	assert_int_equal(told(), 1);
	given_not_asked(v);
	given_seen_earlier("whohas_put_off", at, WHOHAS_PUT_OFF_MS);
	comes_back(v, GATEWAY_WHO_HAS_LIMITED, LATER());
}

/* Its next segments do not put it off to later. */
static void a_flow_is_put_off_since_its_first_segment(void **state)
{
	int v = FAMILY(state);
	__u32 service = WEB, at = place_of(v, WHOHAS_PUT_OFF);
	struct whohas_budget spent = {.open_ns = now_ns() + 60 * SECOND,
				      .back_ns = now_ns() + 60 * SECOND};

	given_asking(v, 1000);
	put("whohas_budgets", &service, &spent);
	comes_back(v, GATEWAY_WHO_HAS_LIMITED, LATER());
	given_seen_earlier("whohas_put_off", at, WHOHAS_BACK_MS);
	comes_back(v, GATEWAY_WHO_HAS_LIMITED, LATER(), PAYLOAD(10));
	spent.back_ns = 0;
	put("whohas_budgets", &service, &spent);
	comes_back(v, GATEWAY_WHO_HAS, LATER());
}

static void networks_where_connections_were_found_have_a_half_of_their_own(void **state)
{
	int v = FAMILY(state);
	__u32 service = WEB;
	struct whohas_budget spent = {.open_ns = now_ns() + 60 * SECOND};
	struct whohas_network network = network_of_client(v);
	struct whohas_known known = {.until_ns = now_ns() + 60 * SECOND};

	given_asking(v, 1000);
	put("whohas_budgets", &service, &spent);
	put("whohas_known", &network, &known);
	comes_back(v, GATEWAY_WHO_HAS, LATER());
	known.until_ns = now_ns() - 1;
	put("whohas_known", &network, &known);
	given_not_asked(v);
	comes_back(v, GATEWAY_WHO_HAS_LIMITED, LATER());
}

static void an_agentless_service_has_nobody_to_ask(void **state)
{
	int v = FAMILY(state);

	given_asking(v, 1000);
	comes_back(v, GATEWAY_UNCLAIMED, LATER(.to_port = 443));
	assert_int_equal(told(), 0);
}

GATEWAY_TESTS(IN_BOTH(the_daemon_is_told_of_the_flow),
	      IN_BOTH(the_flows_next_packets_are_no_other_question),
	      IN_BOTH(some_time_later_they_are), IN_BOTH(nothing_is_asked_for_a_reset),
	      IN_BOTH(nothing_is_asked_where_the_configuration_says_so),
	      IN_BOTH(an_error_about_a_server_is_worth_a_question_and_allows_no_reset),
	      IN_BOTH(a_denied_connection_goes_to_the_rows_backend_which_must_take_it),
	      IN_BOTH(a_reset_is_never_answered_by_a_denial), IN_BOTH(a_denial_ends),
	      IN_BOTH(a_denial_is_of_a_connection_not_of_its_ports),
	      IN_BOTH(one_network_has_a_quarter_of_the_budget),
	      IN_BOTH(a_limited_packet_is_dropped_under_a_name_of_its_own),
	      IN_BOTH(a_flow_that_was_put_off_and_comes_back_has_a_quarter_kept),
	      IN_BOTH(a_flow_is_put_off_since_its_first_segment),
	      IN_BOTH(networks_where_connections_were_found_have_a_half_of_their_own),
	      IN_BOTH(an_agentless_service_has_nobody_to_ask))
