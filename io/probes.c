/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "io/probes.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "io/source.h"

#define TAKEN_AT_ONCE 256 /* then the loop's other sources have their turn */

struct probes {
	sd_event *event;
	sd_event_source *readable;
	probes_answer_fn answered;
	void *userdata;
	union address source;
	int fd; /* -1: not bound */
};

static void unbind(struct probes *probes)
{
	probes->readable = sd_event_source_disable_unref(probes->readable);
	if (probes->fd >= 0)
		close(probes->fd);
	probes->fd = -1;
}

int probes_new(sd_event *event, probes_answer_fn answered, void *userdata, struct probes **ret)
{
	struct probes *probes = calloc(1, sizeof(*probes));

	if (!probes)
		return -ENOMEM;
	probes->event = sd_event_ref(event);
	probes->answered = answered;
	probes->userdata = userdata;
	probes->fd = -1;
	*ret = probes;
	return 0;
}

struct probes *probes_free(struct probes *probes)
{
	if (!probes)
		return NULL;
	unbind(probes);
	sd_event_unref(probes->event);
	free(probes);
	return NULL;
}

static void address_of(const struct sockaddr *from, union address *ret)
{
	memcpy(ret, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, sizeof(*ret));
}

static bool receive(struct probes *probes)
{
	struct sockaddr_in6 from;
	socklen_t length = sizeof(from);
	struct probe answer;
	union address sid;
	ssize_t size = recvfrom(probes->fd, &answer, sizeof(answer), MSG_TRUNC,
				(struct sockaddr *)&from, &length);

	if (size < 0)
		return false;
	if (size != sizeof(answer) || answer.magic != PROBE_MAGIC || answer.kind != PROBE_ANSWER)
		return true;
	address_of((struct sockaddr *)&from, &sid);
	probes->answered(&answer, &sid, probes->userdata);
	return true;
}

void probes_take(struct probes *probes)
{
	for (int i = 0; i < TAKEN_AT_ONCE && probes->fd >= 0; i++)
		if (!receive(probes))
			return;
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	probes_take(userdata);
	return 0;
}

static int bind_to(struct probes *probes, const union address *source)
{
	struct sockaddr_in6 from = {.sin6_family = AF_INET6};
	int r;

	memcpy(&from.sin6_addr, source, sizeof(*source));
	probes->fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, PROBE_PROTOCOL);
	if (probes->fd < 0 || bind(probes->fd, (struct sockaddr *)&from, sizeof(from)) < 0)
		r = -errno;
	else
		r = sd_event_add_io(probes->event, &probes->readable, probes->fd, EPOLLIN,
				    on_readable, probes);
	if (r < 0) {
		unbind(probes);
		return r;
	}
	probes->source = *source;
	return 0;
}

int probes_bind(struct probes *probes, const struct prefix *infrastructure)
{
	union address source;
	int r = source_choose(infrastructure, probes->fd >= 0 ? &probes->source : NULL, &source);

	if (r == 0 && probes->fd >= 0 && address_equal(&source, &probes->source))
		return 0;
	unbind(probes);
	return r < 0 ? r : bind_to(probes, &source);
}

int probes_ask(struct probes *probes, const union address *sid, uint64_t token,
	       uint64_t fingerprint)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6};
	struct probe question = {
		.magic = PROBE_MAGIC,
		.kind = PROBE_QUESTION,
		.token = token,
		.fingerprint = fingerprint,
	};

	if (probes->fd < 0)
		return -ENOTCONN;
	memcpy(&to.sin6_addr, sid, sizeof(*sid));
	if (sendto(probes->fd, &question, sizeof(question), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	return 0;
}
