/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A client that a test plays itself: it writes its segments into the TUN device and reads the
 * server's, so that the server's sockets are in exactly the state that the test wants. And the
 * server's sockets, which are closed when the next test begins.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct client {
	int v;
	uint16_t port;
	uint16_t vip_port; /* 0: 80 */
	uint32_t sent;	   /* sequence number of the next byte that it sends */
	uint32_t received; /* of the next byte that it expects */
};

/* A client on a port that no test has used before. */
struct client client_new(int v);

/* Half-open on the server: the SYN-ACK came, its ACK is not sent yet. */
void client_half_open(struct client *client);

void client_open(struct client *client);

/* Ends the handshake of a half-open connection with an ACK that has these options. */
void client_acknowledge(struct client *client, const void *options, size_t size);

/* The server has closed first, and holds the connection in TIME_WAIT. */
void client_let_server_close(struct client *client, int connection);

/* A socket that listens on the VIP's port; TCP or UDP. */
int server_listen(int v, int port);
int server_bind_udp(int v, int port);

/* A dual-stack socket that listens on every address. */
int server_listen_anywhere(int port);

int server_accept(int listener);

void server_close_all(void);
