/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * holdfast-stray: segments of connections that no server has, to see what becomes of them. A tool of
 * the lab; packets with forged sources stay in its network namespaces.
 *
 *	holdfast-stray strangers ADDRESS PORT COUNT SECONDS
 *		COUNT sockets that believe they are connected (TCP_REPAIR, tcp(7) of Linux 3.5) send a
 *		byte each. Prints how many were reset, how many heard nothing, and the first one's port.
 *	holdfast-stray flood ADDRESS PORT RATE SECONDS
 *		so many forged segments a second, of as many networks and ports as there are.
 *	holdfast-stray datagram ADDRESS PROTOCOL
 *		one IPv6 packet of that protocol number, which carries what stands on stdin, in hexadecimal.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

union endpoint {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t endpoint_size(const union endpoint *to)
{
	return to->any.sa_family == AF_INET ? sizeof(to->v4) : sizeof(to->v6);
}

static bool endpoint_parse(const char *address, const char *port, union endpoint *ret)
{
	*ret = (union endpoint){};
	if (inet_pton(AF_INET, address, &ret->v4.sin_addr) == 1) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons(atoi(port));
		return true;
	}
	ret->v6.sin6_family = AF_INET6;
	ret->v6.sin6_port = htons(atoi(port));
	return inet_pton(AF_INET6, address, &ret->v6.sin6_addr) == 1;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* Strangers */

/* In repair mode connect() sends nothing and believes everything. */
static int stranger(const union endpoint *to)
{
	int fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1, off = 0;

	if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) < 0 ||
	    connect(fd, &to->any, endpoint_size(to)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off)) < 0 ||
	    send(fd, "x", 1, MSG_NOSIGNAL) != 1) {
		log_error("a connection that is none cannot be made: %s", strerror(errno));
		exit(EXIT_FAILURE);
	}
	return fd;
}

static int port_of(int fd)
{
	union endpoint own = {};
	socklen_t size = sizeof(own);

	getsockname(fd, &own.any, &size);
	return ntohs(own.any.sa_family == AF_INET ? own.v4.sin_port : own.v6.sin6_port);
}

static bool was_reset(int fd)
{
	int error = 0;
	socklen_t size = sizeof(error);

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	return error == ECONNRESET;
}

static int strangers(const union endpoint *to, int count, int seconds)
{
	struct pollfd *sockets = calloc(count, sizeof(*sockets));
	uint64_t end = now_ns() + seconds * 1000000000ULL;
	int reset = 0, open = count, port;

	for (int i = 0; i < count; i++)
		sockets[i] = (struct pollfd){.fd = stranger(to), .events = POLLIN};
	port = port_of(sockets[0].fd);
	while (open && now_ns() < end) {
		poll(sockets, count, 100);
		for (int i = 0; i < count; i++) {
			if (sockets[i].fd < 0 || !sockets[i].revents)
				continue;
			reset += was_reset(sockets[i].fd);
			open--;
			sockets[i].fd = -1;
		}
	}
	printf("{\"count\": %d, \"reset\": %d, \"silent\": %d, \"port\": %d}\n", count, reset, open,
	       port);
	return EXIT_SUCCESS;
}

/* A flood */

struct forged {
	uint8_t bytes[60];
	size_t size;
};

static uint32_t dice(void)
{
	static uint32_t pool[1024];
	static size_t left;

	if (!left) {
		left = sizeof(pool) / sizeof(*pool);
		if (getrandom(pool, sizeof(pool), 0) != sizeof(pool))
			exit(EXIT_FAILURE);
	}
	return pool[--left];
}

static uint16_t checksum(const void *data, size_t size, uint32_t sum)
{
	const uint16_t *words = data;

	for (size_t i = 0; i < size / 2; i++)
		sum += words[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* The addresses stand at the end of the IP header, whichever it is. */
static void tcp_forge(struct forged *packet, size_t at, size_t addresses, uint16_t port)
{
	struct tcphdr *tcp = (struct tcphdr *)(packet->bytes + at);
	uint32_t sum = htons(IPPROTO_TCP) + htons(sizeof(*tcp));

	*tcp = (struct tcphdr){
		.source = htons(1024 + dice() % 60000),
		.dest = port,
		.seq = dice(),
		.ack_seq = dice(),
		.doff = 5,
		.ack = 1,
		.window = htons(1000),
	};
	for (size_t i = at - addresses; i < at; i += 2)
		sum += *(uint16_t *)(packet->bytes + i);
	tcp->check = checksum(tcp, sizeof(*tcp), sum);
	packet->size = at + sizeof(*tcp);
}

/* From 198.18.0.0/15 (RFC 2544), or 2001:db8:bad::/48: 512 networks, or 65,536. */
static void forge(const union endpoint *to, struct forged *packet)
{
	memset(packet, 0, sizeof(*packet));
	if (to->any.sa_family == AF_INET) {
		uint32_t from = htonl(0xc6120000 | (dice() & 0x1ffff));

		memcpy(packet->bytes, "\x45\0\0\x28\0\0\0\0\x40\x06", 10);
		memcpy(packet->bytes + 12, &from, 4);
		memcpy(packet->bytes + 16, &to->v4.sin_addr, 4);
		tcp_forge(packet, 20, 8, to->v4.sin_port);
	} else {
		uint32_t network = dice(), host = dice();

		memcpy(packet->bytes, "\x60\0\0\0\0\x14\x06\x40\x20\x01\x0d\xb8\x0b\xad", 14);
		memcpy(packet->bytes + 14, &network, 4);
		memcpy(packet->bytes + 20, &host, 4);
		memcpy(packet->bytes + 24, &to->v6.sin6_addr, 16);
		tcp_forge(packet, 40, 32, to->v6.sin6_port);
	}
}

static int flood(const union endpoint *to, int rate, int seconds)
{
	int fd = socket(to->any.sa_family, SOCK_RAW, IPPROTO_RAW);
	uint64_t begin = now_ns(), end = begin + seconds * 1000000000ULL, sent = 0, now;
	union endpoint bare = *to;

	if (to->any.sa_family == AF_INET6)
		bare.v6.sin6_port = 0; /* raw(7) of IPv6 takes it for a protocol */
	if (fd < 0) {
		log_error("no raw socket: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	while ((now = now_ns()) < end) {
		while (sent < (now - begin) * rate / 1000000000ULL) {
			struct forged packet;

			forge(to, &packet);
			if (sendto(fd, packet.bytes, packet.size, 0, &bare.any,
				   endpoint_size(to)) < 0) {
				log_error("a forged segment cannot be sent: %s", strerror(errno));
				return EXIT_FAILURE;
			}
			sent++;
		}
		poll(NULL, 0, 1);
	}
	printf("{\"sent\": %llu}\n", (unsigned long long)sent);
	return EXIT_SUCCESS;
}

/* A datagram */

static int datagram(const char *address, int protocol)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6};
	int fd = socket(AF_INET6, SOCK_RAW, protocol);
	uint8_t bytes[1400];
	unsigned int byte;
	size_t size = 0;

	while (size < sizeof(bytes) && scanf("%2x", &byte) == 1)
		bytes[size++] = byte;
	if (fd < 0 || inet_pton(AF_INET6, address, &to.sin6_addr) != 1 ||
	    sendto(fd, bytes, size, 0, (struct sockaddr *)&to, sizeof(to)) < 0) {
		log_error("a datagram cannot be sent to %s: %s", address, strerror(errno));
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	union endpoint to;

	if (argc == 4 && strcmp(argv[1], "datagram") == 0)
		return datagram(argv[2], atoi(argv[3]));
	if (argc != 6 || !endpoint_parse(argv[2], argv[3], &to)) {
		log_error("usage: holdfast-stray strangers|flood ADDRESS PORT COUNT|RATE SECONDS, or datagram ADDRESS PROTOCOL");
		return 2;
	}
	if (strcmp(argv[1], "strangers") == 0)
		return strangers(&to, atoi(argv[4]), atoi(argv[5]));
	return flood(&to, atoi(argv[4]), atoi(argv[5]));
}
