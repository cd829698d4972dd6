/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Changing the kernel's tables. */
#include "tests/unit/kernel_world.h"

static bool listed(struct world *world, uint8_t protocol, const char *address, uint8_t length,
		   size_t expected)
{
	union address wanted = address_of(address);
	struct rtnetlink_vip *vips;
	bool found = false;
	size_t n;

	assert_int_equal(rtnetlink_vip_list(world->nl, protocol, &vips, &n), 0);
	assert_int_equal(n, expected);
	for (size_t i = 0; i < n; i++)
		found |= vips[i].length == length && address_equal(&vips[i].address, &wanted);
	free(vips);
	return found;
}

static void vips_are_announced_listed_and_withdrawn_in_both_families(void **state)
{
	struct world *world = world_of(state);
	union address v4 = address_of("192.0.2.1"), v4_net = address_of("198.51.100.0");
	union address v6 = address_of("2001:db8::1"), v6_net = address_of("2001:db8:1::");

	assert_false(listed(world, PROTOCOL, "192.0.2.1", 128, 0));
	assert_int_equal(rtnetlink_vip_announce(world->nl, &v4, 128, PROTOCOL, 0), 0);
	assert_int_equal(rtnetlink_vip_announce(world->nl, &v4_net, 120, PROTOCOL, 0), 0);
	assert_int_equal(rtnetlink_vip_announce(world->nl, &v6, 128, PROTOCOL, 0), 0);
	assert_int_equal(rtnetlink_vip_announce(world->nl, &v6_net, 48, PROTOCOL, 0), 0);
	assert_true(listed(world, PROTOCOL, "192.0.2.1", 128, 4));
	assert_true(listed(world, PROTOCOL, "198.51.100.0", 120, 4));
	assert_true(listed(world, PROTOCOL, "2001:db8::1", 128, 4));
	assert_true(listed(world, PROTOCOL, "2001:db8:1::", 48, 4));
	assert_false(listed(world, PROTOCOL + 1, "192.0.2.1", 128, 0));
	IP("-4 route show 192.0.2.1 type blackhole proto %d | grep -q .", PROTOCOL);
	IP("-6 route show 2001:db8:1::/48 type blackhole proto %d | grep -q .", PROTOCOL);

	assert_int_equal(rtnetlink_vip_withdraw(world->nl, &v4, 128, PROTOCOL, 0), 0);
	assert_int_equal(rtnetlink_vip_withdraw(world->nl, &v6, 128, PROTOCOL, 0), 0);
	assert_false(listed(world, PROTOCOL, "2001:db8::1", 128, 2));
	assert_int_equal(rtnetlink_vip_withdraw(world->nl, &v4_net, 120, PROTOCOL, 0), 0);
	assert_int_equal(rtnetlink_vip_withdraw(world->nl, &v6_net, 48, PROTOCOL, 0), 0);
	assert_false(listed(world, PROTOCOL, "2001:db8:1::", 48, 0));
}

/* What announces with a metric stands beside what announces without, so that neither leaves a gap. */
static void a_vip_stands_with_several_metrics_and_each_goes_alone(void **state)
{
	static const struct {
		const char *vip, *show;
	} rows[] = {{"192.0.2.1", "-4 route show 192.0.2.1"}, {"2001:db8::1", "-6 route show 2001:db8::1"}};
	struct world *world = world_of(state);

	for (size_t i = 0; i < 2; i++) {
		union address vip = address_of(rows[i].vip);

		assert_int_equal(rtnetlink_vip_announce(world->nl, &vip, 128, PROTOCOL, 0), 0);
		assert_int_equal(rtnetlink_vip_announce(world->nl, &vip, 128, PROTOCOL, 8326), 0);
		assert_int_equal(rtnetlink_vip_announce(world->nl, &vip, 128, PROTOCOL, 8326), 0);
		assert_true(listed(world, PROTOCOL, rows[i].vip, 128, 2));
		assert_int_equal(rtnetlink_vip_withdraw(world->nl, &vip, 128, PROTOCOL, 0), 0);
		assert_true(listed(world, PROTOCOL, rows[i].vip, 128, 1));
		IP("%s | grep -q 'metric 8326'", rows[i].show);
		assert_int_equal(rtnetlink_vip_announce(world->nl, &vip, 128, PROTOCOL, 0), 0);
		assert_int_equal(rtnetlink_vip_withdraw(world->nl, &vip, 128, PROTOCOL, 8326), 0);
		IP("%s | grep -qv 'metric 8326'", rows[i].show);
		assert_int_equal(rtnetlink_vip_withdraw(world->nl, &vip, 128, PROTOCOL, 0), 0);
		assert_false(listed(world, PROTOCOL, rows[i].vip, 128, 0));
	}
}

static void announcing_and_withdrawing_twice_is_no_error(void **state)
{
	static const char *const vips[] = {"192.0.2.1", "2001:db8::1"};
	struct world *world = world_of(state);

	for (size_t i = 0; i < 2; i++) {
		union address vip = address_of(vips[i]);

		assert_int_equal(rtnetlink_vip_announce(world->nl, &vip, 128, PROTOCOL, 0), 0);
		assert_int_equal(rtnetlink_vip_announce(world->nl, &vip, 128, PROTOCOL, 0), 0);
		assert_int_equal(rtnetlink_vip_withdraw(world->nl, &vip, 128, PROTOCOL, 0), 0);
		assert_int_equal(rtnetlink_vip_withdraw(world->nl, &vip, 128, PROTOCOL, 0), 0);
		assert_int_equal(rtnetlink_vip_announce(world->nl, &vip, 129, PROTOCOL, 0), -EINVAL);
	}
}

static void the_route_of_another_is_neither_taken_over_nor_withdrawn(void **state)
{
	struct world *world = world_of(state);
	union address v4 = address_of("192.0.2.1"), v6 = address_of("2001:db8::1");

	IP("route add blackhole 192.0.2.1 proto static");
	IP("-6 route add blackhole 2001:db8::1 proto static");
	assert_int_equal(rtnetlink_vip_announce(world->nl, &v4, 128, PROTOCOL, 0), -EEXIST);
	assert_int_equal(rtnetlink_vip_announce(world->nl, &v6, 128, PROTOCOL, 0), -EEXIST);
	assert_int_equal(rtnetlink_vip_withdraw(world->nl, &v4, 128, PROTOCOL, 0), 0);
	assert_int_equal(rtnetlink_vip_withdraw(world->nl, &v6, 128, PROTOCOL, 0), 0);
	IP("-4 route show 192.0.2.1 proto static | grep -q .");
	IP("-6 route show 2001:db8::1 proto static | grep -q .");
	assert_int_equal(rtnetlink_vip_announce(world->nl, &v4, 95, PROTOCOL, 0), -EINVAL);
}

static void an_address_says_whether_it_was_there_already(void **state)
{
	static const char *const vips[] = {"192.0.2.1", "2001:db8::1"};
	struct world *world = world_of(state);

	for (size_t i = 0; i < 2; i++) {
		union address vip = address_of(vips[i]);

		assert_int_equal(rtnetlink_address_add(world->nl, world->lo, &vip, 128), 0);
		IP("addr show dev lo | grep -q 'inet.* %s/'", vips[i]);
		assert_int_equal(rtnetlink_address_add(world->nl, world->lo, &vip, 128), 1);
		assert_int_equal(rtnetlink_address_del(world->nl, world->lo, &vip, 128), 0);
		assert_false(run("ip addr show dev lo | grep -q 'inet.* %s/'", vips[i]));
		assert_int_equal(rtnetlink_address_del(world->nl, world->lo, &vip, 128), 0);
		assert_int_equal(rtnetlink_address_add(world->nl, 9999, &vip, 128), -ENODEV);
	}
}

static void a_local_network_makes_every_address_of_it_the_hosts_own(void **state)
{
	static const struct {
		const char *network, *member;
		uint8_t length;
	} cases[] = {{"192.0.2.0", "192.0.2.77", 120}, {"2001:db8:7::", "2001:db8:7::77", 64}};
	struct world *world = world_of(state);

	for (size_t i = 0; i < 2; i++) {
		union address network = address_of(cases[i].network);
		uint8_t length = cases[i].length;

		assert_int_equal(rtnetlink_local_add(world->nl, world->lo, &network, length, 72), 0);
		IP("route get %s | grep -q '^local'", cases[i].member);
		assert_int_equal(rtnetlink_local_add(world->nl, world->lo, &network, length, 72), 1);
		assert_int_equal(rtnetlink_local_del(world->nl, world->lo, &network, length, 72), 0);
		assert_false(run("ip route get %s | grep -q '^local'", cases[i].member));
		assert_int_equal(rtnetlink_local_del(world->nl, world->lo, &network, length, 72), 0);
	}
}

static void an_ipv6_address_is_usable_without_detection_of_duplicates(void **state)
{
	struct world *world = world_of(state);
	union address vip = address_of("2001:db8::1");

	sysctl_write("net/ipv6/conf/a0/accept_dad", "1");
	assert_int_equal(rtnetlink_address_add(world->nl, world->a0, &vip, 128), 0);
	assert_false(run("ip -6 addr show dev a0 tentative | grep -q 2001:db8::1"));
	IP("-6 addr show dev a0 | grep -q '2001:db8::1/128.* nodad'");
}

static void a_managed_neighbour_is_resolved_without_traffic_and_kept(void **state)
{
	struct world *world = world_of(state);
	union address there = address_of("fe80::b0"), nobody = address_of("fe80::dead");
	union address v4 = address_of("192.0.2.1");

	UNTIL(world, fib_link(world->fib, world->a0)->running);
	assert_null(neighbour(world, world->a0, "fe80::b0"));
	assert_int_equal(rtnetlink_neighbour_manage(world->nl, world->a0, &there), 0);
	assert_int_equal(rtnetlink_neighbour_manage(world->nl, world->a0, &there), 0);
	UNTIL(world, neighbour_usable(world, world->a0, "fe80::b0"));
	assert_true(neighbour_kept(world, world->a0, "fe80::b0"));

	assert_int_equal(rtnetlink_neighbour_unmanage(world->nl, world->a0, &there), 0);
	UNTIL(world, !neighbour_kept(world, world->a0, "fe80::b0"));
	assert_true(neighbour_usable(world, world->a0, "fe80::b0"));

	assert_int_equal(rtnetlink_neighbour_unmanage(world->nl, world->a1, &nobody), 0);
	assert_int_equal(rtnetlink_neighbour_manage(world->nl, 9999, &there), -ENODEV);
	assert_int_equal(rtnetlink_neighbour_manage(world->nl, world->a0, &v4), -EINVAL);
}

static void a_managed_neighbour_that_was_away_is_found_when_it_comes(void **state)
{
	struct world *world = world_of(state);
	union address late = address_of("fe80::dead");

	sysctl_write("net/ipv6/neigh/a0/retrans_time_ms", "50");
	sysctl_write("net/ipv6/neigh/a0/interval_probe_time_ms", "100");
	UNTIL(world, fib_link(world->fib, world->a0)->running);
	assert_int_equal(rtnetlink_neighbour_manage(world->nl, world->a0, &late), 0);
	UNTIL(world, neighbour_kept(world, world->a0, "fe80::dead"));
	assert_false(neighbour_usable(world, world->a0, "fe80::dead"));

	enter(world->peer);
	IP("addr add fe80::dead/64 dev b0");
	enter(world->own);
	UNTIL(world, neighbour_usable(world, world->a0, "fe80::dead"));
}

static void a_managed_neighbour_is_forgotten_with_its_link_and_can_be_asked_for_again(void **state)
{
	struct world *world = world_of(state);
	union address there = address_of("fe80::b0");

	assert_int_equal(rtnetlink_neighbour_manage(world->nl, world->a0, &there), 0);
	UNTIL(world, neighbour_usable(world, world->a0, "fe80::b0"));
	IP("link set a0 down");
	UNTIL(world, !neighbour(world, world->a0, "fe80::b0"));
	IP("link set a0 up");
	IP("addr replace fe80::a0/64 dev a0");
	UNTIL(world, fib_link(world->fib, world->a0)->running);
	assert_null(neighbour(world, world->a0, "fe80::b0"));
	assert_int_equal(rtnetlink_neighbour_manage(world->nl, world->a0, &there), 0);
	UNTIL(world, neighbour_usable(world, world->a0, "fe80::b0"));
}

static void ipv4_gets_a_default_route_by_the_gateway_of_ipv6(void **state)
{
	struct world *world = world_of(state);
	union address gateway = {}, expected = address_of("fe80::b1");
	uint32_t ifindex = 0;

	assert_int_equal(rtnetlink_default_inet6(world->nl, &gateway, &ifindex), -ENETUNREACH);
	IP("-6 route add default via fe80::b0 dev a0 metric 2000");
	IP("-6 route add default via fe80::b1 dev a1 metric 1000");
	assert_int_equal(rtnetlink_default_inet6(world->nl, &gateway, &ifindex), 0);
	assert_int_equal(ifindex, world->a1);
	assert_true(address_equal(&gateway, &expected));

	assert_int_equal(rtnetlink_has_default_inet(world->nl), 0);
	assert_int_equal(rtnetlink_route_default_via_inet6(world->nl, &gateway, ifindex, PROTOCOL),
			 0);
	assert_int_equal(rtnetlink_has_default_inet(world->nl), 1);
	IP("-4 route show default | grep -q 'via inet6 fe80::b1 dev a1 proto %d'", PROTOCOL);
	assert_int_equal(rtnetlink_route_default_via_inet6(world->nl, &gateway, ifindex, PROTOCOL),
			 1);
	assert_int_equal(
		rtnetlink_route_default_via_inet6_delete(world->nl, &gateway, ifindex, PROTOCOL),
		0);
	assert_int_equal(rtnetlink_has_default_inet(world->nl), 0);
	assert_int_equal(
		rtnetlink_route_default_via_inet6_delete(world->nl, &gateway, ifindex, PROTOCOL),
		0);
}

static void requests_need_neither_a_fib_nor_an_event_loop(void **state)
{
	struct world *world = world_of(state);
	struct rtnetlink *nl = NULL;

	assert_int_equal(rtnetlink_new(NULL, world->fib, on_changed, NULL, &nl), -EINVAL);
	assert_null(nl);
	assert_int_equal(rtnetlink_new(NULL, NULL, NULL, NULL, &nl), 0);
	assert_int_equal(rtnetlink_ifindex(nl, "a0"), world->a0);
	rtnetlink_free(nl);
	rtnetlink_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(vips_are_announced_listed_and_withdrawn_in_both_families),
		KERNEL_TEST(a_vip_stands_with_several_metrics_and_each_goes_alone),
		KERNEL_TEST(announcing_and_withdrawing_twice_is_no_error),
		KERNEL_TEST(the_route_of_another_is_neither_taken_over_nor_withdrawn),
		KERNEL_TEST(an_address_says_whether_it_was_there_already),
		KERNEL_TEST(a_local_network_makes_every_address_of_it_the_hosts_own),
		KERNEL_TEST(an_ipv6_address_is_usable_without_detection_of_duplicates),
		KERNEL_TEST(a_managed_neighbour_is_resolved_without_traffic_and_kept),
		KERNEL_TEST(a_managed_neighbour_that_was_away_is_found_when_it_comes),
		KERNEL_TEST(a_managed_neighbour_is_forgotten_with_its_link_and_can_be_asked_for_again),
		KERNEL_TEST(ipv4_gets_a_default_route_by_the_gateway_of_ipv6),
		KERNEL_TEST(requests_need_neither_a_fib_nor_an_event_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
