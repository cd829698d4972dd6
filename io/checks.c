/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "io/checks.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "io/checks_parts.h"
#include "io/transfers.h"

int checks_new(sd_event *event, struct checks **ret)
{
	struct checks *checks = calloc(1, sizeof(*checks));

	if (!checks)
		return -ENOMEM;
	checks->event = sd_event_ref(event);
	*ret = checks;
	return 0;
}

struct checks *checks_free(struct checks *checks)
{
	if (!checks)
		return NULL;
	transfers_free(checks->transfers);
	sd_event_unref(checks->event);
	free(checks);
	return NULL;
}

/* What the kinds share */

void check_end(struct check *check, enum check_end end)
{
	if (!check->asking)
		return;
	check->asking = false;
	check->method->stop(check);
	sd_event_source_set_enabled(check->late, SD_EVENT_OFF);
	check->done(check, end, check->userdata);
}

enum check_end check_end_of(int error)
{
	switch (error) {
	case 0:
		return CHECK_PASSED;
	case ECONNREFUSED:
	case ECONNRESET:
		return CHECK_REFUSED;
	case ETIMEDOUT:
		return CHECK_TIMEOUT;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EHOSTDOWN:
	case ENETDOWN:
		return CHECK_UNREACHABLE;
	default:
		return CHECK_UNABLE;
	}
}

socklen_t check_sockaddr(const union address *address, uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;

	memset(ret, 0, sizeof(*ret));
	if (address_is_v4(address)) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		memcpy(&v4->sin_addr, address->bytes + 12, sizeof(v4->sin_addr));
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	memcpy(&v6->sin6_addr, address, sizeof(v6->sin6_addr));
	return sizeof(*v6);
}

int check_mark_and_bind(int fd, const struct check_target *target)
{
	struct sockaddr_storage from;
	socklen_t length = check_sockaddr(&target->source, 0, &from);

	if (target->mark &&
	    setsockopt(fd, SOL_SOCKET, SO_MARK, &target->mark, sizeof(target->mark)) < 0)
		return -errno;
	if (!target->source.halves[0] && !target->source.halves[1])
		return 0;
	/* The port is chosen with the destination, so one may stand for many at once. */
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){1}, sizeof(int));
	return bind(fd, (struct sockaddr *)&from, length) < 0 ? -errno : 0;
}

int check_socket(const struct check_target *target, int type)
{
	int family = address_is_v4(&target->address) ? AF_INET : AF_INET6;
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r;

	if (fd < 0)
		return -errno;
	r = check_mark_and_bind(fd, target);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

int check_connect(struct check *check, int type, uint32_t events, sd_event_io_handler_t handler)
{
	struct sockaddr_storage to;
	socklen_t length = check_sockaddr(&check->target.address, check->target.port, &to);

	check->fd = check_socket(&check->target, type);
	if (check->fd < 0)
		return check->fd;
	if (type == SOCK_STREAM) {
		/* The reset takes the place of the handshake's ACK, which waits a moment. */
		setsockopt(check->fd, IPPROTO_TCP, TCP_QUICKACK, &(int){0}, sizeof(int));
		setsockopt(check->fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1},
			   sizeof(struct linger));
	}
	if (connect(check->fd, (struct sockaddr *)&to, length) < 0 && errno != EINPROGRESS)
		return -errno;
	return sd_event_add_io(check->checks->event, &check->io, check->fd, events, handler, check);
}

void check_disconnect(struct check *check)
{
	check->io = sd_event_source_disable_unref(check->io);
	if (check->fd >= 0)
		close(check->fd);
	check->fd = -1;
}

/* A TCP connection */

static int on_connected(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct check *check = userdata;
	socklen_t length = sizeof(int);
	int error = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		error = errno;
	check_end(check, check_end_of(error));
	return 0;
}

static void tcp_ask(struct check *check)
{
	int r = check_connect(check, SOCK_STREAM, EPOLLOUT, on_connected);

	if (r < 0)
		check_end(check, check_end_of(-r));
}

const struct check_method check_tcp = {.ask = tcp_ask, .stop = check_disconnect};

/* One check */

static int on_late(sd_event_source *source, uint64_t due_us, void *userdata)
{
	check_end(userdata, CHECK_TIMEOUT);
	return 0;
}

static int copy_text(const char **text)
{
	if (!*text)
		return 0;
	*text = strdup(*text);
	return *text ? 0 : -ENOMEM;
}

static int copy_texts(struct check_target *target)
{
	int r = copy_text(&target->path), s = copy_text(&target->host);
	int t = copy_text(&target->body), u = copy_text(&target->name);

	return r < 0 || s < 0 || t < 0 || u < 0 ? -ENOMEM : 0;
}

int check_new(struct checks *checks, const struct check_target *target, check_done_fn done,
	      void *userdata, struct check **ret)
{
	static const struct check_method *const methods[] = {
		[CHECK_TCP] = &check_tcp,
		[CHECK_HTTP] = &check_http,
		[CHECK_HTTPS] = &check_http,
		[CHECK_DNS] = &check_dns,
	};
	struct check *check = calloc(1, sizeof(*check));
	int r;

	if (!check)
		return -ENOMEM;
	*check = (struct check){.checks = checks, .method = methods[target->kind],
				.target = *target, .done = done, .userdata = userdata, .fd = -1};
	r = copy_texts(&check->target);
	if (r >= 0)
		r = sd_event_add_time_relative(checks->event, &check->late, CLOCK_MONOTONIC, 0,
					       CHECK_ACCURACY_US, on_late, check);
	if (r >= 0)
		r = sd_event_source_set_enabled(check->late, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_source_set_priority(check->late, CHECK_LATE_PRIORITY);
	if (r >= 0 && check->method->prepare)
		r = check->method->prepare(check);
	if (r < 0) {
		check_free(check);
		return r;
	}
	*ret = check;
	return 0;
}

static void stop(struct check *check)
{
	if (check->asking)
		check->method->stop(check);
	check->asking = false;
}

struct check *check_free(struct check *check)
{
	if (!check)
		return NULL;
	stop(check);
	if (check->method->release)
		check->method->release(check);
	sd_event_source_disable_unref(check->late);
	free((char *)check->target.path);
	free((char *)check->target.host);
	free((char *)check->target.body);
	free((char *)check->target.name);
	free(check);
	return NULL;
}

void check_begin(struct check *check)
{
	stop(check);
	check->asking = true;
	sd_event_source_set_time_relative(check->late, check->target.timeout_us);
	sd_event_source_set_enabled(check->late, SD_EVENT_ONESHOT);
	check->method->ask(check);
}
