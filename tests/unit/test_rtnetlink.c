/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel's tables followed and changed: io/rtnetlink, against this machine's kernel. Each test
 * has two fresh network namespaces; the process runs in the first:
 *
 *   a0 fe80::a0 ------ fe80::b0 b0
 *   a1 fe80::a1 ------ fe80::b1 b1   (the peer)
 *
 * Without the right to make them, the tests are skipped.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fib.h"
#include "io/rtnetlink.h"
#include "io/sysctl.h"

#define PROTOCOL 77

struct world {
	int home, own, peer; /* namespaces */
	sd_event *event;
	struct fib *fib;
	struct rtnetlink *nl;
	uint32_t a0, a1, lo;
	int changes;
};

static bool run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static bool run(const char *format, ...)
{
	char command[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	return system(command) == 0;
}

#define IP(format, ...) assert_true(run("ip " format, ##__VA_ARGS__))

static void enter(int namespace)
{
	assert_int_equal(setns(namespace, CLONE_NEWNET), 0);
}

static int fresh_namespace(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	sysctl_write("net/ipv6/conf/default/accept_dad", "0");
	sysctl_write("net/ipv6/conf/default/addr_gen_mode", "1"); /* only addresses we gave */
	return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

static union address address_of(const char *text)
{
	union address address;
	__be32 v4;

	if (inet_pton(AF_INET, text, &v4) == 1)
		address_from_v4(&address, v4);
	else
		assert_int_equal(inet_pton(AF_INET6, text, &address), 1);
	return address;
}

static void on_changed(void *userdata)
{
	((struct world *)userdata)->changes++;
}

static void make_links(struct world *world)
{
	for (int i = 0; i < 2; i++) {
		IP("link add a%d address 02:00:00:00:00:a%d type veth peer name b%d "
		   "address 02:00:00:00:00:b%d",
		   i, i, i, i);
		IP("link set b%d netns /proc/%d/fd/%d", i, getpid(), world->peer);
		IP("addr add fe80::a%d/64 dev a%d", i, i);
		IP("link set a%d up", i);
		enter(world->peer);
		IP("addr add fe80::b%d/64 dev b%d", i, i);
		IP("link set b%d up", i);
		enter(world->own);
	}
	IP("link set lo up");
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	*state = world;
	world->home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	world->peer = fresh_namespace();
	world->own = fresh_namespace();
	if (world->peer < 0 || world->own < 0 || !run("command -v ip >/dev/null"))
		return 0;

	make_links(world);
	world->fib = fib_new();
	assert_int_equal(sd_event_new(&world->event), 0);
	assert_int_equal(rtnetlink_new(world->event, world->fib, on_changed, world, &world->nl), 0);
	world->lo = rtnetlink_ifindex(world->nl, "lo");
	world->a0 = rtnetlink_ifindex(world->nl, "a0");
	world->a1 = rtnetlink_ifindex(world->nl, "a1");
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	rtnetlink_free(world->nl);
	sd_event_unref(world->event);
	fib_free(world->fib);
	setns(world->home, CLONE_NEWNET);
	close(world->home);
	if (world->peer >= 0)
		close(world->peer);
	if (world->own >= 0)
		close(world->own);
	free(world);
	return 0;
}

static struct world *world_of(void **state)
{
	struct world *world = *state;

	if (!world->nl)
		skip();
	return world;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

#define WAIT_MS 10000

/* Runs the event loop until the condition holds. */
#define UNTIL(world, condition)                                                                    \
	do {                                                                                       \
		uint64_t deadline_ms = now_ms() + WAIT_MS;                                         \
                                                                                                   \
		while (!(condition)) {                                                             \
			if (now_ms() >= deadline_ms)                                               \
				fail_msg("waited %d ms for %s", WAIT_MS, #condition);              \
			assert_true(sd_event_run((world)->event, 100 * 1000) >= 0);                \
		}                                                                                  \
	} while (0)

/* fib_resolve for 2001:db8::1: how many hops, or its errno. */
static int hops(struct world *world)
{
	union address destination = address_of("2001:db8::1");
	struct next_hop found[8];

	return fib_resolve(world->fib, &destination, found, 8);
}

static const struct fib_neighbour *neighbour(struct world *world, uint32_t ifindex,
					     const char *address)
{
	union address key = address_of(address);

	return fib_neighbour(world->fib, ifindex, &key);
}

static bool neighbour_usable(struct world *world, uint32_t ifindex, const char *address)
{
	const struct fib_neighbour *found = neighbour(world, ifindex, address);

	return found && found->usable;
}

static bool neighbour_kept(struct world *world, uint32_t ifindex, const char *address)
{
	const struct fib_neighbour *found = neighbour(world, ifindex, address);

	return found && found->kept;
}

static void both_neighbours_are_known(struct world *world)
{
	IP("neigh add fe80::b0 lladdr 02:00:00:00:00:b0 dev a0");
	IP("neigh add fe80::b1 lladdr 02:00:00:00:00:b1 dev a1");
	UNTIL(world, neighbour_usable(world, world->a0, "fe80::b0") &&
			     neighbour_usable(world, world->a1, "fe80::b1"));
}

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
	assert_int_equal(rtnetlink_vip_announce(world->nl, &v4, 128, PROTOCOL), 0);
	assert_int_equal(rtnetlink_vip_announce(world->nl, &v4_net, 120, PROTOCOL), 0);
	assert_int_equal(rtnetlink_vip_announce(world->nl, &v6, 128, PROTOCOL), 0);
	assert_int_equal(rtnetlink_vip_announce(world->nl, &v6_net, 48, PROTOCOL), 0);
	assert_true(listed(world, PROTOCOL, "192.0.2.1", 128, 4));
	assert_true(listed(world, PROTOCOL, "198.51.100.0", 120, 4));
	assert_true(listed(world, PROTOCOL, "2001:db8::1", 128, 4));
	assert_true(listed(world, PROTOCOL, "2001:db8:1::", 48, 4));
	assert_false(listed(world, PROTOCOL + 1, "192.0.2.1", 128, 0));
	IP("-4 route show 192.0.2.1 type blackhole proto %d | grep -q .", PROTOCOL);
	IP("-6 route show 2001:db8:1::/48 type blackhole proto %d | grep -q .", PROTOCOL);

	assert_int_equal(rtnetlink_vip_withdraw(world->nl, &v4, 128, PROTOCOL), 0);
	assert_int_equal(rtnetlink_vip_withdraw(world->nl, &v6, 128, PROTOCOL), 0);
	assert_false(listed(world, PROTOCOL, "2001:db8::1", 128, 2));
	assert_int_equal(rtnetlink_vip_withdraw(world->nl, &v4_net, 120, PROTOCOL), 0);
	assert_int_equal(rtnetlink_vip_withdraw(world->nl, &v6_net, 48, PROTOCOL), 0);
	assert_false(listed(world, PROTOCOL, "2001:db8:1::", 48, 0));
}

static void announcing_and_withdrawing_twice_is_no_error(void **state)
{
	static const char *const vips[] = {"192.0.2.1", "2001:db8::1"};
	struct world *world = world_of(state);

	for (size_t i = 0; i < 2; i++) {
		union address vip = address_of(vips[i]);

		assert_int_equal(rtnetlink_vip_announce(world->nl, &vip, 128, PROTOCOL), 0);
		assert_int_equal(rtnetlink_vip_announce(world->nl, &vip, 128, PROTOCOL), 0);
		assert_int_equal(rtnetlink_vip_withdraw(world->nl, &vip, 128, PROTOCOL), 0);
		assert_int_equal(rtnetlink_vip_withdraw(world->nl, &vip, 128, PROTOCOL), 0);
		assert_int_equal(rtnetlink_vip_announce(world->nl, &vip, 129, PROTOCOL), -EINVAL);
	}
}

static void the_route_of_another_is_neither_taken_over_nor_withdrawn(void **state)
{
	struct world *world = world_of(state);
	union address v4 = address_of("192.0.2.1"), v6 = address_of("2001:db8::1");

	IP("route add blackhole 192.0.2.1 proto static");
	IP("-6 route add blackhole 2001:db8::1 proto static");
	assert_int_equal(rtnetlink_vip_announce(world->nl, &v4, 128, PROTOCOL), -EEXIST);
	assert_int_equal(rtnetlink_vip_announce(world->nl, &v6, 128, PROTOCOL), -EEXIST);
	assert_int_equal(rtnetlink_vip_withdraw(world->nl, &v4, 128, PROTOCOL), 0);
	assert_int_equal(rtnetlink_vip_withdraw(world->nl, &v6, 128, PROTOCOL), 0);
	IP("-4 route show 192.0.2.1 proto static | grep -q .");
	IP("-6 route show 2001:db8::1 proto static | grep -q .");
	assert_int_equal(rtnetlink_vip_announce(world->nl, &v4, 95, PROTOCOL), -EINVAL);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_become_indices),
		TEST(links_are_there_at_once_and_followed),
		TEST(a_port_that_leaves_its_bridge_is_still_a_link),
		TEST(neighbours_are_followed_from_usable_to_failed_to_gone),
		TEST(a_multipath_route_is_followed_leg_by_leg),
		TEST(routes_over_nexthop_objects_are_followed),
		TEST(a_link_that_goes_down_takes_its_routes_along_without_a_word),
		TEST(other_tables_and_encapsulating_routes_lead_nowhere),
		TEST(a_burst_of_changes_is_told_once),
		TEST(dropped_notifications_are_made_up_for),
		TEST(vips_are_announced_listed_and_withdrawn_in_both_families),
		TEST(announcing_and_withdrawing_twice_is_no_error),
		TEST(the_route_of_another_is_neither_taken_over_nor_withdrawn),
		TEST(an_address_says_whether_it_was_there_already),
		TEST(a_local_network_makes_every_address_of_it_the_hosts_own),
		TEST(an_ipv6_address_is_usable_without_detection_of_duplicates),
		TEST(a_managed_neighbour_is_resolved_without_traffic_and_kept),
		TEST(a_managed_neighbour_that_was_away_is_found_when_it_comes),
		TEST(a_managed_neighbour_is_forgotten_with_its_link_and_can_be_asked_for_again),
		TEST(ipv4_gets_a_default_route_by_the_gateway_of_ipv6),
		TEST(requests_need_neither_a_fib_nor_an_event_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
