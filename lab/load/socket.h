/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Ends of a connection as the kernel knows them. */
#pragma once

#include <sys/socket.h>

#include "base/address.h"

#ifndef IPPROTO_MPTCP /* not in the C library of Debian 12 */
#define IPPROTO_MPTCP 262
#endif

/* Of a socket, IPv4 as v4-mapped. 0 or negative errno. */
int socket_here(int fd, struct endpoint *ret);
int socket_there(int fd, struct endpoint *ret);

/* What bind(2) and connect(2) take, in the family of `like`; its size. */
socklen_t socket_address(const struct endpoint *endpoint, const union address *like,
			 struct sockaddr_storage *ret);
