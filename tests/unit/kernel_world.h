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
#pragma once

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
#include "tests/address_of.h"

#define PROTOCOL 77

struct world {
	int home, own, peer; /* namespaces */
	sd_event *event;
	struct fib *fib;
	struct rtnetlink *nl;
	uint32_t a0, a1, lo;
	int changes;
};

static inline bool run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline bool run(const char *format, ...)
{
	char command[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	return system(command) == 0;
}

#define IP(format, ...) assert_true(run("ip " format, ##__VA_ARGS__))

static inline void enter(int namespace)
{
	assert_int_equal(setns(namespace, CLONE_NEWNET), 0);
}

static inline int fresh_namespace(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	sysctl_write("net/ipv6/conf/default/accept_dad", "0");
	sysctl_write("net/ipv6/conf/default/addr_gen_mode", "1"); /* only addresses we gave */
	return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

static inline void on_changed(void *userdata)
{
	((struct world *)userdata)->changes++;
}

static inline void make_links(struct world *world)
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

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
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

static inline struct world *world_of(void **state)
{
	struct world *world = *state;

	if (!world->nl)
		skip();
	return world;
}

static inline uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

#define WAIT_MS 30000 /* a managed neighbour that was away is asked for every 5 s */

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
static inline int hops(struct world *world)
{
	union address destination = address_of("2001:db8::1");
	struct next_hop found[8];

	return fib_resolve(world->fib, &destination, found, 8);
}

static inline const struct fib_neighbour *neighbour(struct world *world, uint32_t ifindex,
					     const char *address)
{
	union address key = address_of(address);

	return fib_neighbour(world->fib, ifindex, &key);
}

static inline bool neighbour_usable(struct world *world, uint32_t ifindex, const char *address)
{
	const struct fib_neighbour *found = neighbour(world, ifindex, address);

	return found && found->usable;
}

static inline bool neighbour_kept(struct world *world, uint32_t ifindex, const char *address)
{
	const struct fib_neighbour *found = neighbour(world, ifindex, address);

	return found && found->kept;
}

static inline void both_neighbours_are_known(struct world *world)
{
	IP("neigh add fe80::b0 lladdr 02:00:00:00:00:b0 dev a0");
	IP("neigh add fe80::b1 lladdr 02:00:00:00:00:b1 dev a1");
	UNTIL(world, neighbour_usable(world, world->a0, "fe80::b0") &&
			     neighbour_usable(world, world->a1, "fe80::b1"));
}

#define KERNEL_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
