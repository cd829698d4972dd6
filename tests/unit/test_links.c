/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* By which device frames to a VLAN leave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "core/links.h"

#define LINK(index, ...) (struct fib_link){.ifindex = (index), .mtu = 1500, __VA_ARGS__}
#define RUNS .running = true

static uint64_t links[LINKS_MAX];

static void given(struct fib *fib, struct fib_link link)
{
	assert_int_equal(fib_set_link(fib, &link), 1);
}

static void a_vlan_s_frames_leave_by_the_device_below_with_its_tag(void **state)
{
	struct fib *fib = fib_new();

	given(fib, LINK(2, RUNS));
	given(fib, LINK(3, RUNS, .vlan = 7, .parent = 2));
	links_put(links, fib);
	assert_int_equal(links[2], 0);
	assert_int_equal(LINK_BELOW(links[3]), 2);
	assert_int_equal(LINK_TAG(links[3]), 7);
	fib_free(fib);
}

/* One tag is all that we write. */
static void a_vlan_in_a_vlan_or_above_nothing_that_runs_cannot_send(void **state)
{
	struct fib *fib = fib_new();

	given(fib, LINK(2));
	given(fib, LINK(3, RUNS, .vlan = 7, .parent = 2));
	given(fib, LINK(4, RUNS));
	given(fib, LINK(5, RUNS, .vlan = 8, .parent = 4));
	given(fib, LINK(6, RUNS, .vlan = 9, .parent = 5));
	given(fib, LINK(7, RUNS, .vlan = 9)); /* 802.1ad */
	links_put(links, fib);
	assert_int_equal(links[3], LINK_WORD(0, 7));
	assert_int_equal(links[5], LINK_WORD(4, 8));
	assert_int_equal(links[6], LINK_WORD(0, 9));
	assert_int_equal(links[7], LINK_WORD(0, 9));
	fib_free(fib);
}

static void a_device_that_is_a_vlan_s_no_more_sends_by_itself(void **state)
{
	struct fib *fib = fib_new();

	given(fib, LINK(2, RUNS));
	given(fib, LINK(3, RUNS, .vlan = 7, .parent = 2));
	links_put(links, fib);
	assert_int_equal(fib_delete_link(fib, 3), 1);
	links_put(links, fib);
	assert_int_equal(links[3], 0);
	fib_free(fib);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_vlan_s_frames_leave_by_the_device_below_with_its_tag),
		cmocka_unit_test(a_vlan_in_a_vlan_or_above_nothing_that_runs_cannot_send),
		cmocka_unit_test(a_device_that_is_a_vlan_s_no_more_sends_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
