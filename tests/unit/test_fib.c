/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The model of the kernel's forwarding: base/fib. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fib.h"

enum { ETH0 = 2, ETH1 = 3, ETH2 = 4, VLAN100 = 10 };

static union address ip(const char *text)
{
	union address address;

	assert_int_equal(inet_pton(AF_INET6, text, &address), 1);
	return address;
}

static void link_up(struct fib *fib, uint32_t ifindex)
{
	struct fib_link link = {
		.ifindex = ifindex,
		.name = "eth",
		.mac = {2, 0, 0, 0, 0, ifindex},
		.mtu = 1500,
		.running = true,
	};

	assert_int_equal(fib_set_link(fib, &link), 1);
}

static void link_down(struct fib *fib, uint32_t ifindex)
{
	struct fib_link link = *fib_link(fib, ifindex);

	link.running = false;
	assert_int_equal(fib_set_link(fib, &link), 1);
}

static void neighbour(struct fib *fib, uint32_t ifindex, const char *address, uint8_t last_of_mac)
{
	struct fib_neighbour entry = {
		.ifindex = ifindex,
		.address = ip(address),
		.mac = {4, 0, 0, 0, 0, last_of_mac},
		.usable = true,
	};

	assert_int_equal(fib_set_neighbour(fib, &entry), 1);
}

static void neighbour_fails(struct fib *fib, uint32_t ifindex, const char *address)
{
	union address key = ip(address);
	struct fib_neighbour entry = *fib_neighbour(fib, ifindex, &key);

	entry.usable = false;
	assert_int_equal(fib_set_neighbour(fib, &entry), 1);
}

static struct fib_hop via(const char *gateway, uint32_t ifindex, uint32_t weight)
{
	return (struct fib_hop){.gateway = ip(gateway), .ifindex = ifindex, .weight = weight};
}

static struct fib_route route_of(const char *network, uint8_t length, uint32_t metric,
				 struct fib_hop *hops, size_t n)
{
	return (struct fib_route){
		.network = ip(network),
		.length = length,
		.metric = metric,
		.n_hops = n,
		.hops = hops,
	};
}

static void route(struct fib *fib, const char *network, uint8_t length, uint32_t metric,
		  struct fib_hop hop)
{
	struct fib_route added = route_of(network, length, metric, &hop, 1);

	assert_int_equal(fib_set_route(fib, &added), 1);
}

static void reject(struct fib *fib, const char *network, uint8_t length, enum fib_route_type type)
{
	struct fib_route added = route_of(network, length, 1024, NULL, 0);

	added.type = type;
	assert_int_equal(fib_set_route(fib, &added), 1);
}

#define HOPS_MAX 16

/* The last bytes of the neighbours' MAC addresses, in order, as a number with two digits each. */
static long resolve(const struct fib *fib, const char *destination, size_t max)
{
	union address address = ip(destination);
	struct next_hop hops[HOPS_MAX];
	long digits = 0;
	int n = fib_resolve(fib, &address, hops, max);

	if (n < 0)
		return n;
	assert_true((size_t)n <= max);
	for (int i = 0; i < n; i++)
		digits = digits * 100 + hops[i].to[5];
	return digits;
}

/* Two links, two routers on each: fe80::1 and ::2 on eth0 (MACs 1, 2), ::3 and ::4 on eth1 (3, 4).
 */
static int set_up(void **state)
{
	struct fib *fib = fib_new();

	assert_non_null(fib);
	link_up(fib, ETH0);
	link_up(fib, ETH1);
	neighbour(fib, ETH0, "fe80::1", 1);
	neighbour(fib, ETH0, "fe80::2", 2);
	neighbour(fib, ETH1, "fe80::3", 3);
	neighbour(fib, ETH1, "fe80::4", 4);
	*state = fib;
	return 0;
}

static int tear_down(void **state)
{
	fib_free(*state);
	return 0;
}

static void the_longest_prefix_wins(void **state)
{
	struct fib *fib = *state;

	assert_int_equal(resolve(fib, "fd00::1", 4), -ENETUNREACH);
	route(fib, "::", 0, 1, via("fe80::1", ETH0, 1));
	route(fib, "fd00::", 16, 1, via("fe80::2", ETH0, 1));
	route(fib, "fd00:0:0:8000::", 49, 1024, via("fe80::3", ETH1, 1));
	route(fib, "fd00::7", 128, 1024, via("fe80::4", ETH1, 1));

	assert_int_equal(resolve(fib, "2001:db8::1", 4), 1);
	assert_int_equal(resolve(fib, "fd00::1", 4), 2);
	assert_int_equal(resolve(fib, "fd00:0:0:8001::1", 4), 3);
	assert_int_equal(resolve(fib, "fd00:0:0:7fff::1", 4), 2);
	assert_int_equal(resolve(fib, "fd00::7", 4), 4);
	assert_int_equal(resolve(fib, "fd01::7", 4), 1);
}

static void the_lowest_metric_wins_and_the_next_one_follows_its_deletion(void **state)
{
	struct fib *fib = *state;
	union address network = ip("fd00::");

	route(fib, "fd00::", 16, 1024, via("fe80::1", ETH0, 1));
	route(fib, "fd00::", 16, 20, via("fe80::2", ETH0, 1));
	route(fib, "fd00::", 16, 4294967295, via("fe80::3", ETH1, 1));
	assert_int_equal(resolve(fib, "fd00::1", 4), 2);

	assert_int_equal(fib_delete_route(fib, &network, 16, 20), 1);
	assert_int_equal(fib_delete_route(fib, &network, 16, 20), 0);
	assert_int_equal(resolve(fib, "fd00::1", 4), 1);
	assert_int_equal(fib_delete_route(fib, &network, 16, 1024), 1);
	assert_int_equal(resolve(fib, "fd00::1", 4), 3);
	assert_int_equal(fib_delete_route(fib, &network, 16, 4294967295), 1);
	assert_int_equal(resolve(fib, "fd00::1", 4), -ENETUNREACH);
}

static void a_next_hop_says_link_and_both_mac_addresses(void **state)
{
	struct fib *fib = *state;
	union address destination = ip("fd00::1");
	struct next_hop expected = {
		.ifindex = ETH1,
		.mtu = 1500,
		.to = {4, 0, 0, 0, 0, 3},
		.from = {2, 0, 0, 0, 0, ETH1},
	};
	struct next_hop hops[2] = {};

	route(fib, "fd00::", 16, 1, via("fe80::3", ETH1, 1));
	assert_int_equal(fib_resolve(fib, &destination, hops, 2), 1);
	assert_memory_equal(&hops[0], &expected, sizeof(expected));
	assert_int_equal(hops[1].ifindex, 0);
}

static void ecmp_gives_all_hops_in_the_same_order_whatever_the_order_learned(void **state)
{
	struct fib *fib = *state;
	struct fib_hop forth[] = {via("fe80::1", ETH0, 1), via("fe80::2", ETH0, 1),
				  via("fe80::3", ETH1, 1)};
	struct fib_hop back[] = {forth[2], forth[1], forth[0]};
	struct fib_route one = route_of("fd00::", 16, 1, forth, 3);
	struct fib_route other = route_of("fd00::", 16, 1, back, 3);

	assert_int_equal(fib_set_route(fib, &one), 1);
	assert_int_equal(resolve(fib, "fd00::1", 4), 10203);
	assert_int_equal(fib_set_route(fib, &other), 0); /* the same route */
	assert_int_equal(resolve(fib, "fd00::1", 4), 10203);
}

static void legs_that_come_one_by_one_make_the_same_route(void **state)
{
	struct fib *fib = *state;
	struct fib_hop hops[] = {via("fe80::3", ETH1, 1), via("fe80::1", ETH0, 1),
				 via("fe80::3", ETH1, 2)};

	for (int i = 0; i < 3; i++) {
		struct fib_route leg = route_of("fd00::", 16, 1, &hops[i], 1);

		assert_int_equal(fib_append_route(fib, &leg), 1);
		assert_int_equal(fib_append_route(fib, &leg), 0);
	}
	assert_int_equal(resolve(fib, "fd00::1", 4), 10303);
}

static void one_network_on_two_links_is_searched_on_both(void **state)
{
	struct fib *fib = *state;
	struct fib_hop hops[] = {via("::", ETH0, 1), via("::", ETH1, 1)};

	for (int i = 0; i < 2; i++) {
		struct fib_route leg = route_of("fe80::", 64, 256, &hops[i], 1);

		assert_int_equal(fib_append_route(fib, &leg), 1);
	}
	assert_int_equal(resolve(fib, "fe80::2", 4), 2);
	assert_int_equal(resolve(fib, "fe80::4", 4), 4);
	assert_int_equal(resolve(fib, "fe80::5", 4), 0);
}

static void failed_neighbours_and_links_that_are_down_are_left_out(void **state)
{
	struct fib *fib = *state;
	struct fib_hop hops[] = {via("fe80::1", ETH0, 1), via("fe80::2", ETH0, 1),
				 via("fe80::3", ETH1, 1), via("fe80::9", ETH1, 1),
				 via("fe80::1", ETH2, 1)};
	struct fib_route added = route_of("fd00::", 16, 1, hops, 5);
	union address third = ip("fe80::3");

	route(fib, "::", 0, 1, via("fe80::4", ETH1, 1));
	assert_int_equal(fib_set_route(fib, &added), 1);
	assert_int_equal(resolve(fib, "fd00::1", 8), 10203);
	neighbour_fails(fib, ETH0, "fe80::1");
	assert_int_equal(resolve(fib, "fd00::1", 8), 203);
	link_down(fib, ETH0);
	assert_int_equal(resolve(fib, "fd00::1", 8), 3);
	assert_int_equal(fib_delete_neighbour(fib, ETH1, &third), 1);
	assert_int_equal(resolve(fib, "fd00::1", 8), 0); /* and not by the default route */
	assert_int_equal(fib_delete_link(fib, ETH1), 1);
	assert_int_equal(fib_delete_link(fib, ETH1), 0);
	assert_int_equal(resolve(fib, "2001:db8::1", 8), 0);
}

static void an_on_link_destination_is_its_own_neighbour(void **state)
{
	struct fib *fib = *state;

	route(fib, "fd00:1::", 64, 256, via("::", ETH0, 1));
	assert_int_equal(resolve(fib, "fd00:1::7", 4), 0);
	neighbour(fib, ETH1, "fd00:1::7", 71); /* on the wrong link */
	assert_int_equal(resolve(fib, "fd00:1::7", 4), 0);
	neighbour(fib, ETH0, "fd00:1::7", 70);
	assert_int_equal(resolve(fib, "fd00:1::7", 4), 70);
}

static void blackhole_and_unreachable_routes_hide_shorter_ones(void **state)
{
	struct fib *fib = *state;
	struct fib_hop hop = via("fe80::2", ETH0, 1);
	struct fib_route leg = route_of("fd00:1::", 32, 1024, &hop, 1);

	route(fib, "::", 0, 1, via("fe80::1", ETH0, 1));
	reject(fib, "fd00:1::", 32, FIB_BLACKHOLE);
	reject(fib, "fd00:2::", 32, FIB_UNREACHABLE);
	assert_int_equal(resolve(fib, "fd00:1::1", 4), -ENETUNREACH);
	assert_int_equal(resolve(fib, "fd00:2::1", 4), -ENETUNREACH);
	assert_int_equal(resolve(fib, "fd00:3::1", 4), 1);

	assert_int_equal(fib_append_route(fib, &leg), 1);
	assert_int_equal(resolve(fib, "fd00:1::1", 4), 2);
}

static void weights_become_repetitions_within_the_places_there_are(void **state)
{
	struct fib *fib = *state;
	struct fib_hop hops[] = {via("fe80::1", ETH0, 30), via("fe80::2", ETH0, 10),
				 via("fe80::3", ETH1, 20)};
	struct fib_route added = route_of("fd00::", 16, 1, hops, 3);

	assert_int_equal(fib_set_route(fib, &added), 1);
	assert_int_equal(resolve(fib, "fd00::1", 16), 10101020303);
	assert_int_equal(resolve(fib, "fd00::1", 6), 10101020303);
	assert_int_equal(resolve(fib, "fd00::1", 4), 1010203);
	assert_int_equal(resolve(fib, "fd00::1", 3), 10203);
	assert_int_equal(resolve(fib, "fd00::1", 2), 102);
	assert_int_equal(resolve(fib, "fd00::1", 0), 0);

	neighbour_fails(fib, ETH0, "fe80::1");
	assert_int_equal(resolve(fib, "fd00::1", 16), 20303);

	hops[1].weight = UINT32_MAX;
	assert_int_equal(fib_set_route(fib, &added), 1);
	assert_int_equal(resolve(fib, "fd00::1", 4), 2020203);
}

static void a_vlan_device_sends_by_its_parent_with_a_tag(void **state)
{
	struct fib *fib = *state;
	union address destination = ip("fd00::1");
	struct fib_link vlan = {
		.ifindex = VLAN100,
		.name = "eth1.100",
		.mac = {6, 0, 0, 0, 0, 1},
		.mtu = 9000,
		.running = true,
		.vlan = 100,
		.parent = ETH1,
	};
	struct next_hop hop;

	assert_int_equal(fib_set_link(fib, &vlan), 1);
	neighbour(fib, VLAN100, "fe80::3", 33);
	route(fib, "fd00::", 16, 1, via("fe80::3", VLAN100, 1));

	assert_int_equal(fib_resolve(fib, &destination, &hop, 1), 1);
	assert_int_equal(hop.ifindex, ETH1);
	assert_int_equal(hop.vlan, htons(100));
	assert_int_equal(hop.mtu, 9000);
	assert_int_equal(hop.to[5], 33);
	assert_memory_equal(hop.from, vlan.mac, sizeof(vlan.mac));

	link_down(fib, ETH1);
	assert_int_equal(fib_resolve(fib, &destination, &hop, 1), 0);
	vlan.parent = 0; /* tagged in a way that a next hop cannot say */
	assert_int_equal(fib_set_link(fib, &vlan), 1);
	assert_int_equal(fib_resolve(fib, &destination, &hop, 1), 0);
}

static void wanted_neighbours_are_named_once_resolved_or_not(void **state)
{
	struct fib *fib = *state;
	union address destinations[] = {ip("fd00::1"), ip("fd00::2"), ip("fd00:1::9"),
					ip("fd00:2::1"), ip("2001:db8::1")};
	struct fib_hop hops[] = {via("fe80::9", ETH1, 1), via("fe80::1", ETH0, 1),
				 via("fe80::1", ETH2, 1)};
	struct fib_route added = route_of("fd00::", 32, 1, hops, 3);
	struct fib_neighbour kept = {.ifindex = ETH0, .address = ip("fd00:1::9"), .kept = true};
	struct fib_wanted *wanted;
	size_t n;

	assert_int_equal(fib_set_route(fib, &added), 1);
	assert_int_equal(fib_set_neighbour(fib, &kept), 1);
	route(fib, "fd00:1::", 32, 1, via("::", ETH0, 1));
	reject(fib, "fd00:2::", 32, FIB_BLACKHOLE);

	assert_int_equal(fib_wanted_neighbours(fib, destinations, 5, &wanted, &n), 0);
	assert_int_equal(n, 3); /* eth2 does not exist */
	assert_int_equal(wanted[0].ifindex, ETH0);
	assert_true(address_equal(&wanted[0].address, &destinations[2]));
	assert_false(wanted[0].usable);
	assert_true(wanted[0].kept);
	assert_int_equal(wanted[1].ifindex, ETH0);
	assert_true(address_equal(&wanted[1].address, &hops[1].gateway));
	assert_true(wanted[1].usable);
	assert_false(wanted[1].kept);
	assert_int_equal(wanted[2].ifindex, ETH1);
	assert_true(address_equal(&wanted[2].address, &hops[0].gateway));
	assert_false(wanted[2].usable);
	free(wanted);

	assert_int_equal(fib_wanted_neighbours(fib, destinations + 3, 2, &wanted, &n), 0);
	assert_null(wanted);
	assert_int_equal(n, 0);
}

static void bits_beyond_the_prefix_do_not_make_another_route(void **state)
{
	struct fib *fib = *state;
	struct fib_hop hop = via("fe80::1", ETH0, 1);
	struct fib_route clean = route_of("fd00::", 9, 1, &hop, 1);
	struct fib_route dirty = route_of("fd7f:ffff::1", 9, 1, &hop, 1);
	union address network = ip("fd3f::");

	assert_int_equal(fib_set_route(fib, &dirty), 1);
	assert_int_equal(fib_set_route(fib, &clean), 0);
	assert_non_null(fib_route(fib, &network, 9));
	assert_null(fib_route(fib, &network, 10));
	assert_int_equal(fib_delete_route(fib, &network, 9, 1), 1);
}

static void what_cannot_be_is_refused(void **state)
{
	struct fib *fib = *state;
	struct fib_hop hop = via("fe80::1", ETH0, 0);
	struct fib_route weightless = route_of("fd00::", 16, 1, &hop, 1);
	struct fib_route hopless = route_of("fd00::", 16, 1, NULL, 0);
	struct fib_route long_one = route_of("fd00::", 129, 1, NULL, 0);
	struct fib_link nameless = {.mtu = 1500};

	long_one.type = FIB_BLACKHOLE;
	assert_int_equal(fib_set_route(fib, &weightless), -EINVAL);
	assert_int_equal(fib_set_route(fib, &hopless), -EINVAL);
	assert_int_equal(fib_set_route(fib, &long_one), -EINVAL);
	assert_int_equal(fib_set_link(fib, &nameless), -EINVAL);
	assert_int_equal(resolve(fib, "fd00::1", 4), -ENETUNREACH);
}

static void tables_learned_anew_say_whether_they_differ(void **state)
{
	struct fib *fib = *state;
	struct fib *anew = NULL;

	route(fib, "fd00::", 16, 1, via("fe80::1", ETH0, 1));
	set_up((void **)&anew);
	route(anew, "fd00::", 16, 1, via("fe80::1", ETH0, 1));
	assert_int_equal(fib_adopt(fib, anew, FIB_ALL), 0);

	assert_int_equal(fib_delete_link(anew, ETH1), 1);
	route(anew, "fd00::", 16, 2, via("fe80::1", ETH0, 1));
	assert_int_equal(fib_adopt(fib, anew, FIB_NEIGHBOURS), 0);
	assert_non_null(fib_link(fib, ETH1));
	assert_int_equal(fib_adopt(fib, anew, FIB_ROUTES), 1);
	assert_int_equal(fib_adopt(fib, anew, FIB_LINKS), 1);
	assert_null(fib_link(fib, ETH1));
	assert_non_null(fib_link(anew, ETH1));
	fib_free(anew);

	fib_clear(fib);
	assert_int_equal(resolve(fib, "fd00::1", 4), -ENETUNREACH);
	fib_free(NULL);
}

static void thousands_of_routes_are_found_in_whatever_order_they_came(void **state)
{
	struct fib *fib = *state;

	for (uint32_t i = 0; i < 4096; i++) {
		uint32_t number = i * 2053 % 4096; /* 2053 is odd: each number once */
		struct fib_hop hop = via(number % 2 ? "fe80::1" : "fe80::2", ETH0, 1);
		struct fib_route added = route_of("fd00::", 32, 1, &hop, 1);

		added.network.groups[1] = htons(number);
		assert_int_equal(fib_set_route(fib, &added), 1);
	}
	for (uint32_t number = 0; number < 4096; number++) {
		union address destination = ip("fd00::1");
		struct next_hop hop;

		destination.groups[1] = htons(number);
		assert_int_equal(fib_resolve(fib, &destination, &hop, 1), 1);
		assert_int_equal(hop.to[5], number % 2 ? 1 : 2);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_longest_prefix_wins),
		TEST(the_lowest_metric_wins_and_the_next_one_follows_its_deletion),
		TEST(a_next_hop_says_link_and_both_mac_addresses),
		TEST(ecmp_gives_all_hops_in_the_same_order_whatever_the_order_learned),
		TEST(legs_that_come_one_by_one_make_the_same_route),
		TEST(one_network_on_two_links_is_searched_on_both),
		TEST(failed_neighbours_and_links_that_are_down_are_left_out),
		TEST(an_on_link_destination_is_its_own_neighbour),
		TEST(blackhole_and_unreachable_routes_hide_shorter_ones),
		TEST(weights_become_repetitions_within_the_places_there_are),
		TEST(a_vlan_device_sends_by_its_parent_with_a_tag),
		TEST(wanted_neighbours_are_named_once_resolved_or_not),
		TEST(bits_beyond_the_prefix_do_not_make_another_route),
		TEST(what_cannot_be_is_refused),
		TEST(tables_learned_anew_say_whether_they_differ),
		TEST(thousands_of_routes_are_found_in_whatever_order_they_came),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
