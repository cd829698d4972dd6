/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The layouts against what the RFCs print, byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <linux/seg6.h>
#include <netinet/ip6.h>
#include <string.h>

#include "base/address.h"
#include "tests/address_of.h"
#include "wire/flow.h"
#include "wire/hash.h"
#include "wire/maps.h"
#include "wire/srv6.h"

/*
 * RFC 8754, 6.3: the reduced SRH of the policy <S7, S2, S3>... as in 4.1.1: the first segment stands
 * in the destination only. Here for <S1, S2, S3>: segments left 2, last entry 1, list S3, S2.
 */
static void a_reduced_srh_of_three_segments_is_that_of_rfc_8754(void **state)
{
	const uint8_t wanted[8] = {41, 4, 4, 2, 1, 0, 0, 0};
	struct segment_routing_header srh = {
		.next_header = NEXT_HEADER_IPV6,
		.length = 2 * (3 - 1),
		.type = SRV6_ROUTING_TYPE,
		.segments_left = 2,
		.last_entry = 1,
	};

	assert_memory_equal(&srh, wanted, sizeof(wanted));
}

static void the_srh_is_the_kernels(void **state)
{
	assert_int_equal(sizeof(struct segment_routing_header), sizeof(struct ipv6_sr_hdr));
#define SAME(ours, theirs)                                                                         \
	assert_int_equal(offsetof(struct segment_routing_header, ours),                            \
			 offsetof(struct ipv6_sr_hdr, theirs))
	SAME(next_header, nexthdr);
	SAME(length, hdrlen);
	SAME(type, type);
	SAME(segments_left, segments_left);
	SAME(last_entry, first_segment);
	SAME(flags, flags);
	SAME(tag, tag);
#undef SAME
}

static void the_outer_header_is_the_c_librarys(void **state)
{
	assert_int_equal(sizeof(struct outer_header), sizeof(struct ip6_hdr));
	assert_int_equal(offsetof(struct outer_header, payload_length),
			 offsetof(struct ip6_hdr, ip6_plen));
	assert_int_equal(offsetof(struct outer_header, next_header),
			 offsetof(struct ip6_hdr, ip6_nxt));
	assert_int_equal(offsetof(struct outer_header, source), offsetof(struct ip6_hdr, ip6_src));
}

static void a_sid_is_locator_function_and_argument_at_frrs_lengths(void **state)
{
	union address locator = address_of("fd48:6f6c:0:201::");
	union address sid = sid_make(&locator, SRV6_ACCEPT);
	union address plain = address_of("fd48:6f6c:0:201:f003::");
	union address must = address_of("fd48:6f6c:0:201:f003:100::");
	union address hops = address_of("fd48:6f6c:0:201:f003:102::");

	assert_true(address_equal(&sid, &plain));
	sid.bytes[SID_FLAGS_BYTE] |= SRV6_MUST;
	assert_true(address_equal(&sid, &must));
	sid.bytes[SID_HOPS_BYTE] = 2;
	assert_true(address_equal(&sid, &hops));
}

static void an_ipv4_address_is_v4_mapped(void **state)
{
	union address from, parsed = address_of("::ffff:192.0.2.1");

	address_from_v4(&from, htonl(0xc0000201));
	assert_true(address_equal(&from, &parsed));
	assert_true(address_is_v4(&from));
}

/* Gateways of different versions must agree: this value may never change without a new layout. */
static void the_flow_hash_has_a_known_answer(void **state)
{
	const struct hash_key key = {.words = {0x0101, 0x0202, 0x0303, 0x0404, 0x0505, 0x0606, 0x0707,
					       0x0808, 0x0909, 0x0a0a},
				     .finish = 0x123456789abcdef0ULL};
	struct flow flow = {
		.client = address_of("192.0.2.1"),
		.vip = address_of("198.51.100.80"),
		.client_port = htons(40000),
		.vip_port = htons(80),
		.protocol = IPPROTO_TCP,
	};

	assert_int_equal(flow_hash(&flow, &key), 0x49d04a7a7246425dULL);
}

static void every_bit_of_a_flow_moves_its_hash(void **state)
{
	const struct hash_key key = {.words = {11, 22, 33, 44, 55, 66, 77, 88, 99, 110}, .finish = 12345};
	struct flow flow = {.client = address_of("2001:db8::1"), .protocol = IPPROTO_TCP};
	uint64_t before = flow_hash(&flow, &key);

	for (size_t bit = 0; bit < 8 * offsetof(struct flow, zero); bit++) {
		((uint8_t *)&flow)[bit / 8] ^= 1 << bit % 8;
		assert_int_not_equal(flow_hash(&flow, &key), before);
		((uint8_t *)&flow)[bit / 8] ^= 1 << bit % 8;
	}
}

/* 100,000 flows over 1,009 rows: no row has less than half or more than twice its share. */
static void flows_spread_evenly_over_rows_and_routers(void **state)
{
	const struct hash_key key = {.words = {9, 8, 7, 6, 5, 4, 3, 2, 1, 0}, .finish = 77};
	struct flow flow = {.vip = address_of("198.51.100.80"), .protocol = IPPROTO_TCP};
	static uint32_t rows[1009], routers[16];

	for (uint32_t i = 0; i < 100000; i++) {
		uint64_t hash;

		address_from_v4(&flow.client, htonl(0x0a000000 + i / 100));
		flow.client_port = htons(32768 + i % 100);
		hash = flow_hash(&flow, &key);
		rows[hash_row(hash, 1009)]++;
		routers[hash_router(hash, 16)]++;
	}
	for (uint32_t i = 0; i < 1009; i++)
		assert_in_range(rows[i], 50, 200);
	for (uint32_t i = 0; i < 16; i++)
		assert_in_range(routers[i], 6250 * 9 / 10, 6250 * 11 / 10);
}

static void a_list_of_banks_is_read_newest_first(void **state)
{
	uint32_t banks = 3u << 24 | 1 << 16 | 0 << 8 | 2;

	assert_int_equal(rows_count(banks), 3);
	assert_int_equal(rows_bank(banks, 0), 2);
	assert_int_equal(rows_bank(banks, 1), 0);
	assert_int_equal(rows_bank(banks, 2), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reduced_srh_of_three_segments_is_that_of_rfc_8754),
		cmocka_unit_test(the_srh_is_the_kernels),
		cmocka_unit_test(the_outer_header_is_the_c_librarys),
		cmocka_unit_test(a_sid_is_locator_function_and_argument_at_frrs_lengths),
		cmocka_unit_test(an_ipv4_address_is_v4_mapped),
		cmocka_unit_test(the_flow_hash_has_a_known_answer),
		cmocka_unit_test(every_bit_of_a_flow_moves_its_hash),
		cmocka_unit_test(flows_spread_evenly_over_rows_and_routers),
		cmocka_unit_test(a_list_of_banks_is_read_newest_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
