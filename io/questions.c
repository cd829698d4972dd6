/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "io/questions.h"

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

struct questions {
	sd_event *event;
	sd_event_source *readable;
	questions_answer_fn answered;
	void *userdata;
	struct siphash_key key;
	union address source;
	int fd; /* -1: not bound */
	uint64_t forged;
};

static void unbind(struct questions *questions)
{
	questions->readable = sd_event_source_disable_unref(questions->readable);
	if (questions->fd >= 0)
		close(questions->fd);
	questions->fd = -1;
}

int questions_new(sd_event *event, questions_answer_fn answered, void *userdata,
		  struct questions **ret)
{
	struct questions *questions = calloc(1, sizeof(*questions));

	if (!questions)
		return -ENOMEM;
	questions->event = sd_event_ref(event);
	questions->answered = answered;
	questions->userdata = userdata;
	questions->fd = -1;
	*ret = questions;
	return 0;
}

struct questions *questions_free(struct questions *questions)
{
	if (!questions)
		return NULL;
	unbind(questions);
	sd_event_unref(questions->event);
	explicit_bzero(&questions->key, sizeof(questions->key));
	free(questions);
	return NULL;
}

uint64_t questions_forged(const struct questions *questions)
{
	return questions->forged;
}

static bool is_authentic(const struct questions *questions, const struct sockaddr_in6 *from,
			 const struct whohas *message)
{
	struct whohas_sealed sealed = {.destination = questions->source, .message = *message};

	memcpy(&sealed.source, &from->sin6_addr, sizeof(sealed.source));
	return message->magic == WHOHAS_MAGIC && message->kind == WHOHAS_ANSWER &&
	       message->tag == whohas_tag(&sealed, &questions->key);
}

static bool receive(struct questions *questions)
{
	struct sockaddr_in6 from;
	socklen_t length = sizeof(from);
	struct whohas message;
	ssize_t size = recvfrom(questions->fd, &message, sizeof(message), MSG_TRUNC,
				(struct sockaddr *)&from, &length);

	if (size < 0)
		return false;
	if (size == sizeof(message) && is_authentic(questions, &from, &message))
		questions->answered(&message, questions->userdata);
	else
		questions->forged++;
	return true;
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct questions *questions = userdata;

	for (int i = 0; i < TAKEN_AT_ONCE && questions->fd >= 0; i++)
		if (!receive(questions))
			break;
	return 0;
}

static int bind_to(struct questions *questions, const union address *source)
{
	struct sockaddr_in6 from = {.sin6_family = AF_INET6};
	int r, size = BUFFER;

	memcpy(&from.sin6_addr, source, sizeof(*source));
	questions->fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, WHOHAS_PROTOCOL);
	if (questions->fd < 0 || bind(questions->fd, (struct sockaddr *)&from, sizeof(from)) < 0)
		r = -errno;
	else
		r = sd_event_add_io(questions->event, &questions->readable, questions->fd, EPOLLIN,
				    on_readable, questions);
	if (r < 0) {
		unbind(questions);
		return r;
	}
	setsockopt(questions->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	questions->source = *source;
	return 0;
}

int questions_bind(struct questions *questions, const struct prefix *infrastructure,
		   const struct siphash_key *key)
{
	union address source;
	int r = source_choose(infrastructure, questions->fd >= 0 ? &questions->source : NULL,
			      &source);

	questions->key = *key;
	if (r == 0 && questions->fd >= 0 && address_equal(&source, &questions->source))
		return 0;
	unbind(questions);
	return r < 0 ? r : bind_to(questions, &source);
}

int questions_send(struct questions *questions, const union address *to, struct whohas message)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6};
	struct whohas_sealed sealed = {
		.source = questions->source, .destination = *to, .message = message};

	if (questions->fd < 0)
		return -ENOTCONN;
	memcpy(&address.sin6_addr, to, sizeof(*to));
	sealed.message.magic = WHOHAS_MAGIC;
	sealed.message.tag = whohas_tag(&sealed, &questions->key);
	if (sendto(questions->fd, &sealed.message, sizeof(sealed.message), 0,
		   (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return 0;
}
