/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the agent asks the host about: in a network namespace of the benchmark's own, the VIPs on the
 * loopback device, a listener on each, and a connection from the client of flow 0. And what the agent sees
 * leave: connections whose both ends live there, to a service with cookies, for as long as the process does.
 */
#pragma once

#define SOCKETS_EACH 3 /* listener, client, server */
#define SOCKETS_CLIENT 1
#define SOCKETS_SERVER 2

struct sockets {
	int fds[2 * SOCKETS_EACH];
	int living[2 * SOCKETS_EACH];
};

/* Leaves the host's network for good. 0 or a negative errno, said to stderr. */
int sockets_enter_namespace(void);

/* 0 or a negative errno, said to stderr. The sockets are open until the process ends. */
int sockets_connect(struct sockets *ret);

/* What both send leaves at once, whatever has been acknowledged. 0 or a negative errno. */
int sockets_hasten(int client, int server);
