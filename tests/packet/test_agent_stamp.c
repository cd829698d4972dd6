/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The agent's way out: the MSS of a service's SYN-ACKs leaves room for the outer header. */
#include <setjmp.h>
#include <stdarg.h>

#include <bpf/libbpf.h>
#include <cmocka.h>
#include <linux/pkt_cls.h>

#include "tests/packet/run.h"
#include "tests/packet/world.h"

#include "agent_stamp.skel.h"

static struct agent_stamp *skeleton;

#define LINK ETHERNET(.from = OUR_MAC, .to = FABRIC_MAC)
#define TO_CLIENT_FROM(port) .from_port = (port), .to_port = CLIENT_PORT
#define SYN_ACK(...) TCP(TO_CLIENT_FROM(80), .flags = TCP_SYN | TCP_ACK, __VA_ARGS__)

#define MSS(high, low) OPTIONS("\x02\x04" high low "\x04\x02\x08\x0a\0\0\0\1\0\0\0\2\1\3\3\7")
#define MSS_1460 MSS("\x05", "\xb4")
#define MSS_1380 MSS("\x05", "\x64") /* what the settings give for IPv4 */
#define MSS_1360 MSS("\x05", "\x50") /* and for IPv6 */
#define MSS_1000 MSS("\x03", "\xe8")

static void check(struct frame in, struct frame out, const char *file, int line)
{
	struct frame got =
		buffer_run(bpf_program__fd(skeleton->progs.agent_stamp), &in, TC_ACT_UNSPEC);

	frame_check(&got, &out, file, line);
}

#define on_its_way_out(in, out) check(in, out, __FILE__, __LINE__)
#define stays_as_it_is(in) check(in, in, __FILE__, __LINE__)

static void an_mss_above_what_the_path_leaves_is_clamped(void **state)
{
	on_its_way_out(FRAME(LINK, FROM_SERVER(V4), SYN_ACK(MSS_1460)),
		       FRAME(LINK, FROM_SERVER(V4), SYN_ACK(MSS_1380)));
	on_its_way_out(FRAME(LINK, FROM_SERVER(V6), SYN_ACK(MSS_1460)),
		       FRAME(LINK, FROM_SERVER(V6), SYN_ACK(MSS_1360)));
}

static void the_checksum_is_right_for_every_sequence_number(void **state)
{
	int v = FAMILY(state);

	for (uint32_t i = 0; i < 300; i++) {
		uint32_t sequence = i * 0x01010101;

		if (v == V6)
			on_its_way_out(FRAME(LINK, FROM_SERVER(V6),
					     SYN_ACK(.sequence = sequence, MSS_1460)),
				       FRAME(LINK, FROM_SERVER(V6),
					     SYN_ACK(.sequence = sequence, MSS_1360)));
		else
			on_its_way_out(FRAME(LINK, FROM_SERVER(V4),
					     SYN_ACK(.sequence = sequence, MSS_1460)),
				       FRAME(LINK, FROM_SERVER(V4),
					     SYN_ACK(.sequence = sequence, MSS_1380)));
	}
}

static void an_mss_that_fits_exactly_stays(void **state)
{
	stays_as_it_is(FRAME(LINK, FROM_SERVER(V4), SYN_ACK(MSS_1380)));
	stays_as_it_is(FRAME(LINK, FROM_SERVER(V6), SYN_ACK(MSS_1360)));
}

static void a_small_mss_stays(void **state)
{
	int v = FAMILY(state);

	stays_as_it_is(FRAME(LINK, FROM_SERVER(v), SYN_ACK(MSS_1000)));
}

static void a_vip_that_is_a_network_is_clamped_too(void **state)
{
	on_its_way_out(
		FRAME(LINK, IPV4(.from = PREFIX_VIP(V4), .to = CLIENT(V4)), SYN_ACK(MSS_1460)),
		FRAME(LINK, IPV4(.from = PREFIX_VIP(V4), .to = CLIENT(V4)), SYN_ACK(MSS_1380)));
}

static void ipv4_options_do_not_hide_the_mss(void **state)
{
	on_its_way_out(FRAME(LINK, FROM_SERVER(V4, OPTIONS("\x94\x04\0\0")), SYN_ACK(MSS_1460)),
		       FRAME(LINK, FROM_SERVER(V4, OPTIONS("\x94\x04\0\0")), SYN_ACK(MSS_1380)));
}

static void a_syn_ack_of_another_address_stays(void **state)
{
	int v = FAMILY(state);

	stays_as_it_is(FRAME(LINK, IP(v, .from = STRANGER(v), .to = CLIENT(v)), SYN_ACK(MSS_1460)));
}

static void a_syn_ack_of_another_port_stays(void **state)
{
	int v = FAMILY(state);

	stays_as_it_is(FRAME(LINK, FROM_SERVER(v),
			     TCP(TO_CLIENT_FROM(81), .flags = TCP_SYN | TCP_ACK, MSS_1460)));
}

/* A client's own SYN from an address that happens to be the VIP. */
static void a_syn_stays(void **state)
{
	int v = FAMILY(state);

	stays_as_it_is(
		FRAME(LINK, FROM_SERVER(v), TCP(TO_CLIENT_FROM(80), .flags = TCP_SYN, MSS_1460)));
}

static void an_ack_stays(void **state)
{
	int v = FAMILY(state);

	stays_as_it_is(FRAME(LINK, FROM_SERVER(v),
			     TCP(TO_CLIENT_FROM(80), .flags = TCP_ACK, MSS_1460), PAYLOAD(100)));
}

static void a_reset_stays(void **state)
{
	int v = FAMILY(state);

	stays_as_it_is(
		FRAME(LINK, FROM_SERVER(v), TCP(TO_CLIENT_FROM(80), .flags = TCP_RST, MSS_1460)));
}

static void a_syn_ack_without_options_stays(void **state)
{
	int v = FAMILY(state);

	stays_as_it_is(FRAME(LINK, FROM_SERVER(v), SYN_ACK()));
}

/* With TCP Fast Open a SYN-ACK may carry data (RFC 7413). */
static void data_that_looks_like_an_mss_stays(void **state)
{
	int v = FAMILY(state);

	stays_as_it_is(FRAME(LINK, FROM_SERVER(v), SYN_ACK(), BYTES("\x02\x04\xff\xff", 4)));
}

static void a_syn_ack_whose_first_option_is_another_stays(void **state)
{
	int v = FAMILY(state);

	stays_as_it_is(FRAME(LINK, FROM_SERVER(v), SYN_ACK(SEGMENT_OPTIONS)));
}

static void a_datagram_stays(void **state)
{
	int v = FAMILY(state);

	stays_as_it_is(FRAME(LINK, FROM_SERVER(v), UDP(TO_CLIENT_FROM(53)), PAYLOAD(40)));
}

static int load(void **state)
{
	struct agent_settings *settings;

	skeleton = agent_stamp__open();
	assert_non_null(skeleton);
	settings = (struct agent_settings *)&skeleton->rodata->settings;
	settings->vip_prefixes = 1;
	settings->mss_v4 = 1380;
	settings->mss_v6 = 1360;
	assert_int_equal(agent_stamp__load(skeleton), 0);
	world_vips(bpf_map__fd(skeleton->maps.vips), bpf_map__fd(skeleton->maps.vip_prefixes),
		   bpf_map__fd(skeleton->maps.intervals));
	return 0;
}

static int unload(void **state)
{
	agent_stamp__destroy(skeleton);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ONCE(an_mss_above_what_the_path_leaves_is_clamped),
		IN_BOTH(the_checksum_is_right_for_every_sequence_number),
		ONCE(an_mss_that_fits_exactly_stays),
		IN_BOTH(a_small_mss_stays),
		ONCE(a_vip_that_is_a_network_is_clamped_too),
		ONCE(ipv4_options_do_not_hide_the_mss),
		IN_BOTH(a_syn_ack_of_another_address_stays),
		IN_BOTH(a_syn_ack_of_another_port_stays),
		IN_BOTH(a_syn_stays),
		IN_BOTH(an_ack_stays),
		IN_BOTH(a_reset_stays),
		IN_BOTH(a_syn_ack_without_options_stays),
		IN_BOTH(data_that_looks_like_an_mss_stays),
		IN_BOTH(a_syn_ack_whose_first_option_is_another_stays),
		IN_BOTH(a_datagram_stays),
	};

	return world_run("agent_stamp", tests, sizeof(tests) / sizeof(tests[0]), load, NULL,
			 unload);
}
