/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lab/load/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

typedef int (*name_of_socket)(int fd, struct sockaddr *address, socklen_t *length);

static int endpoint_of(int fd, name_of_socket name, struct endpoint *ret)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address;
	socklen_t length = sizeof(address);

	if (name(fd, &address.any, &length) < 0)
		return -errno;
	memset(ret, 0, sizeof(*ret));
	if (address.any.sa_family == AF_INET) {
		ret->address.bytes[10] = ret->address.bytes[11] = 0xff;
		memcpy(&ret->address.bytes[12], &address.v4.sin_addr, 4);
		ret->port = address.v4.sin_port;
	} else {
		memcpy(&ret->address, &address.v6.sin6_addr, 16);
		ret->port = address.v6.sin6_port;
	}
	return 0;
}

static int peer_name(int fd, struct sockaddr *address, socklen_t *length)
{
	return getpeername(fd, address, length);
}

static int own_name(int fd, struct sockaddr *address, socklen_t *length)
{
	return getsockname(fd, address, length);
}

int socket_here(int fd, struct endpoint *ret)
{
	return endpoint_of(fd, own_name, ret);
}

int socket_there(int fd, struct endpoint *ret)
{
	return endpoint_of(fd, peer_name, ret);
}

socklen_t socket_address(const struct endpoint *endpoint, const union address *like,
			 struct sockaddr_storage *ret)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (address_is_v4(like)) {
		v4->sin_family = AF_INET;
		v4->sin_port = endpoint->port;
		memcpy(&v4->sin_addr, &endpoint->address.bytes[12], sizeof(v4->sin_addr));
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = endpoint->port;
	memcpy(&v6->sin6_addr, &endpoint->address, sizeof(v6->sin6_addr));
	return sizeof(*v6);
}
