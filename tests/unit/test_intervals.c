/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "core/intervals.h"

#define TCP_AT(port) ((uint32_t)IPPROTO_TCP << 16 | (port))
#define UDP_AT(port) ((uint32_t)IPPROTO_UDP << 16 | (port))
#define RULE(protocol, first, last, service) {IPPROTO_##protocol, first, last, service}

static void expect(const struct port_rule *rules, size_t n, const struct interval *wanted,
		   size_t n_wanted)
{
	struct interval *list;
	size_t n_list;

	assert_int_equal(intervals_flatten(rules, n, &list, &n_list), 0);
	assert_int_equal(n_list, n_wanted);
	for (size_t i = 0; i < n_list; i++) {
		assert_int_equal(list[i].first, wanted[i].first);
		assert_int_equal(list[i].last, wanted[i].last);
		assert_int_equal(list[i].service, wanted[i].service);
	}
	free(list);
}

#define EXPECT(rules, ...)                                                                         \
	do {                                                                                       \
		const struct interval wanted[] = {__VA_ARGS__};                                    \
		expect(rules, sizeof(rules) / sizeof(*rules), wanted,                              \
		       sizeof(wanted) / sizeof(*wanted));                                          \
	} while (0)

static void one_port_is_one_interval(void **state)
{
	const struct port_rule rules[] = {RULE(TCP, 80, 80, 1)};

	EXPECT(rules, {TCP_AT(80), TCP_AT(80), 1, 0});
}

static void no_rules_give_no_intervals(void **state)
{
	expect(NULL, 0, NULL, 0);
}

static void a_port_cuts_a_hole_into_a_range(void **state)
{
	const struct port_rule rules[] = {RULE(TCP, 8000, 8099, 1), RULE(TCP, 8080, 8080, 2)};

	EXPECT(rules, {TCP_AT(8000), TCP_AT(8079), 1, 0}, {TCP_AT(8080), TCP_AT(8080), 2, 0},
	       {TCP_AT(8081), TCP_AT(8099), 1, 0});
}

static void a_range_lies_in_any_and_a_port_in_the_range(void **state)
{
	const struct port_rule rules[] = {RULE(UDP, 0, 65535, 3), RULE(UDP, 100, 200, 2),
					  RULE(UDP, 200, 200, 1)};

	EXPECT(rules, {UDP_AT(0), UDP_AT(99), 3, 0}, {UDP_AT(100), UDP_AT(199), 2, 0},
	       {UDP_AT(200), UDP_AT(200), 1, 0}, {UDP_AT(201), UDP_AT(65535), 3, 0});
}

static void protocols_do_not_mix_at_their_ends(void **state)
{
	const struct port_rule rules[] = {RULE(TCP, 0, 65535, 1), RULE(UDP, 0, 65535, 2)};

	EXPECT(rules, {TCP_AT(0), TCP_AT(65535), 1, 0}, {UDP_AT(0), UDP_AT(65535), 2, 0});
}

static void neighbouring_ranges_stay_apart(void **state)
{
	const struct port_rule rules[] = {RULE(TCP, 11, 20, 2), RULE(TCP, 1, 10, 1)};

	EXPECT(rules, {TCP_AT(1), TCP_AT(10), 1, 0}, {TCP_AT(11), TCP_AT(20), 2, 0});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_port_is_one_interval),
		cmocka_unit_test(no_rules_give_no_intervals),
		cmocka_unit_test(a_port_cuts_a_hole_into_a_range),
		cmocka_unit_test(a_range_lies_in_any_and_a_port_in_the_range),
		cmocka_unit_test(protocols_do_not_mix_at_their_ends),
		cmocka_unit_test(neighbouring_ranges_stay_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
