/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "io/datagrams.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "io/source.h"

#define TAKEN_AT_ONCE 1024 /* then the loop's other sources have their turn */
#define BUFFER (4 << 20)   /* a flood's answers come in bursts */

struct datagrams {
	sd_event *event;
	sd_event_source *readable;
	datagrams_fn came;
	void *userdata;
	int protocol;
	union address at;
	int fd; /* -1: not bound */
	_Alignas(uint64_t) unsigned char message[DATAGRAM_MAX];
};

static void unbind(struct datagrams *datagrams)
{
	datagrams->readable = sd_event_source_disable_unref(datagrams->readable);
	if (datagrams->fd >= 0)
		close(datagrams->fd);
	datagrams->fd = -1;
}

int datagrams_new(sd_event *event, int protocol, datagrams_fn came, void *userdata,
		  struct datagrams **ret)
{
	struct datagrams *datagrams = calloc(1, sizeof(*datagrams));

	if (!datagrams)
		return -ENOMEM;
	datagrams->event = sd_event_ref(event);
	datagrams->protocol = protocol;
	datagrams->came = came;
	datagrams->userdata = userdata;
	datagrams->fd = -1;
	*ret = datagrams;
	return 0;
}

struct datagrams *datagrams_free(struct datagrams *datagrams)
{
	if (!datagrams)
		return NULL;
	unbind(datagrams);
	sd_event_unref(datagrams->event);
	free(datagrams);
	return NULL;
}

static bool receive(struct datagrams *datagrams)
{
	struct sockaddr_in6 from;
	socklen_t length = sizeof(from);
	union address address;
	ssize_t size = recvfrom(datagrams->fd, datagrams->message, sizeof(datagrams->message),
				MSG_TRUNC, (struct sockaddr *)&from, &length);

	if (size < 0)
		return false;
	memcpy(&address, &from.sin6_addr, sizeof(address));
	datagrams->came(datagrams->message, size, &address, datagrams->userdata);
	return true;
}

void datagrams_take(struct datagrams *datagrams)
{
	for (int i = 0; i < TAKEN_AT_ONCE && datagrams->fd >= 0; i++)
		if (!receive(datagrams))
			return;
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	datagrams_take(userdata);
	return 0;
}

int datagrams_bind_at(struct datagrams *datagrams, const union address *address)
{
	struct sockaddr_in6 at = {.sin6_family = AF_INET6};
	int r, size = BUFFER;

	if (datagrams->fd >= 0 && address_equal(address, &datagrams->at))
		return 0;
	unbind(datagrams);
	memcpy(&at.sin6_addr, address, sizeof(*address));
	datagrams->fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, datagrams->protocol);
	if (datagrams->fd < 0 || bind(datagrams->fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		r = -errno;
	else
		r = sd_event_add_io(datagrams->event, &datagrams->readable, datagrams->fd, EPOLLIN,
				    on_readable, datagrams);
	if (r < 0) {
		unbind(datagrams);
		return r;
	}
	setsockopt(datagrams->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	datagrams->at = *address;
	return 0;
}

int datagrams_bind(struct datagrams *datagrams, const struct prefix *infrastructure)
{
	union address source;
	int r = source_choose(infrastructure, datagrams_at(datagrams), &source);

	if (r == 0)
		return datagrams_bind_at(datagrams, &source);
	unbind(datagrams);
	return r;
}

const union address *datagrams_at(const struct datagrams *datagrams)
{
	return datagrams->fd >= 0 ? &datagrams->at : NULL;
}

int datagrams_send(struct datagrams *datagrams, const union address *to, const void *message,
		   size_t size)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6};

	if (datagrams->fd < 0)
		return -ENOTCONN;
	memcpy(&address.sin6_addr, to, sizeof(*to));
	if (sendto(datagrams->fd, message, size, 0, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return 0;
}
