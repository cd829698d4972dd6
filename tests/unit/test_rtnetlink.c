/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Following the kernel's tables. */
#include "tests/unit/kernel_world.h"

static void names_become_indices(void **state)
{
	struct world *world = world_of(state);

	assert_int_equal(world->lo, 1);
	assert_true(world->a0 > 1);
	assert_true(world->a1 > 1);
	assert_int_equal(rtnetlink_ifindex(world->nl, "nowhere"), -ENODEV);
	assert_int_equal(rtnetlink_ifindex(world->nl, ""), -EINVAL);
	assert_int_equal(rtnetlink_ifindex(world->nl, "longer-than-a-name"), -EINVAL);
}

static void links_are_there_at_once_and_followed(void **state)
{
	struct world *world = world_of(state);
	const uint8_t mac[6] = {2, 0, 0, 0, 0, 0xa0};
	const struct fib_link *link = fib_link(world->fib, world->a0);

	assert_non_null(link);
	assert_string_equal(link->name, "a0");
	assert_memory_equal(link->mac, mac, sizeof(mac));
	assert_int_equal(link->mtu, 1500);
	assert_int_equal(link->vlan, 0);

	UNTIL(world, fib_link(world->fib, world->a0)->running);
	IP("link set a0 mtu 9000");
	UNTIL(world, fib_link(world->fib, world->a0)->mtu == 9000);
	enter(world->peer); /* the carrier goes, the link stays up */
	IP("link set b0 down");
	enter(world->own);
	UNTIL(world, !fib_link(world->fib, world->a0)->running);
	IP("link del a0");
	UNTIL(world, !fib_link(world->fib, world->a0));
	assert_non_null(fib_link(world->fib, world->a1));
}

static void a_port_that_leaves_its_bridge_is_still_a_link(void **state)
{
	struct world *world = world_of(state);

	if (!run("ip link add bridge0 type bridge 2>/dev/null"))
		skip();
	IP("link set a1 master bridge0");
	IP("link set a1 nomaster");
	IP("link set a1 mtu 1400");
	UNTIL(world,
	      fib_link(world->fib, world->a1) && fib_link(world->fib, world->a1)->mtu == 1400);
}

static void neighbours_are_followed_from_usable_to_failed_to_gone(void **state)
{
	struct world *world = world_of(state);
	const uint8_t mac[6] = {2, 0, 0, 0, 0, 0xb0};

	both_neighbours_are_known(world);
	assert_memory_equal(neighbour(world, world->a0, "fe80::b0")->mac, mac, sizeof(mac));
	assert_true(neighbour_kept(world, world->a0, "fe80::b0"));
	IP("neigh change fe80::b0 dev a0 nud stale");
	UNTIL(world, !neighbour_kept(world, world->a0, "fe80::b0"));
	assert_true(neighbour_usable(world, world->a0, "fe80::b0"));
	IP("neigh change fe80::b0 dev a0 nud failed");
	UNTIL(world, !neighbour_usable(world, world->a0, "fe80::b0"));
	IP("neigh del fe80::b1 dev a1");
	UNTIL(world, !neighbour(world, world->a1, "fe80::b1"));
}

static void a_multipath_route_is_followed_leg_by_leg(void **state)
{
	struct world *world = world_of(state);

	both_neighbours_are_known(world);
	assert_int_equal(hops(world), -ENETUNREACH);
	IP("route add 2001:db8::/32 nexthop via fe80::b0 dev a0 nexthop via fe80::b1 dev a1");
	UNTIL(world, hops(world) == 2);
	IP("route del 2001:db8::/32 via fe80::b0 dev a0");
	UNTIL(world, hops(world) == 1);
	IP("route append 2001:db8::/32 via fe80::b0 dev a0");
	UNTIL(world, hops(world) == 2);
	IP("route replace 2001:db8::/32 nexthop via fe80::b0 dev a0 weight 3 "
	   "nexthop via fe80::b1 dev a1 weight 1");
	UNTIL(world, hops(world) == 4);
	IP("route replace 2001:db8::/32 via fe80::b1 dev a1");
	UNTIL(world, hops(world) == 1);
	IP("route add blackhole 2001:db8::/64");
	UNTIL(world, hops(world) == -ENETUNREACH);
	IP("route del blackhole 2001:db8::/64");
	UNTIL(world, hops(world) == 1);
	IP("route del 2001:db8::/32");
	UNTIL(world, hops(world) == -ENETUNREACH);
}

static void routes_over_nexthop_objects_are_followed(void **state)
{
	struct world *world = world_of(state);

	both_neighbours_are_known(world);
	if (!run("ip nexthop add id 1 via fe80::b0 dev a0 2>/dev/null"))
		skip();
	IP("nexthop add id 2 via fe80::b1 dev a1");
	IP("nexthop add id 10 group 1/2");
	IP("-6 route add 2001:db8::/32 nhid 10");
	UNTIL(world, hops(world) == 2);
	IP("nexthop del id 2"); /* the group shrinks, the route says nothing */
	UNTIL(world, hops(world) == 1);
	IP("-6 nexthop add id 3 blackhole");
	IP("-6 route replace 2001:db8::/32 nhid 3");
	UNTIL(world, hops(world) == -ENETUNREACH);
}

static void a_link_that_goes_down_takes_its_routes_along_without_a_word(void **state)
{
	struct world *world = world_of(state);
	union address network = address_of("2001:db8::");

	both_neighbours_are_known(world);
	assert_int_equal(sysctl_write("net/ipv6/route/skip_notify_on_dev_down", "1"), 0);
	IP("route add 2001:db8::/32 via fe80::b0 dev a0");
	UNTIL(world, hops(world) == 1);
	IP("link set a0 down");
	UNTIL(world, !fib_route(world->fib, &network, 32));
}

static void other_tables_and_encapsulating_routes_lead_nowhere(void **state)
{
	struct world *world = world_of(state);
	union address network = address_of("2001:db8::");

	both_neighbours_are_known(world);
	IP("route add 2001:db8::/48 via fe80::b0 dev a0 table 100");
	IP("route add 2001:db8::/32 via fe80::b0 dev a0");
	UNTIL(world, hops(world) == 1);
	assert_null(fib_route(world->fib, &network, 48));
	if (!run("ip -6 route add 2001:db8::1/128 encap seg6local action End dev a0 2>/dev/null"))
		skip();
	UNTIL(world, hops(world) == -ENETUNREACH);
}

static void a_burst_of_changes_is_told_once(void **state)
{
	struct world *world = world_of(state);
	union address last = address_of("2001:db8:ff::");
	FILE *batch;

	UNTIL(world, sd_event_run(world->event, 0) == 0); /* nothing waits any more */
	world->changes = 0;
	batch = popen("ip -batch -", "w");
	assert_non_null(batch);
	for (int i = 0; i < 256; i++)
		fprintf(batch, "route add 2001:db8:%x::/48 via fe80::b0 dev a0\n", i);
	assert_int_equal(pclose(batch), 0);

	UNTIL(world, fib_route(world->fib, &last, 48));
	assert_int_equal(world->changes, 1);
}

/* How many messages the kernel dropped for full sockets of this namespace. */
static unsigned long drops(void)
{
	FILE *file = fopen("/proc/thread-self/net/netlink", "r");
	unsigned long sum = 0, one;
	char line[256];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %*s %lu", &one) == 1)
			sum += one;
	fclose(file);
	return sum;
}

static void dropped_notifications_are_made_up_for(void **state)
{
	struct world *world = world_of(state);
	FILE *batch = popen("ip -batch -", "w");

	assert_non_null(batch);
	for (int i = 0; i < 20000; i++)
		fprintf(batch, "route add 2001:db8:%x::/48 via fe80::b0 dev a0\n", i);
	assert_int_equal(pclose(batch), 0);
	assert_true(drops() > 0);
	IP("neigh add fe80::b0 lladdr 02:00:00:00:00:b0 dev a0");
	IP("link set a1 mtu 1300");

	UNTIL(world, hops(world) == 1 && fib_link(world->fib, world->a1)->mtu == 1300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(names_become_indices),
		KERNEL_TEST(links_are_there_at_once_and_followed),
		KERNEL_TEST(a_port_that_leaves_its_bridge_is_still_a_link),
		KERNEL_TEST(neighbours_are_followed_from_usable_to_failed_to_gone),
		KERNEL_TEST(a_multipath_route_is_followed_leg_by_leg),
		KERNEL_TEST(routes_over_nexthop_objects_are_followed),
		KERNEL_TEST(a_link_that_goes_down_takes_its_routes_along_without_a_word),
		KERNEL_TEST(other_tables_and_encapsulating_routes_lead_nowhere),
		KERNEL_TEST(a_burst_of_changes_is_told_once),
		KERNEL_TEST(dropped_notifications_are_made_up_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
