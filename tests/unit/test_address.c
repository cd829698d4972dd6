/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/address.h"
#include "base/number.h"

static union address address(const char *text)
{
	union address parsed;

	assert_int_equal(address_parse(text, &parsed), 0);
	return parsed;
}

static struct network network(const char *text)
{
	struct network parsed;

	assert_int_equal(network_parse(text, &parsed), 0);
	return parsed;
}

static void an_ipv4_address_is_held_v4_mapped(void **state)
{
	union address parsed = address("192.0.2.1");
	const uint8_t mapped[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1};

	assert_memory_equal(parsed.bytes, mapped, sizeof(mapped));
	assert_true(address_is_v4(&parsed));
}

static void an_address_is_written_as_it_was_read(void **state)
{
	const char *const texts[] = {"192.0.2.1", "0.0.0.0", "2001:db8::1", "::", "::1"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		union address parsed = address(texts[i]);
		char text[ADDRESS_TEXT_MAX];

		assert_string_equal(address_format(&parsed, text), texts[i]);
	}
}

static void what_is_no_address_is_refused_and_leaves_the_output(void **state)
{
	const char *const texts[] = {"",    "10.1", "1.2.3.4.5", "1.2.3.256",	  "fe80::1%eth0",
				     ":::", "a",    " 1.2.3.4",	 "2001:db8::1/64"};
	union address untouched = address("192.0.2.1"), output = untouched;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(address_parse(texts[i], &output), -EINVAL);
		assert_memory_equal(&output, &untouched, sizeof(output));
	}
}

static void addresses_compare_as_on_the_wire(void **state)
{
	union address low = address("10.0.0.255"), high = address("10.0.1.0");

	assert_true(address_compare(&low, &high) < 0);
	assert_true(address_compare(&high, &low) > 0);
	assert_int_equal(address_compare(&low, &low), 0);
}

static void a_network_counts_bits_of_128(void **state)
{
	assert_int_equal(network("198.51.100.0/24").length, 120);
	assert_int_equal(network("198.51.100.80").length, 128);
	assert_int_equal(network("0.0.0.0/0").length, 96);
	assert_int_equal(network("::ffff:198.51.100.0/120").length, 120);
	assert_int_equal(network("2001:db8::/32").length, 32);
	assert_int_equal(network("::/0").length, 0);
}

static void a_network_is_written_as_it_was_read(void **state)
{
	const char *const texts[] = {"198.51.100.0/24", "198.51.100.80",    "0.0.0.0/0",
				     "2001:db8::/32",	"2001:db8::1",	    "::/0",
				     "198.51.100.7/24", "::ffff:1.2.3.4/90"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct network parsed = network(texts[i]);
		char text[NETWORK_TEXT_MAX];

		assert_string_equal(network_format(&parsed, text), texts[i]);
	}
}

static void the_longest_network_fits_its_text(void **state)
{
	struct network parsed = network("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.254/127");
	char text[NETWORK_TEXT_MAX];

	assert_true(strlen(network_format(&parsed, text)) < sizeof(text));
}

static void what_is_no_network_is_refused(void **state)
{
	const char *const texts[] = {"",
				     "/24",
				     "10.0.0.0/",
				     "10.0.0.0/33",
				     "::/129",
				     "::/-1",
				     "10.0.0.0/ 8",
				     "10.0.0.0/08",
				     "::/64/64",
				     "10.0.0.0/+8",
				     "10.0.0.0/99999999999999999999"};
	struct network output;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(network_parse(texts[i], &output), -EINVAL);
}

static void a_prefix_has_no_bit_outside_its_mask(void **state)
{
	struct network written = network("198.51.100.80/20");
	struct prefix prefix = network_prefix(&written);
	union address base = address("198.51.96.0"), inside = address("198.51.111.255");
	union address outside = address("198.51.112.0");

	assert_memory_equal(&prefix.base, &base, sizeof(base));
	assert_int_equal(prefix.mask.bytes[13], 0xff);
	assert_int_equal(prefix.mask.bytes[14], 0xf0);
	assert_int_equal(prefix.mask.bytes[15], 0);
	assert_true(prefix_holds(&prefix, &inside));
	assert_false(prefix_holds(&prefix, &outside));
}

static void host_bits_are_seen_and_cleared(void **state)
{
	struct network written = network("2001:db8::1/64"), wanted = network("2001:db8::/64");
	struct network base = network_base(&written);

	assert_true(network_has_host_bits(&written));
	assert_false(network_has_host_bits(&base));
	assert_int_equal(network_compare(&base, &wanted), 0);
}

static void a_network_of_one_and_one_of_all_have_edges(void **state)
{
	struct network one = network("192.0.2.1"), all = network("::/0");
	union address same = address("192.0.2.1"), next = address("192.0.2.2");

	assert_true(network_holds(&one, &same));
	assert_false(network_holds(&one, &next));
	assert_true(network_holds(&all, &next));
	assert_false(network_has_host_bits(&all));
}

static void a_wider_network_contains_a_narrower(void **state)
{
	struct network wide = network("2001:db8::/32"), narrow = network("2001:db8:1::/48");
	struct network other = network("2001:db9::/32");

	assert_true(network_contains(&wide, &narrow));
	assert_false(network_contains(&narrow, &wide));
	assert_true(network_contains(&wide, &wide));
	assert_true(network_overlaps(&narrow, &wide));
	assert_false(network_overlaps(&narrow, &other));
}

static void an_endpoint_is_written_as_it_was_read(void **state)
{
	const char *const texts[] = {"192.0.2.1:80", "[2001:db8::1]:65535", "[::]:1"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char text[ENDPOINT_TEXT_MAX];
		struct endpoint parsed;

		assert_int_equal(endpoint_parse(texts[i], &parsed), 0);
		assert_string_equal(endpoint_format(&parsed, text), texts[i]);
	}
}

static void the_port_of_an_endpoint_is_in_network_order(void **state)
{
	struct endpoint parsed;

	assert_int_equal(endpoint_parse("192.0.2.1:80", &parsed), 0);
	assert_int_equal(parsed.port, htons(80));
}

static void what_is_no_endpoint_is_refused(void **state)
{
	const char *const texts[] = {"",
				     "192.0.2.1",
				     "192.0.2.1:",
				     "192.0.2.1:0",
				     "192.0.2.1:65536",
				     "192.0.2.1:080",
				     "2001:db8::1:80",
				     "[192.0.2.1]:80",
				     "[2001:db8::1]80",
				     "[2001:db8::1:80",
				     "[]:80",
				     ":80",
				     "]:80",
				     "[:80"};
	struct endpoint output;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(endpoint_parse(texts[i], &output), -EINVAL);
}

static void a_number_is_decimal_and_bounded(void **state)
{
	uint64_t number = 7;

	assert_int_equal(number_parse("0", 10, &number), 0);
	assert_int_equal(number, 0);
	assert_int_equal(number_parse("18446744073709551615", UINT64_MAX, &number), 0);
	assert_true(number == UINT64_MAX);
	assert_int_equal(number_parse("18446744073709551616", UINT64_MAX, &number), -ERANGE);
	assert_int_equal(number_parse("11", 10, &number), -ERANGE);
	assert_int_equal(number_parse("5", 0, &number), -ERANGE);
	assert_int_equal(number_parse("-1", 10, &number), -EINVAL);
	assert_int_equal(number_parse("0x1", 10, &number), -EINVAL);
	assert_int_equal(number_parse("01", 10, &number), -EINVAL);
	assert_int_equal(number_parse("", 10, &number), -EINVAL);
	assert_true(number == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ipv4_address_is_held_v4_mapped),
		cmocka_unit_test(an_address_is_written_as_it_was_read),
		cmocka_unit_test(what_is_no_address_is_refused_and_leaves_the_output),
		cmocka_unit_test(addresses_compare_as_on_the_wire),
		cmocka_unit_test(a_network_counts_bits_of_128),
		cmocka_unit_test(a_network_is_written_as_it_was_read),
		cmocka_unit_test(the_longest_network_fits_its_text),
		cmocka_unit_test(what_is_no_network_is_refused),
		cmocka_unit_test(a_prefix_has_no_bit_outside_its_mask),
		cmocka_unit_test(host_bits_are_seen_and_cleared),
		cmocka_unit_test(a_network_of_one_and_one_of_all_have_edges),
		cmocka_unit_test(a_wider_network_contains_a_narrower),
		cmocka_unit_test(an_endpoint_is_written_as_it_was_read),
		cmocka_unit_test(the_port_of_an_endpoint_is_in_network_order),
		cmocka_unit_test(what_is_no_endpoint_is_refused),
		cmocka_unit_test(a_number_is_decimal_and_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
