/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sockets of this very process, in a network namespace of its own, where nobody else listens. */
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/listeners.h"
#include "io/netlink.h"

#define BACKLOG 7

static struct netlink *diag;

static struct {
	uint16_t port;
	uint32_t waiting, room;
	int count, v4;
} seen;

static void on_found(const union address *local, uint16_t port, uint32_t waiting, uint32_t room,
		     void *userdata)
{
	seen.port = port;
	seen.waiting = waiting;
	seen.room = room;
	seen.count++;
	seen.v4 += address_is_v4(local);
}

static int listen_on(int family, uint16_t *ret_port)
{
	struct sockaddr_in6 address = {.sin6_family = family};
	socklen_t size = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(address);
	int fd = socket(family, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(fd, BACKLOG), 0);
	size = sizeof(address);
	getsockname(fd, (struct sockaddr *)&address, &size);
	*ret_port = ntohs(address.sin6_port); /* at the same place in both families */
	return fd;
}

static void look(void)
{
	seen.count = seen.v4 = 0;
	assert_int_equal(listeners_read(diag, on_found, NULL), 0);
}

static void who_listens_is_seen_with_his_backlog(void **state)
{
	uint16_t port;
	int fd = listen_on(AF_INET6, &port);

	look();
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.v4, 0);
	assert_int_equal(seen.port, port);
	assert_int_equal(seen.waiting, 0);
	assert_int_equal(seen.room, BACKLOG);
	close(fd);
	look();
	assert_int_equal(seen.count, 0);
}

static void sockets_of_both_families_are_seen(void **state)
{
	uint16_t port;
	int four = listen_on(AF_INET, &port), six = listen_on(AF_INET6, &port);

	look();
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.v4, 1);
	close(four);
	close(six);
}

static void connections_that_wait_to_be_accepted_are_counted(void **state)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int clients[3], fd;
	uint16_t port;

	system("ip link set lo up");
	fd = listen_on(AF_INET, &port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons(port);
	for (int i = 0; i < 3; i++) {
		clients[i] = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(connect(clients[i], (struct sockaddr *)&to, sizeof(to)), 0);
	}
	look();
	assert_int_equal(seen.count, 1); /* connections are no listeners */
	assert_int_equal(seen.waiting, 3);
	for (int i = 0; i < 3; i++)
		close(clients[i]);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_listens_is_seen_with_his_backlog),
		cmocka_unit_test(sockets_of_both_families_are_seen),
		cmocka_unit_test(connections_that_wait_to_be_accepted_are_counted),
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0 || netlink_new_diag(&diag) < 0) {
		printf("1..0 # SKIP a network namespace of its own needs root\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
