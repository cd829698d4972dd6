/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/packet/agent_world.h"
#include "tests/packet/client.h"

#define PATIENCE_MS 2000

struct client client_new(int v)
{
	static uint16_t port = 20000;
	struct client client = {.v = v, .port = port++, .sent = 1000};

	return client;
}

#define client_send(client, ...)                                                                   \
	do {                                                                                       \
		const struct frame segment_ =                                                      \
			FRAME(FROM_CLIENT((client)->v),                                            \
			      TCP(.from_port = (client)->port, .to_port = (client)->vip_port,       \
				  .sequence = (client)->sent,         \
				  .acknowledged = (client)->received, __VA_ARGS__));               \
		assert_int_equal(write(agent_tun(), segment_.bytes, segment_.size),                \
				 (int)segment_.size);                                              \
	} while (0)

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

/* The TCP header of a packet to the client; NULL for any other packet. */
static const uint8_t *segment_of(const struct client *client, const uint8_t *packet, ssize_t size)
{
	const uint8_t *tcp = packet + (client->v == V6 ? 40 : 20);
	int protocol = client->v == V6 ? packet[6] : packet[9];

	if (packet[0] >> 4 != (client->v == V6 ? 6 : 4) || protocol != IPPROTO_TCP ||
	    tcp + 20 > packet + size)
		return NULL;
	return (tcp[2] << 8 | tcp[3]) == client->port ? tcp : NULL;
}

/* Waits for a segment of the server with all of `flags`. */
static void client_receive(struct client *client, uint8_t flags)
{
	struct pollfd readable = {.fd = agent_tun(), .events = POLLIN};
	uint8_t packet[2048];

	for (;;) {
		const uint8_t *tcp;
		ssize_t size;

		if (poll(&readable, 1, PATIENCE_MS) != 1)
			fail_msg("waited for a segment with flags %02x", flags);
		size = read(agent_tun(), packet, sizeof(packet));
		assert_true(size > 0);
		tcp = segment_of(client, packet, size);
		if (!tcp || (tcp[13] & flags) != flags)
			continue;
		if (tcp[13] & (TCP_SYN | TCP_FIN)) /* each counts as one byte */
			client->received = get32(tcp + 4) + 1;
		return;
	}
}

void client_half_open(struct client *client)
{
	client_send(client, .flags = TCP_SYN, MSS_OPTION);
	client->sent++;
	client_receive(client, TCP_SYN | TCP_ACK);
}

void client_acknowledge(struct client *client, const void *options, size_t size)
{
	client_send(client, .flags = TCP_ACK, .bytes = options, .size = size);
}

void client_open(struct client *client)
{
	client_half_open(client);
	client_send(client, .flags = TCP_ACK);
}

void client_let_server_close(struct client *client, int connection)
{
	assert_int_equal(shutdown(connection, SHUT_WR), 0);
	client_receive(client, TCP_FIN);
	client_send(client, .flags = TCP_FIN | TCP_ACK);
	client->sent++;
	client_receive(client, TCP_ACK);
}

static int sockets[32], sockets_count;

static int server_keep(int fd)
{
	assert_true(fd >= 0);
	assert_true(sockets_count < (int)(sizeof(sockets) / sizeof(sockets[0])));
	sockets[sockets_count++] = fd;
	return fd;
}

void server_close_all(void)
{
	while (sockets_count)
		close(sockets[--sockets_count]);
}

static int bound_socket(int v, int kind, const char *address, int port)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = server_keep(socket(v == V6 ? AF_INET6 : AF_INET, kind, 0)), on = 1, r;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	if (v == V6) {
		assert_int_equal(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
		r = bind(fd, (struct sockaddr *)&v6, sizeof(v6));
	} else {
		assert_int_equal(inet_pton(AF_INET, address, &v4.sin_addr), 1);
		r = bind(fd, (struct sockaddr *)&v4, sizeof(v4));
	}
	assert_int_equal(r, 0);
	return fd;
}

int server_listen(int v, int port)
{
	int fd = bound_socket(v, SOCK_STREAM, VIP(v), port);

	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

int server_listen_anywhere(int port)
{
	int fd = bound_socket(V6, SOCK_STREAM, "::", port);

	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

int server_bind_udp(int v, int port)
{
	return bound_socket(v, SOCK_DGRAM, VIP(v), port);
}

int server_accept(int listener)
{
	struct pollfd readable = {.fd = listener, .events = POLLIN};

	if (poll(&readable, 1, PATIENCE_MS) != 1)
		fail_msg("waited for a connection to accept");
	return server_keep(accept(listener, NULL, NULL));
}
