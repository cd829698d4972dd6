/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "io/marked_routes.h"
#include "tests/unit/kernel_world.h"

/* Backend number n, with other functions for the two families, over a0. */
static struct marked_route route_to(struct world *world, uint16_t n)
{
	struct marked_route route = {.mark = MARK_BASE | n, .ifindex = world->a0};
	char text[64];

	snprintf(text, sizeof(text), "fd48:0:0:%x:f0d4::", n);
	route.sids[0] = address_of(text);
	snprintf(text, sizeof(text), "fd48:0:0:%x:f0d6::", n);
	route.sids[1] = address_of(text);
	return route;
}

static struct network infrastructure(void)
{
	struct network network = {.address = address_of("fd48::"), .length = 32};

	return network;
}

static void set(struct world *world, size_t n)
{
	struct network inside = infrastructure();
	struct marked_route routes[3];

	for (size_t i = 0; i < n; i++)
		routes[i] = route_to(world, 0x201 + i);
	assert_int_equal(marked_routes_set(world->nl, &inside, routes, n), 0);
}

static bool leads(int family, const char *to, uint32_t mark, const char *sid)
{
	return run("ip -%d route get %s mark %u 2>/dev/null | grep -q 'encap seg6 mode encap.red "
		   "segs 1 \\[ %s \\]'",
		   family, to, mark, sid);
}

static void a_mark_leads_to_its_sid_in_both_families(void **state)
{
	struct world *world = world_of(state);

	IP("addr add 10.0.0.1/24 dev a0");
	set(world, 3);
	for (uint32_t i = 0; i < 3; i++) {
		char sid[64];

		snprintf(sid, sizeof(sid), "fd48:0:0:%x:f0d4::", 0x201 + i);
		assert_true(leads(4, "198.51.100.80", MARK_BASE | (0x201 + i), sid));
		snprintf(sid, sizeof(sid), "fd48:0:0:%x:f0d6::", 0x201 + i);
		assert_true(leads(6, "2001:db8:100::80", MARK_BASE | (0x201 + i), sid));
	}
}

/* The kernel looks up where the outer packet goes with the mark that the inner one has. */
static void the_outer_packet_goes_on_like_any_other(void **state)
{
	struct world *world = world_of(state);

	IP("-6 route add fd48::/16 dev a1");
	set(world, 1);
	assert_true(run("ip -6 route get fd48:0:0:201:f0d4:: mark %u | grep -q 'dev a1'",
			MARK_BASE | 0x201));
	assert_false(run("ip -6 route get fd48:0:0:201:f0d4:: mark %u | grep -q encap",
			 MARK_BASE | 0x201));
}

static void what_has_no_mark_of_ours_goes_on_as_before(void **state)
{
	struct world *world = world_of(state);

	IP("addr add 10.0.0.1/24 dev a0");
	IP("rule add pref 7300 fwmark 5 blackhole");
	set(world, 1);
	assert_true(run("ip route get 10.0.0.7 | grep -q 'dev a0'"));
	assert_false(run("ip route get 198.51.100.80 2>/dev/null"));
	assert_false(run("ip route get 10.0.0.7 mark 5 2>/dev/null"));
}

static void routes_that_are_not_wanted_any_more_go_and_others_rules_stay(void **state)
{
	struct world *world = world_of(state);

	IP("addr add 10.0.0.1/24 dev a0");
	IP("rule add pref 7200 fwmark 5 lookup 5");
	set(world, 3);
	set(world, 3);
	assert_true(run("test $(ip rule show pref 7200 | wc -l) = 4"));
	set(world, 1);
	assert_true(run("test $(ip rule show pref 7200 | wc -l) = 2"));
	assert_true(leads(4, "198.51.100.80", MARK_BASE | 0x201, "fd48:0:0:201:f0d4::"));
	assert_false(leads(4, "198.51.100.80", MARK_BASE | 0x202, "fd48:0:0:202:f0d4::"));
	set(world, 0);
	assert_true(run("test $(ip rule show | wc -l) = 4"));
	assert_true(run("test $(ip -6 rule show | wc -l) = 2"));
	assert_true(run("test -z \"$(ip route show table all proto 72)\""));
	assert_true(run("test -z \"$(ip -6 route show table all proto 72)\""));
}

static void a_sid_that_changes_is_followed(void **state)
{
	struct world *world = world_of(state);
	struct marked_route route = route_to(world, 0x201);
	struct network inside = infrastructure();

	IP("addr add 10.0.0.1/24 dev a0");
	set(world, 1);
	route.sids[0] = address_of("fd48:0:0:299:f0d4::");
	assert_int_equal(marked_routes_set(world->nl, &inside, &route, 1), 0);
	assert_true(leads(4, "198.51.100.80", route.mark, "fd48:0:0:299:f0d4::"));
}

/* The kernel takes the ways away with their device; main, which would lead elsewhere, is not asked. */
static void a_way_that_is_lost_is_unreachable_until_it_is_put_back(void **state)
{
	struct world *world = world_of(state);
	struct marked_route last = route_to(world, 0x202);

	IP("addr add 10.0.0.1/24 dev a0");
	IP("addr add 10.0.1.1/24 dev a1");
	IP("route add default dev a1");
	IP("-6 route add default dev a1");
	set(world, 2);
	assert_int_equal(marked_routes_put_back(world->nl, &last), 0);
	IP("link set a0 down");
	assert_true(run("ip route get 198.51.100.80 mark %u 2>&1 | grep -q 'No route to host'", last.mark));
	assert_true(run("ip -6 route get 2001:db8:100::80 mark %u 2>&1 | grep -q 'No route to host'",
			last.mark));
	assert_int_equal(marked_routes_put_back(world->nl, &last), -ENETDOWN);
	IP("link set a0 up");
	assert_int_equal(marked_routes_put_back(world->nl, &last), 1);
	assert_int_equal(marked_routes_put_back(world->nl, &last), 0);
	assert_true(leads(4, "198.51.100.80", last.mark, "fd48:0:0:202:f0d4::"));
	assert_true(leads(6, "2001:db8:100::80", last.mark, "fd48:0:0:202:f0d6::"));
	assert_false(leads(4, "198.51.100.80", MARK_BASE | 0x201, "fd48:0:0:201:f0d4::"));
	set(world, 2);
	assert_true(leads(4, "198.51.100.80", MARK_BASE | 0x201, "fd48:0:0:201:f0d4::"));
	set(world, 0);
	assert_true(run("test -z \"$(ip route show table all proto 72)\""));
	assert_true(run("test -z \"$(ip -6 route show table all proto 72)\""));
}

/* A gateway that starts without its interface: nothing that is marked leaves by another way. */
static void without_a_device_all_is_unreachable(void **state)
{
	struct world *world = world_of(state);
	struct marked_route route = route_to(world, 0x201);
	struct network inside = infrastructure();

	IP("addr add 10.0.1.1/24 dev a1");
	IP("route add default dev a1");
	route.ifindex = 0;
	assert_int_equal(marked_routes_set(world->nl, &inside, &route, 1), -ENODEV);
	assert_true(run("ip route get 198.51.100.80 mark %u 2>&1 | grep -q 'No route to host'", route.mark));
}

static void the_tunnels_source_is_set_where_nobody_else_has_set_it(void **state)
{
	union address ours = address_of("fd48:0:0:101:f00c::");
	union address moved = address_of("fd48:0:0:102:f00c::");

	world_of(state);
	assert_int_equal(marked_routes_source(&ours), 0);
	IP("sr tunsrc show | grep -q fd48:0:0:101:f00c::");
	assert_int_equal(marked_routes_source(&moved), 0);
	IP("sr tunsrc show | grep -q fd48:0:0:102:f00c::");
	assert_int_equal(marked_routes_source(&(union address){}), 0);
	IP("sr tunsrc show | grep -q 'addr ::$'");
	IP("sr tunsrc set fd48::2");
	assert_int_equal(marked_routes_source(&ours), 0);
	IP("sr tunsrc show | grep -q fd48::2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(a_mark_leads_to_its_sid_in_both_families),
		KERNEL_TEST(the_outer_packet_goes_on_like_any_other),
		KERNEL_TEST(what_has_no_mark_of_ours_goes_on_as_before),
		KERNEL_TEST(routes_that_are_not_wanted_any_more_go_and_others_rules_stay),
		KERNEL_TEST(a_sid_that_changes_is_followed),
		KERNEL_TEST(a_way_that_is_lost_is_unreachable_until_it_is_put_back),
		KERNEL_TEST(without_a_device_all_is_unreachable),
		KERNEL_TEST(the_tunnels_source_is_set_where_nobody_else_has_set_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
