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
	struct client client = {.v = v, .port = port++, .sent = 1000, .tsval = 1000};

	return client;
}

struct flow client_flow(const struct client *client)
{
	struct flow flow = flow_of(client->v, IPPROTO_TCP, client->vip_port);

	flow.client_port = htons(client->port);
	return flow;
}

uint16_t client_mark(const struct client *client, int backend, int epoch)
{
	struct flow flow = client_flow(client);

	return cookie_mark(backend, flow_hash(&flow, &agent_hash_key), epoch, &agent_cookie_keys);
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

static void put32(uint8_t *at, uint32_t value)
{
	value = htonl(value);
	memcpy(at, &value, sizeof(value));
}

#define send_frame(client, offset, size_, bytes_, options_size, flags_)                            \
	do {                                                                                       \
		const struct frame segment_ =                                                      \
			FRAME(FROM_FABRIC, FROM_CLIENT((client)->v),                               \
			      TCP(.from_port = (client)->port, .to_port = (client)->vip_port,      \
				  .sequence = (client)->sent - (offset),                           \
				  .acknowledged = (client)->received, .flags = (flags_),           \
				  .bytes = (bytes_), .size = (options_size)),                      \
			      PAYLOAD(size_));                                                     \
		assert_int_equal(write(agent_tap(), segment_.bytes, segment_.size),                \
				 (int)segment_.size);                                              \
	} while (0)

/* With the timestamps that a client writes who has them, and the MSS in a SYN. */
static void send_segment(struct client *client, uint32_t back, size_t size, uint8_t flags)
{
	uint8_t options[16] = {2, 4, 5, 0xb4, 1, 1, 8, 10};
	size_t from = flags & TCP_SYN ? 0 : 4, to = client->timestamps ? 16 : 4;

	put32(options + 8, client->tsval++);
	put32(options + 12, client->tsecr);
	send_frame(client, back, size, options + from, to - from, flags);
}

void client_say(struct client *client, uint8_t flags)
{
	send_segment(client, 0, 0, flags);
	client->sent += !!(flags & TCP_SYN) + !!(flags & TCP_FIN); /* each counts as one byte */
}

void client_repeat(struct client *client, uint32_t back)
{
	send_segment(client, back, 1, TCP_ACK);
}

/* The TCP header of a packet to the client; NULL for any other packet. */
static const uint8_t *segment_of(const struct client *client, const uint8_t *frame, ssize_t size)
{
	const uint8_t *packet = frame + 14, *tcp = packet + (client->v == V6 ? 40 : 20);
	int protocol = client->v == V6 ? packet[6] : packet[9];

	if (tcp + 20 > frame + size || packet[0] >> 4 != (client->v == V6 ? 6 : 4) ||
	    protocol != IPPROTO_TCP)
		return NULL;
	return (tcp[2] << 8 | tcp[3]) == client->port ? tcp : NULL;
}

/* Whatever was written on its way out, the segment must be whole (RFC 9293, 3.1). */
static void check_sum(const struct client *client, const uint8_t *tcp)
{
	const uint8_t *packet = tcp - (client->v == V6 ? 40 : 20);
	size_t size = client->v == V6 ? (size_t)(packet[4] << 8 | packet[5])
				      : (size_t)(packet[2] << 8 | packet[3]) - 20;
	uint8_t pseudo[4] = {0, IPPROTO_TCP, size >> 8, size};
	uint32_t sum = client->v == V6 ? checksum_add(0, packet + 8, 32)
				       : checksum_add(0, packet + 12, 8);

	sum = checksum_add(checksum_add(sum, pseudo, sizeof(pseudo)), tcp, size);
	assert_int_equal(checksum_end(sum), 0);
}

/* Of the server's segments; those of a SYN-ACK stand behind others. */
static void read_timestamps(const uint8_t *tcp, struct heard *heard)
{
	size_t end = (tcp[12] >> 4) * 4, at = 20;

	while (at + 10 <= end && tcp[at] != 8 && tcp[at] != 0)
		at += tcp[at] == 1 || tcp[at + 1] < 2 ? 1 : tcp[at + 1];
	if (at + 10 > end || tcp[at] != 8)
		return;
	heard->timestamps = true;
	heard->tsval = get32(tcp + at + 2);
	heard->tsecr = get32(tcp + at + 6);
}

struct heard client_hear(struct client *client, uint8_t flags)
{
	struct pollfd readable = {.fd = agent_tap(), .events = POLLIN};
	uint8_t frame[2048];

	for (;;) {
		struct heard heard = {};
		const uint8_t *tcp;
		ssize_t size;

		if (poll(&readable, 1, PATIENCE_MS) != 1)
			fail_msg("waited for a segment with flags %02x", flags);
		size = read(agent_tap(), frame, sizeof(frame));
		assert_true(size > 0);
		tcp = segment_of(client, frame, size);
		if (!tcp || (tcp[13] & flags) != flags)
			continue;
		check_sum(client, tcp);
		heard.flags = tcp[13];
		read_timestamps(tcp, &heard);
		if (tcp[13] & (TCP_SYN | TCP_FIN)) /* each counts as one byte */
			client->received = get32(tcp + 4) + 1;
		if (heard.timestamps)
			client->tsecr = heard.tsval;
		return heard;
	}
}

void client_half_open(struct client *client)
{
	client_say(client, TCP_SYN);
	client_hear(client, TCP_SYN | TCP_ACK);
}

void client_acknowledge(struct client *client, const void *options, size_t size)
{
	send_frame(client, 0, 0, options, size, TCP_ACK);
}

void client_open(struct client *client)
{
	client_half_open(client);
	client_say(client, TCP_ACK);
}

void client_let_server_close(struct client *client, int connection)
{
	assert_int_equal(shutdown(connection, SHUT_WR), 0);
	client_hear(client, TCP_FIN);
	client_say(client, TCP_FIN | TCP_ACK);
	client_hear(client, TCP_ACK);
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

static int bound_socket(int v, int kind, int protocol, const char *address, int port)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = server_keep(socket(v == V6 ? AF_INET6 : AF_INET, kind, protocol)), on = 1, r;

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

static int listen_by(int protocol, int v, int port)
{
	int fd = bound_socket(v, SOCK_STREAM, protocol, VIP(v), port);

	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

int server_listen(int v, int port)
{
	return listen_by(IPPROTO_TCP, v, port);
}

int server_listen_multipath(int v, int port)
{
	return listen_by(IPPROTO_MPTCP, v, port);
}

int server_listen_anywhere(int port)
{
	int fd = bound_socket(V6, SOCK_STREAM, 0, "::", port);

	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

int server_bind_udp(int v, int port)
{
	return bound_socket(v, SOCK_DGRAM, 0, VIP(v), port);
}

int server_accept(int listener)
{
	struct pollfd readable = {.fd = listener, .events = POLLIN};

	if (poll(&readable, 1, PATIENCE_MS) != 1)
		fail_msg("waited for a connection to accept");
	return server_keep(accept(listener, NULL, NULL));
}
