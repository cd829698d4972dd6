/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "bench/sockets.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "bench/driver.h"
#include "bench/world.h"
#include "io/rtnetlink.h"

#define WAIT_STEP_MS 10
#define WAIT_MAX_MS 3000

static int link_up(const char *name)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {};

	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return -errno;
	request.ifr_flags |= IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
}

int sockets_enter_namespace(void)
{
	int r = unshare(CLONE_NEWNET) < 0 ? -errno : link_up("lo");

	if (r < 0)
		log_error("cannot have a network namespace: %s: run as root", strerror(-r));
	return r;
}

static union address client_address(bool v6)
{
	union address client = {.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 0x0c}};

	client.halves[1] = flow_client_low(0);
	if (!v6)
		address_from_v4(&client, flow_client_v4(0));
	return client;
}

static socklen_t socket_address(const union address *address, __be16 port,
				struct sockaddr_storage *ret)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = port};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = port};

	memset(ret, 0, sizeof(*ret));
	if (address_is_v4(address)) {
		v4.sin_addr.s_addr = address->words[3];
		memcpy(ret, &v4, sizeof(v4));
		return sizeof(v4);
	}
	memcpy(&v6.sin6_addr, address, sizeof(*address));
	memcpy(ret, &v6, sizeof(v6));
	return sizeof(v6);
}

static int bound_socket(const union address *address, __be16 port)
{
	struct sockaddr_storage name;
	socklen_t size = socket_address(address, port, &name);
	int fd = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&name, size) < 0) {
		close(fd);
		return -errno;
	}
	return fd < 0 ? -errno : fd;
}

/* The kernel finishes an IPv6 address and its route in the background. */
static int connect_in_time(int fd, const struct sockaddr_storage *name, socklen_t size)
{
	for (int waited_ms = 0;; waited_ms += WAIT_STEP_MS) {
		if (connect(fd, (const struct sockaddr *)name, size) == 0)
			return 0;
		if (waited_ms >= WAIT_MAX_MS)
			return -errno;
		poll(NULL, 0, WAIT_STEP_MS);
	}
}

static int connect_one(bool v6, const union address *client, __be16 client_port, __be16 port, int *fds)
{
	struct sockaddr_storage name;
	socklen_t size = socket_address(world_vip(v6), port, &name);
	int r;

	fds[0] = bound_socket(world_vip(v6), port);
	if (fds[0] < 0)
		return fds[0];
	fds[SOCKETS_CLIENT] = bound_socket(client, client_port);
	if (fds[SOCKETS_CLIENT] < 0)
		return fds[SOCKETS_CLIENT];
	if (listen(fds[0], 1) < 0)
		return -errno;
	r = connect_in_time(fds[SOCKETS_CLIENT], &name, size);
	if (r < 0)
		return r;
	fds[SOCKETS_SERVER] = accept4(fds[0], NULL, NULL, SOCK_CLOEXEC);
	return fds[SOCKETS_SERVER] < 0 ? -errno : 0;
}

int sockets_hasten(int client, int server)
{
	int yes = 1, r = setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));

	if (r == 0)
		r = setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	return r < 0 ? -errno : 0;
}

/* Of flow 0, whose client will be elsewhere; and one that lives here. */
static int connect_both(bool v6, struct sockets *sockets)
{
	static const union address loopback_v4 = {.bytes = {[10] = 0xff, 0xff, 127, 0, 0, 1}};
	static const union address loopback_v6 = {.bytes = {[15] = 1}};
	union address client = client_address(v6);
	int r = connect_one(v6, &client, flow_client_port(0), WIRE_BE16(PORT_LISTENING),
			    sockets->fds + v6 * SOCKETS_EACH);

	if (r == 0)
		r = connect_one(v6, v6 ? &loopback_v6 : &loopback_v4, 0, WIRE_BE16(PORT_STAMPED),
				sockets->living + v6 * SOCKETS_EACH);
	return r < 0 ? r
		     : sockets_hasten(sockets->living[v6 * SOCKETS_EACH + SOCKETS_CLIENT],
				      sockets->living[v6 * SOCKETS_EACH + SOCKETS_SERVER]);
}

static int add_addresses(struct rtnetlink *netlink)
{
	for (int v6 = 0; v6 < 2; v6++) {
		union address client = client_address(v6);
		int r = rtnetlink_address_add(netlink, LOOPBACK, world_vip(v6), 128);

		if (r >= 0)
			r = rtnetlink_address_add(netlink, LOOPBACK, &client, 128);
		if (r < 0)
			return r;
	}
	return 0;
}

int sockets_connect(struct sockets *ret)
{
	struct rtnetlink *netlink = NULL;
	int r = rtnetlink_new(NULL, NULL, NULL, NULL, &netlink);

	if (r == 0)
		r = add_addresses(netlink);
	rtnetlink_free(netlink);
	for (int v6 = 0; v6 < 2 && r == 0; v6++)
		r = connect_both(v6, ret);
	if (r < 0)
		log_error("cannot connect on the loopback device: %s", strerror(-r));
	return r;
}
