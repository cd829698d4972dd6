/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Replies that go through a gateway: what the agent notes of the way that a client's packet came by, and
 * what it makes of the reply at tc egress. Both programs over the same maps, as on a backend.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/pkt_cls.h>
#include <string.h>

#include "tests/packet/agent_world.h"
#include "wire/srv6.h"

#include "agent_restore.skel.h"
#include "agent_stamp.skel.h"

#define MTU 1500
#define CPUS_MAX 1024

#define PIN_SID "fdf0:0:0:1:f004:0:1:0" /* of the gateway that FROM_GATEWAY is */
#define OTHER_PIN_SID "fdf0:0:0:2:f004:0:1:0"

#define OUT_LINK ETHERNET(.from = OUR_MAC, .to = FABRIC_MAC)
#define REPLY(port) .from_port = (port), .to_port = CLIENT_PORT
#define BARE_SYN_ACK(port) TCP(REPLY(port), .flags = TCP_SYN | TCP_ACK, MSS_1000)
#define MSS_1000 OPTIONS("\x02\x04\x03\xe8")
#define DATA(port) TCP(REPLY(port), .flags = TCP_ACK), PAYLOAD(100)

static struct agent_stamp *stamp;
static struct agent_restore *restore;

static __u64 counted(int verdict)
{
	static struct counter cpus[CPUS_MAX];
	__u64 packets = 0;
	__u32 at = verdict;

	assert_int_equal(
		bpf_map_lookup_elem(bpf_map__fd(stamp->maps.reply_counters), &at, cpus), 0);
	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++)
		packets += cpus[cpu].packets;
	return packets;
}

static void check(struct frame in, int verdict, int action, struct frame out, const char *file,
		  int line)
{
	__u64 before = counted(verdict);
	struct frame got = buffer_run(bpf_program__fd(stamp->progs.agent_stamp), &in, action);

	frame_check(&got, &out, file, line);
	if (counted(verdict) != before + 1) {
		print_error("the verdict's counter did not rise by one\n");
		_fail(file, line);
	}
}

#define goes_out(in, verdict, out) check(in, verdict, TC_ACT_REDIRECT, out, __FILE__, __LINE__)
#define goes_directly(in, verdict) check(in, verdict, TC_ACT_UNSPEC, in, __FILE__, __LINE__)

static __u32 label_of(int v, int protocol, int port)
{
	struct flow flow = flow_of(v, protocol, port);

	return hash_flow_label(flow_hash(&flow, &agent_hash_key));
}

#define TO_GATEWAY(sid, v, protocol, port)                                                         \
	IPV6(.from = BACKEND_1, .to = (sid), .label = label_of(v, protocol, port))

#define comes_from(gateway, v, ...)                                                                \
	do {                                                                                       \
		struct frame in_ = FRAME(FROM_FABRIC, IPV6(.from = (gateway), .to = BACKEND_1_MUST), \
					 FROM_CLIENT(v), __VA_ARGS__);                             \
		struct frame out_;                                                                 \
		agent_run(&in_, &out_, __FILE__, __LINE__);                                        \
	} while (0)

/* A test begins without any way. */
static int forget(void)
{
	struct flow flow;
	int ways = agent_map("ways");

	while (bpf_map_get_next_key(ways, NULL, &flow) == 0)
		assert_int_equal(bpf_map_delete_elem(ways, &flow), 0);
	return 0;
}

#define BEGIN(state)                                                                               \
	int v = FAMILY(state);                                                                     \
	forget()

static void a_syn_ack_without_timestamps_goes_to_the_router_of_its_syn(void **state)
{
	BEGIN(state);
	comes_from(ROUTE_SID, v, PLAIN_SYN(.to_port = 8000));
	goes_out(FRAME(OUT_LINK, FROM_SERVER(v), BARE_SYN_ACK(8000)), REPLY_IN_BAND,
		 FRAME(OUT_LINK, TO_GATEWAY(PIN_SID, v, IPPROTO_TCP, 8000), FROM_SERVER(v),
		       BARE_SYN_ACK(8000)));
}

static void a_syn_ack_that_is_sent_again_takes_the_same_way(void **state)
{
	BEGIN(state);
	comes_from(ROUTE_SID, v, PLAIN_SYN(.to_port = 8000));
	for (int i = 0; i < 3; i++)
		goes_out(FRAME(OUT_LINK, FROM_SERVER(v), BARE_SYN_ACK(8000)), REPLY_IN_BAND,
			 FRAME(OUT_LINK, TO_GATEWAY(PIN_SID, v, IPPROTO_TCP, 8000), FROM_SERVER(v),
			       BARE_SYN_ACK(8000)));
}

/* A retransmitted SYN may come by another gateway. */
static void the_last_syn_tells_the_way(void **state)
{
	BEGIN(state);
	comes_from(ROUTE_SID, v, PLAIN_SYN(.to_port = 8000));
	comes_from(OTHER_SID, v, PLAIN_SYN(.to_port = 8000));
	goes_out(FRAME(OUT_LINK, FROM_SERVER(v), BARE_SYN_ACK(8000)), REPLY_IN_BAND,
		 FRAME(OUT_LINK, TO_GATEWAY(OTHER_PIN_SID, v, IPPROTO_TCP, 8000), FROM_SERVER(v),
		       BARE_SYN_ACK(8000)));
}

/* WEB takes no cookies at the agent, whatever the SYN offers. */
static void a_syn_ack_of_a_service_without_cookies_goes_there_with_its_timestamps(void **state)
{
	BEGIN(state);
	comes_from(ROUTE_SID, v, SYN());
	goes_out(FRAME(OUT_LINK, FROM_SERVER(v),
		       TCP(REPLY(80), .flags = TCP_SYN | TCP_ACK, SEGMENT_OPTIONS)),
		 REPLY_IN_BAND,
		 FRAME(OUT_LINK, TO_GATEWAY(PIN_SID, v, IPPROTO_TCP, 80), FROM_SERVER(v),
		       TCP(REPLY(80), .flags = TCP_SYN | TCP_ACK, SEGMENT_OPTIONS)));
}

static void the_rest_of_the_connection_goes_directly(void **state)
{
	BEGIN(state);
	comes_from(ROUTE_SID, v, PLAIN_SYN(.to_port = 8000));
	goes_directly(FRAME(OUT_LINK, FROM_SERVER(v), DATA(8000)), REPLY_DIRECT);
	goes_directly(FRAME(OUT_LINK, FROM_SERVER(v), TCP(REPLY(8000), .flags = TCP_RST)),
		      REPLY_DIRECT);
}

/* The SYN will have a cookie, so no way is kept for it, nor for what is no SYN. */
static void who_will_not_be_asked_is_not_remembered(void **state)
{
	struct flow flow;
	BEGIN(state);

	comes_from(ROUTE_SID, v, SYN(.to_port = 8000));
	comes_from(ROUTE_SID, v, SEGMENT(.to_port = 8000));
	comes_from(ROUTE_SID, v, SEGMENT());
	comes_from(ROUTE_SID, v, UDP(.to_port = 53));
	assert_int_not_equal(bpf_map_get_next_key(agent_map("ways"), NULL, &flow), 0);
}

static void a_syn_ack_with_a_cookie_goes_directly(void **state)
{
	BEGIN(state);
	comes_from(ROUTE_SID, v, SYN(.to_port = 8000));
	struct frame in = FRAME(OUT_LINK, FROM_SERVER(v),
				TCP(REPLY(8000), .flags = TCP_SYN | TCP_ACK, SEGMENT_OPTIONS));
	struct frame out = buffer_run(bpf_program__fd(stamp->progs.agent_stamp), &in, TC_ACT_UNSPEC);

	assert_int_equal(out.size, in.size);
}

static void a_syn_ack_whose_way_is_not_known_goes_directly(void **state)
{
	BEGIN(state);
	goes_directly(FRAME(OUT_LINK, FROM_SERVER(v), BARE_SYN_ACK(8000)), REPLY_NO_WAY);
}

/* A probe of a gateway's host goes through the data path, but comes from no router SID. */
static void the_answer_to_a_syn_that_no_router_sent_goes_directly(void **state)
{
	BEGIN(state);
	comes_from("fdf0:0:0:1::7", v, PLAIN_SYN(.to_port = 8000));
	comes_from("fdf0:0:0:1::7", v, SEGMENT(.to_port = 9000));
	goes_directly(FRAME(OUT_LINK, FROM_SERVER(v), BARE_SYN_ACK(8000)), REPLY_NO_WAY);
	goes_directly(FRAME(OUT_LINK, FROM_SERVER(v), DATA(9000)), REPLY_NO_WAY);
	goes_directly(FRAME(OUT_LINK, IPV6(.from = VIP(V6), .to = "fdf0:0:0:1::7"), DATA(9000)),
		      REPLY_DIRECT);
}

/* tc sees it once more behind the redirect. */
static void what_is_encapsulated_stays_as_it_is(void **state)
{
	BEGIN(state);
	comes_from(ROUTE_SID, v, SEGMENT(.to_port = 9000));
	struct frame in = FRAME(OUT_LINK, TO_GATEWAY(PIN_SID, v, IPPROTO_TCP, 9000), FROM_SERVER(v),
				DATA(9000));
	struct frame out = buffer_run(bpf_program__fd(stamp->progs.agent_stamp), &in, TC_ACT_UNSPEC);

	frame_check(&out, &in, __FILE__, __LINE__);
}

static void by_return_gateway_every_segment_goes_where_the_clients_come_from(void **state)
{
	BEGIN(state);
	comes_from(ROUTE_SID, v, SEGMENT(.to_port = 9000));
	goes_out(FRAME(OUT_LINK, FROM_SERVER(v), DATA(9000)), REPLY_THROUGH_GATEWAY,
		 FRAME(OUT_LINK, TO_GATEWAY(PIN_SID, v, IPPROTO_TCP, 9000), FROM_SERVER(v),
		       DATA(9000)));
}

/* The one before may be dead. */
static void the_next_packet_by_another_gateway_changes_the_way(void **state)
{
	BEGIN(state);
	comes_from(ROUTE_SID, v, SEGMENT(.to_port = 9000));
	comes_from(OTHER_SID, v, SEGMENT(.to_port = 9000));
	goes_out(FRAME(OUT_LINK, FROM_SERVER(v), DATA(9000)), REPLY_THROUGH_GATEWAY,
		 FRAME(OUT_LINK, TO_GATEWAY(OTHER_PIN_SID, v, IPPROTO_TCP, 9000), FROM_SERVER(v),
		       DATA(9000)));
}

static void a_datagram_goes_where_the_question_came_from(void **state)
{
	BEGIN(state);
	comes_from(ROUTE_SID, v, UDP(.to_port = 500));
	goes_out(FRAME(OUT_LINK, FROM_SERVER(v), UDP(REPLY(500)), PAYLOAD(40)),
		 REPLY_THROUGH_GATEWAY,
		 FRAME(OUT_LINK, TO_GATEWAY(PIN_SID, v, IPPROTO_UDP, 500), FROM_SERVER(v),
		       UDP(REPLY(500)), PAYLOAD(40)));
	goes_directly(FRAME(OUT_LINK, FROM_SERVER(v), UDP(REPLY(53)), PAYLOAD(40)), REPLY_DIRECT);
}

/* It quotes the client's packet, and has no ports of its own. */
static void an_icmp_error_goes_where_the_clients_datagrams_come_from(void **state)
{
	BEGIN(state);
	struct frame quoted = FRAME(FROM_CLIENT(v), UDP(.to_port = 500), PAYLOAD(8)), in, out;

	comes_from(ROUTE_SID, v, UDP(.to_port = 500));
	in = FRAME(OUT_LINK, FROM_SERVER(v), ICMP(.type = v ? 1 : 3, .code = v ? 4 : 3),
		   BYTES(quoted.bytes, quoted.size));
	out = buffer_run(bpf_program__fd(stamp->progs.agent_stamp), &in, TC_ACT_REDIRECT);
	assert_int_equal(out.size, in.size + sizeof(struct outer_header));
	assert_memory_equal(out.bytes + 14 + sizeof(struct outer_header), in.bytes + 14, in.size - 14);
}

static void a_later_fragment_goes_where_the_clients_datagrams_come_from(void **state)
{
	struct frame in, out;

	forget();
	comes_from(ROUTE_SID, V4, UDP(.to_port = 500));
	in = FRAME(OUT_LINK, FROM_SERVER(V4, .id = 9, .offset = 48, .next = IPPROTO_UDP), PAYLOAD(40));
	out = buffer_run(bpf_program__fd(stamp->progs.agent_stamp), &in, TC_ACT_REDIRECT);
	assert_int_equal(out.size, in.size + sizeof(struct outer_header));
}

/* RFC 6040, 4.1: the congestion mark is seen outside. */
static void the_traffic_class_is_the_outer_headers_too(void **state)
{
	BEGIN(state);
	comes_from(ROUTE_SID, v, SEGMENT(.to_port = 9000));
	goes_out(FRAME(OUT_LINK, FROM_SERVER(v, .traffic_class = 0xba), DATA(9000)),
		 REPLY_THROUGH_GATEWAY,
		 FRAME(OUT_LINK,
		       IPV6(.from = BACKEND_1, .to = PIN_SID, .traffic_class = 0xba,
			    .label = label_of(v, IPPROTO_TCP, 9000)),
		       FROM_SERVER(v, .traffic_class = 0xba), DATA(9000)));
}

static void what_leaves_no_room_for_the_header_goes_directly(void **state)
{
	BEGIN(state);
	int most = MTU - 40 - (v ? 40 : 20) - 20;

	comes_from(ROUTE_SID, v, SEGMENT(.to_port = 9000));
	goes_out(FRAME(OUT_LINK, FROM_SERVER(v), TCP(REPLY(9000), .flags = TCP_ACK), PAYLOAD(most)),
		 REPLY_THROUGH_GATEWAY,
		 FRAME(OUT_LINK, TO_GATEWAY(PIN_SID, v, IPPROTO_TCP, 9000), FROM_SERVER(v),
		       TCP(REPLY(9000), .flags = TCP_ACK), PAYLOAD(most)));
	goes_directly(FRAME(OUT_LINK, FROM_SERVER(v), TCP(REPLY(9000), .flags = TCP_ACK),
			    PAYLOAD(most + 1)),
		      REPLY_TOO_BIG);
}

#define MSS(high, low) OPTIONS("\x02\x04" high low)

static void comes_in(struct frame in, struct frame out, const char *file, int line)
{
	struct frame got = buffer_run(bpf_program__fd(restore->progs.agent_restore), &in,
				      TC_ACT_UNSPEC);

	frame_check(&got, &out, file, line);
}

/* So that a full segment of the server's leaves room for the header: 1420 for IPv4, 1400 for IPv6. */
static void by_return_gateway_the_clients_mss_is_clamped(void **state)
{
	comes_in(FRAME(FROM_FABRIC, FROM_CLIENT(V4),
		       TCP(.to_port = 9000, .flags = TCP_SYN, MSS("\x05", "\xb4"))),
		 FRAME(FROM_FABRIC, FROM_CLIENT(V4),
		       TCP(.to_port = 9000, .flags = TCP_SYN, MSS("\x05", "\x8c"))),
		 __FILE__, __LINE__);
	comes_in(FRAME(FROM_FABRIC, FROM_CLIENT(V6),
		       TCP(.to_port = 9000, .flags = TCP_SYN, MSS("\x05", "\xa0"))),
		 FRAME(FROM_FABRIC, FROM_CLIENT(V6),
		       TCP(.to_port = 9000, .flags = TCP_SYN, MSS("\x05", "\x78"))),
		 __FILE__, __LINE__);
}

static void a_clients_mss_stays_where_replies_go_directly_or_it_fits(void **state)
{
	int v = FAMILY(state);
	struct frame direct = FRAME(FROM_FABRIC, FROM_CLIENT(v),
				    TCP(.to_port = 8000, .flags = TCP_SYN, MSS("\x05", "\xb4")));
	struct frame small = FRAME(FROM_FABRIC, FROM_CLIENT(v),
				   TCP(.to_port = 9000, .flags = TCP_SYN, MSS("\x05", "\x00")));
	struct frame late = FRAME(FROM_FABRIC, FROM_CLIENT(v),
				  TCP(.to_port = 9000, .flags = TCP_ACK, MSS("\x05", "\xb4")));

	comes_in(direct, direct, __FILE__, __LINE__);
	comes_in(small, small, __FILE__, __LINE__);
	comes_in(late, late, __FILE__, __LINE__);
}

static void settle(struct agent_settings *settings)
{
	settings->infrastructure = prefix_of(INFRASTRUCTURE, INFRASTRUCTURE_BITS);
	settings->accept = address_of(BACKEND_1);
	settings->vip_prefixes = 1;
	settings->returns = 1;
	settings->mss_v4 = 1380;
	settings->mss_v6 = 1360;
	settings->mtu = MTU;
	settings->id = OWN_ID;
	settings->key = agent_hash_key;
	settings->cookie = agent_cookie_keys;
}

#define SHARE(program, name)                                                                       \
	assert_int_equal(bpf_map__reuse_fd((program)->maps.name, agent_map(#name)), 0)

static int load(void **state)
{
	stamp = agent_stamp__open();
	assert_non_null(stamp);
	settle((struct agent_settings *)&stamp->rodata->settings);
	SHARE(stamp, ways);
	SHARE(stamp, vips);
	SHARE(stamp, vip_prefixes);
	SHARE(stamp, intervals);
	assert_int_equal(agent_stamp__load(stamp), 0);

	restore = agent_restore__open();
	assert_non_null(restore);
	settle((struct agent_settings *)&restore->rodata->settings);
	SHARE(restore, vips);
	SHARE(restore, vip_prefixes);
	SHARE(restore, intervals);
	assert_int_equal(agent_restore__load(restore), 0);
	return 0;
}

static int unload(void **state)
{
	agent_stamp__destroy(stamp);
	agent_restore__destroy(restore);
	return 0;
}

AGENT_TESTS_WITH(load, unload, IN_BOTH(a_syn_ack_without_timestamps_goes_to_the_router_of_its_syn),
		 IN_BOTH(a_syn_ack_that_is_sent_again_takes_the_same_way),
		 IN_BOTH(the_last_syn_tells_the_way),
		 IN_BOTH(a_syn_ack_of_a_service_without_cookies_goes_there_with_its_timestamps),
		 IN_BOTH(the_rest_of_the_connection_goes_directly),
		 IN_BOTH(who_will_not_be_asked_is_not_remembered),
		 IN_BOTH(a_syn_ack_with_a_cookie_goes_directly),
		 IN_BOTH(a_syn_ack_whose_way_is_not_known_goes_directly),
		 IN_BOTH(the_answer_to_a_syn_that_no_router_sent_goes_directly),
		 IN_BOTH(what_is_encapsulated_stays_as_it_is),
		 IN_BOTH(by_return_gateway_every_segment_goes_where_the_clients_come_from),
		 IN_BOTH(the_next_packet_by_another_gateway_changes_the_way),
		 IN_BOTH(a_datagram_goes_where_the_question_came_from),
		 IN_BOTH(an_icmp_error_goes_where_the_clients_datagrams_come_from),
		 ONCE(a_later_fragment_goes_where_the_clients_datagrams_come_from),
		 IN_BOTH(the_traffic_class_is_the_outer_headers_too),
		 IN_BOTH(what_leaves_no_room_for_the_header_goes_directly),
		 ONCE(by_return_gateway_the_clients_mss_is_clamped),
		 IN_BOTH(a_clients_mss_stays_where_replies_go_directly_or_it_fits))
