/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A client that a test plays itself: it writes its segments into the TAP device and reads the
 * server's, so that the server's sockets are in exactly the state that the test wants. And the
 * server's sockets, which are closed when the next test begins.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/flow.h"

struct client {
	int v;
	uint16_t port;
	uint16_t vip_port; /* 0: 80 */
	uint32_t sent;	   /* sequence number of the next byte that it sends */
	uint32_t received; /* of the next byte that it expects */
	bool timestamps;   /* offered in its SYN; the rest is of no use without */
	uint32_t tsval;	   /* its own clock, which goes on with each segment */
	uint32_t tsecr;	   /* the echo of its next segment: the server's newest TSval, or what a test says */
};

/* A segment of the server's, as the client has it. */
struct heard {
	uint8_t flags;
	bool timestamps;
	uint32_t tsval, tsecr;
};

/* The client's flow, and the lower half of the stamps that a backend writes for it in the epoch. */
struct flow client_flow(const struct client *client);
uint16_t client_mark(const struct client *client, int backend, int epoch);

/* A client on a port that no test has used before. */
struct client client_new(int v);

/* Half-open on the server: the SYN-ACK came, its ACK is not sent yet. */
void client_half_open(struct client *client);

void client_open(struct client *client);

/* Ends the handshake of a half-open connection with an ACK that has these options. */
void client_acknowledge(struct client *client, const void *options, size_t size);

/* Sends a segment without data; or one byte that stands `back` bytes before the next one. */
void client_say(struct client *client, uint8_t flags);
void client_repeat(struct client *client, uint32_t back);

/* Waits for a segment of the server with all of `flags`; what else comes meanwhile is passed over. */
struct heard client_hear(struct client *client, uint8_t flags);

/* The server has closed first, and holds the connection in TIME_WAIT. */
void client_let_server_close(struct client *client, int connection);

/* A socket that listens on the VIP's port; TCP or UDP. */
int server_listen(int v, int port);
int server_listen_multipath(int v, int port);
int server_bind_udp(int v, int port);

/* A dual-stack socket that listens on every address. */
int server_listen_anywhere(int port);

int server_accept(int listener);

void server_close_all(void);
