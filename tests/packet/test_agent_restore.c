/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the agent writes on SYN-ACKs and what it makes of the echoes, without sockets: SYN-ACKs are
 * stamped by the segment alone. Connections are the lab's (tests/lab/cookie.sh).
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>
#include <linux/pkt_cls.h>

#include "tests/packet/run.h"
#include "tests/packet/world.h"
#include "wire/connection.h"

#include "agent_restore.skel.h"
#include "agent_stamp.skel.h"

#define OWN_ID 321
#define PORT 8000

static const struct hash_key key = {
	.words = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10},
	.finish = 0xbe5466cf34e90c6cULL,
};

static const struct cookie_keys keys = {
	.epochs = {{{1, 2}}, {{7, 8}}},
	.live = 3,
	.current = 1,
};

static struct agent_stamp *stamp;
static struct agent_restore *restore;

#define OUT_LINK ETHERNET(.from = OUR_MAC, .to = FABRIC_MAC)
#define IN_LINK ETHERNET(.from = FABRIC_MAC, .to = OUR_MAC)

struct timestamps {
	__u8 bytes[40];
	size_t size;
};

/* `head` stands in front of the option: NOPs, or MSS and SACK-permitted. */
static struct timestamps timestamps_behind(const char *head, size_t size, __u32 tsval, __u32 tsecr)
{
	struct timestamps made = {.size = (size + 10 + 3) & ~3UL};

	tsval = htonl(tsval);
	tsecr = htonl(tsecr);
	memcpy(made.bytes, head, size);
	memcpy(made.bytes + size, "\x08\x0a", 2);
	memcpy(made.bytes + size + 2, &tsval, 4);
	memcpy(made.bytes + size + 6, &tsecr, 4);
	return made;
}

#define BEHIND(head, tsval, tsecr) timestamps_behind(head, sizeof(head) - 1, tsval, tsecr)
#define NOPS "\1\1"
#define MSS_SACK "\2\4\3\xe8\4\2"
#define MSS "\2\4\3\xe8"
#define SACK "\4\2"
#define KEY "\1\2\3\4\5\6\7\x8"
#define MP_CAPABLE "\x1e\x0c\1\x81" KEY
#define ODD "\2\4\3\xe8\1"

#define WITH(made, ...) TCP(.bytes = (made).bytes, .size = (made).size, __VA_ARGS__)
#define SYN_ACK(made) WITH(made, .from_port = PORT, .to_port = CLIENT_PORT, .flags = TCP_SYN | TCP_ACK)
#define FROM_PORT(made, flags_) WITH(made, .from_port = PORT, .to_port = CLIENT_PORT, .flags = flags_)
#define TO_PORT(made, flags_) WITH(made, .to_port = PORT, .flags = flags_)

static __u32 cookie_of(int v, __u32 clock)
{
	struct flow flow = flow_of(v, IPPROTO_TCP, PORT);

	return cookie_encode(clock, OWN_ID, flow_hash(&flow, &key), &keys);
}

static void check(const struct bpf_program *program, struct frame in, struct frame out,
		  const char *file, int line)
{
	struct frame got = buffer_run(bpf_program__fd(program), &in, TC_ACT_UNSPEC);

	frame_check(&got, &out, file, line);
}

#define on_its_way_out(in, out) check(stamp->progs.agent_stamp, in, out, __FILE__, __LINE__)
#define on_its_way_in(in, out) check(restore->progs.agent_restore, in, out, __FILE__, __LINE__)

#define stamped_behind(v, head)                                                                    \
	do {                                                                                       \
		__u32 now_ = kernel_clock();                                                       \
		struct timestamps plain_ = BEHIND(head, now_, 99);                                 \
		struct timestamps made_ = BEHIND(head, cookie_of(v, now_), 99);                    \
		on_its_way_out(FRAME(OUT_LINK, FROM_SERVER(v), SYN_ACK(plain_)),                   \
			       FRAME(OUT_LINK, FROM_SERVER(v), SYN_ACK(made_)));                   \
	} while (0)

static void a_syn_ack_carries_the_cookie_and_a_right_checksum(void **state)
{
	int v = FAMILY(state);

	stamped_behind(v, MSS_SACK);
	stamped_behind(v, NOPS);
	stamped_behind(v, ODD);
}

/* RFC 8684: MP_CAPABLE with a key in a SYN-ACK, MP_JOIN in another, at even and at odd places. */
static void a_syn_ack_of_multipath_tcp_is_stamped_wherever_its_timestamps_are(void **state)
{
	int v = FAMILY(state);

	stamped_behind(v, MSS_SACK MP_CAPABLE);
	stamped_behind(v, MSS "\x1e\x10\x10\2" KEY "\1\2\3\4");
	stamped_behind(v, MSS SACK "\1\3\3\7" MP_CAPABLE);
	stamped_behind(v, MSS "\3\3\7" MP_CAPABLE);
}

/* tcp_timestamps=1, or tcp_usec_ts on the route: what would come back could not be restored. */
static void a_syn_ack_of_another_clock_than_the_kernels_plain_one_stays(void **state)
{
	int v = FAMILY(state);
	const __u32 others[] = {kernel_clock() + 12345678, kernel_clock() * 1000,
				kernel_clock() - 3600000};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct timestamps plain = BEHIND(MSS_SACK, others[i], 99);

		on_its_way_out(FRAME(OUT_LINK, FROM_SERVER(v), SYN_ACK(plain)),
			       FRAME(OUT_LINK, FROM_SERVER(v), SYN_ACK(plain)));
	}
}

/* No socket: a reset, or the segment of a connection that began before the agent. */
static void a_segment_without_a_socket_of_its_own_stays(void **state)
{
	int v = FAMILY(state);
	struct timestamps plain = BEHIND(NOPS, kernel_clock(), 99);

	on_its_way_out(FRAME(OUT_LINK, FROM_SERVER(v), FROM_PORT(plain, TCP_ACK), PAYLOAD(7)),
		       FRAME(OUT_LINK, FROM_SERVER(v), FROM_PORT(plain, TCP_ACK), PAYLOAD(7)));
	on_its_way_out(FRAME(OUT_LINK, FROM_SERVER(v), FROM_PORT(plain, TCP_RST)),
		       FRAME(OUT_LINK, FROM_SERVER(v), FROM_PORT(plain, TCP_RST)));
}

static void a_syn_ack_of_a_service_without_cookies_stays(void **state)
{
	int v = FAMILY(state);
	struct timestamps plain = BEHIND(NOPS, kernel_clock(), 99);

#define WEB_SYN_ACK WITH(plain, .from_port = 80, .to_port = CLIENT_PORT, .flags = TCP_SYN | TCP_ACK)
	on_its_way_out(FRAME(OUT_LINK, FROM_SERVER(v), WEB_SYN_ACK),
		       FRAME(OUT_LINK, FROM_SERVER(v), WEB_SYN_ACK));
}

static bool lag_of(const struct agent_restore *program, int v, __u32 *ret)
{
	struct flow flow = flow_of(v, IPPROTO_TCP, PORT);
	struct connection_lag lag;

	if (bpf_map_lookup_elem(bpf_map__fd(program->maps.lags), &flow, &lag))
		return false;
	*ret = lag.lag;
	return true;
}

static void given_lag(int v, struct connection_lag lag)
{
	struct flow flow = flow_of(v, IPPROTO_TCP, PORT);

	assert_int_equal(bpf_map_update_elem(bpf_map__fd(restore->maps.lags), &flow, &lag, BPF_ANY), 0);
}

/* What a client remembers whose former connection's clock was as far ahead of the kernel's, or behind it. */
static __u32 remembered(__s32 ahead_ms)
{
	return (kernel_clock() + ahead_ms) << 16 | 0x5678;
}

#define AHEAD_MS 20000

/* False: there is none. */
static bool lag_behind_a_syn(int v, __u32 tsecr, __u32 *ret)
{
	struct timestamps made = BEHIND(MSS_SACK, 5, tsecr);

	on_its_way_in(FRAME(IN_LINK, FROM_CLIENT(v), TO_PORT(made, TCP_SYN)),
		      FRAME(IN_LINK, FROM_CLIENT(v), TO_PORT(made, TCP_SYN)));
	return lag_of(restore, v, ret);
}

/* The next clock is just after what the client remembers; a SYN that remembers nothing forgets it. */
static void a_syn_that_remembers_a_timestamp_gives_its_connection_a_lag(void **state)
{
	int v = FAMILY(state);
	__u32 lag = 0;

	assert_true(lag_behind_a_syn(v, remembered(AHEAD_MS), &lag));
	assert_in_range((__u16)(lag + AHEAD_MS + 1), 0, 1000);
	assert_false(lag_behind_a_syn(v, 0, &lag));
}

/* The kernel's clock is after it by itself; so no flood of such SYNs takes others' places. */
static void a_syn_that_remembers_what_is_just_past_needs_no_lag(void **state)
{
	int v = FAMILY(state);
	__u32 lag;

	assert_false(lag_behind_a_syn(v, remembered(-1), &lag));
	assert_false(lag_behind_a_syn(v, remembered(-30000), &lag));
	given_lag(v, (struct connection_lag){.lag = 77, .marked = true});
	assert_false(lag_behind_a_syn(v, remembered(-1000), &lag));
}

/* What the lag was when the first SYN came. */
static struct connection_lag lag_of_a_syn(__u32 tsecr, __u32 ago_ms)
{
	return (struct connection_lag){.lag = (__u16)(kernel_clock() - ago_ms - (tsecr >> 16) - 1),
				       .mark = tsecr >> 16};
}

/* Its SYN-ACKs may be under way: under another lag the clock would fall, and their echoes go astray. */
static void a_syn_that_comes_again_leaves_its_connections_lag_alone(void **state)
{
	static const __s32 ahead_ms[] = {AHEAD_MS, 500}; /* of the latter the kernel's clock is past by now */
	int v = FAMILY(state);

	for (int i = 0; i < 2; i++) {
		__u32 tsecr = remembered(ahead_ms[i] - 1001), lag = 0;
		struct connection_lag first = lag_of_a_syn(tsecr, 1001);

		given_lag(v, first);
		for (int j = 0; j < 2; j++) {
			assert_true(lag_behind_a_syn(v, tsecr, &lag));
			assert_int_equal(lag, first.lag);
		}
	}
}

/* Of the same ports: the first one was not answered, or has ended, or the client would not take its clock. */
static void a_syn_of_a_new_connection_begins_anew(void **state)
{
	int v = FAMILY(state);
	__u32 tsecr = remembered(AHEAD_MS), lag = 0;
	struct connection_lag first = lag_of_a_syn(tsecr, 1001);

	given_lag(v, first);
	assert_true(lag_behind_a_syn(v, tsecr + (7 << 16), &lag));
	assert_in_range((__u16)(lag + AHEAD_MS + 7 + 1), 0, 1000);
	first.marked = true;
	given_lag(v, first);
	assert_true(lag_behind_a_syn(v, tsecr, &lag));
	assert_in_range((__u16)(lag + AHEAD_MS + 1), 0, 1000);
	given_lag(v, lag_of_a_syn(tsecr, 40000));
	assert_true(lag_behind_a_syn(v, tsecr, &lag));
	assert_in_range((__u16)(lag + AHEAD_MS + 1), 0, 1000);
}

static void an_echo_that_is_not_ours_stays(void **state)
{
	int v = FAMILY(state);
	struct timestamps other = BEHIND(NOPS, 5, cookie_of(v, kernel_clock()) ^ 1);

	on_its_way_in(FRAME(IN_LINK, FROM_CLIENT(v), TO_PORT(other, TCP_ACK), PAYLOAD(9)),
		      FRAME(IN_LINK, FROM_CLIENT(v), TO_PORT(other, TCP_ACK), PAYLOAD(9)));
}

static void an_echo_for_which_there_is_no_socket_stays(void **state)
{
	int v = FAMILY(state);
	struct timestamps own = BEHIND(NOPS, 5, cookie_of(v, kernel_clock()));

	on_its_way_in(FRAME(IN_LINK, FROM_CLIENT(v), TO_PORT(own, TCP_ACK), PAYLOAD(9)),
		      FRAME(IN_LINK, FROM_CLIENT(v), TO_PORT(own, TCP_ACK), PAYLOAD(9)));
}

static void set(struct agent_settings *settings)
{
	settings->vip_prefixes = 1;
	settings->mss_v4 = settings->mss_v6 = 1360;
	settings->id = OWN_ID;
	settings->key = key;
	settings->cookie = keys;
}

static int load(void **state)
{
	stamp = agent_stamp__open();
	restore = agent_restore__open();
	assert_true(stamp && restore);
	set((struct agent_settings *)&stamp->rodata->settings);
	set((struct agent_settings *)&restore->rodata->settings);
	assert_int_equal(agent_stamp__load(stamp), 0);
	assert_int_equal(agent_restore__load(restore), 0);
	world_vips(bpf_map__fd(stamp->maps.vips), bpf_map__fd(stamp->maps.vip_prefixes),
		   bpf_map__fd(stamp->maps.intervals));
	world_vips(bpf_map__fd(restore->maps.vips), bpf_map__fd(restore->maps.vip_prefixes),
		   bpf_map__fd(restore->maps.intervals));
	return 0;
}

static int unload(void **state)
{
	agent_stamp__destroy(stamp);
	agent_restore__destroy(restore);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_BOTH(a_syn_ack_carries_the_cookie_and_a_right_checksum),
		IN_BOTH(a_syn_ack_of_multipath_tcp_is_stamped_wherever_its_timestamps_are),
		IN_BOTH(a_syn_ack_of_another_clock_than_the_kernels_plain_one_stays),
		IN_BOTH(a_segment_without_a_socket_of_its_own_stays),
		IN_BOTH(a_syn_ack_of_a_service_without_cookies_stays),
		IN_BOTH(a_syn_that_remembers_a_timestamp_gives_its_connection_a_lag),
		IN_BOTH(a_syn_that_remembers_what_is_just_past_needs_no_lag),
		IN_BOTH(a_syn_that_comes_again_leaves_its_connections_lag_alone),
		IN_BOTH(a_syn_of_a_new_connection_begins_anew),
		IN_BOTH(an_echo_that_is_not_ours_stays),
		IN_BOTH(an_echo_for_which_there_is_no_socket_stays),
	};

	return world_run("agent_restore", tests, sizeof(tests) / sizeof(tests[0]), load, NULL,
			 unload);
}
