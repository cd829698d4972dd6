/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "io/sockets.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include <libmnl/libmnl.h>


#define ANSWER_SIZE 32768 /* the most that the kernel puts into one message */

#define STATES                                                                                     \
	(1 << TCP_ESTABLISHED | 1 << TCP_FIN_WAIT1 | 1 << TCP_FIN_WAIT2 | 1 << TCP_CLOSE_WAIT |    \
	 1 << TCP_LAST_ACK | 1 << TCP_CLOSING)

/* One network of the filter: "is it this one? Then go on behind all of them, else with the next". */
struct condition {
	struct inet_diag_bc_op is;
	struct inet_diag_hostcond host;
	__be32 address[4]; /* as many of them as the family has */
};

#define CONDITION_MAX (sizeof(struct condition) + sizeof(struct inet_diag_bc_op))
#define REQUEST_SIZE (1024 + SOCKETS_FILTER_MAX * CONDITION_MAX)

struct sockets {
	sd_event *event;
	sd_event_source *readable;
	sockets_found_fn found;
	sockets_ended_fn ended;
	void *userdata;
	struct mnl_socket *socket;
	uint32_t sequence;
	bool walking;
	uint8_t family; /* that is walked */
	uint64_t took_us, since_us; /* until the present piece; when that began */
	_Alignas(struct nlmsghdr) char request[REQUEST_SIZE]; /* for the other family, too */
	_Alignas(struct nlmsghdr) char answer[ANSWER_SIZE];
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * UINT64_C(1000000) + now.tv_nsec / 1000;
}

/* The request */

/* `behind`: the size of the conditions that follow. */
static size_t put_condition(char *to, const struct network *local, size_t behind)
{
	bool v4 = address_is_v4(&local->address);
	size_t words = v4 ? 1 : 4;
	size_t size = sizeof(struct inet_diag_bc_op) + sizeof(struct inet_diag_hostcond) +
		      words * sizeof(__be32);
	struct condition condition = {
		.is = {.code = INET_DIAG_BC_S_COND, .yes = size, .no = size},
		.host = {.family = v4 ? AF_INET : AF_INET6,
			 .prefix_len = local->length - (v4 ? 96 : 0),
			 .port = -1},
	};
	struct inet_diag_bc_op leave = {.code = INET_DIAG_BC_JMP, .yes = sizeof(leave)};

	memcpy(condition.address, &local->address.words[4 - words], words * sizeof(__be32));
	if (!behind) {
		condition.is.no = size + 4; /* beyond the end: it is none of them */
		memcpy(to, &condition, size);
		return size;
	}
	condition.is.no = size + sizeof(leave);
	leave.no = sizeof(leave) + behind;
	memcpy(to, &condition, size);
	memcpy(to + size, &leave, sizeof(leave));
	return size + sizeof(leave);
}

/* Conditions refer to what is behind them, so the last one is written first, at the buffer's end. */
static void put_filter(struct nlmsghdr *message, const struct network *locals, size_t n)
{
	char filter[SOCKETS_FILTER_MAX * CONDITION_MAX], one[CONDITION_MAX];
	char *begin = filter + sizeof(filter);

	if (!n || n > SOCKETS_FILTER_MAX)
		return;
	while (n--) {
		size_t size = put_condition(one, &locals[n], filter + sizeof(filter) - begin);

		begin -= size;
		memcpy(begin, one, size);
	}
	mnl_attr_put(message, INET_DIAG_REQ_BYTECODE, filter + sizeof(filter) - begin, begin);
}

static void put_storage(struct nlmsghdr *message, int storage)
{
	struct nlattr *nest;

	if (storage < 0)
		return;
	nest = mnl_attr_nest_start(message, INET_DIAG_REQ_SK_BPF_STORAGES);
	mnl_attr_put_u32(message, SK_DIAG_BPF_STORAGE_REQ_MAP_FD, storage);
	mnl_attr_nest_end(message, nest);
}

static void put_request(struct sockets *sockets, const struct network *locals, size_t n, int storage)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(sockets->request);
	struct inet_diag_req_v2 *wanted;

	message->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	wanted = mnl_nlmsg_put_extra_header(message, sizeof(*wanted));
	wanted->sdiag_protocol = IPPROTO_TCP;
	wanted->idiag_states = STATES;
	put_filter(message, locals, n);
	put_storage(message, storage);
}

static int ask(struct sockets *sockets, uint8_t family)
{
	struct nlmsghdr *message = (struct nlmsghdr *)sockets->request;
	struct inet_diag_req_v2 *wanted = mnl_nlmsg_get_payload(message);

	wanted->sdiag_family = sockets->family = family;
	message->nlmsg_seq = ++sockets->sequence;
	return mnl_socket_sendto(sockets->socket, message, message->nlmsg_len) < 0 ? -errno : 0;
}

/* The answer */

static void end(struct sockets *sockets, int result)
{
	sockets->walking = false;
	sockets->ended(result, sockets->took_us + now_us() - sockets->since_us, sockets->userdata);
}

/* What one attribute of a kind holds among those of a message, or within another one. NULL: there is none. */
static const struct nlattr *attribute_of(const struct nlmsghdr *message, size_t behind, uint16_t type)
{
	const struct nlattr *attribute;

	mnl_attr_for_each(attribute, message, behind)
		if (mnl_attr_get_type(attribute) == type)
			return attribute;
	return NULL;
}

static const struct nlattr *nested_of(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *attribute;

	if (nest)
		mnl_attr_for_each_nested(attribute, nest)
			if (mnl_attr_get_type(attribute) == type)
				return attribute;
	return NULL;
}

/* Storages, of one map: its number and its value. */
static const struct nlattr *stored_with(const struct nlmsghdr *message)
{
	const struct nlattr *all = attribute_of(message, sizeof(struct inet_diag_msg),
						INET_DIAG_SK_BPF_STORAGES);

	return nested_of(nested_of(all, SK_DIAG_BPF_STORAGE), SK_DIAG_BPF_STORAGE_MAP_VALUE);
}

static void take_one(const struct sockets *sockets, const struct nlmsghdr *message)
{
	const struct inet_diag_msg *socket = mnl_nlmsg_get_payload(message);
	const struct nlattr *stored;
	union address local;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*socket))
		return;
	if (socket->idiag_family == AF_INET)
		address_from_v4(&local, socket->id.idiag_src[0]);
	else
		memcpy(&local, socket->id.idiag_src, sizeof(local));
	stored = stored_with(message);
	sockets->found(&local, ntohs(socket->id.idiag_sport),
		       stored ? mnl_attr_get_payload(stored) : NULL,
		       stored ? mnl_attr_get_payload_len(stored) : 0, sockets->userdata);
}

/* IPv4 first, then IPv6, whose sockets may hold connections of both. */
static void take_end(struct sockets *sockets, const struct nlmsghdr *message)
{
	int r = 0;

	if (mnl_nlmsg_get_payload_len(message) >= sizeof(int))
		r = *(const int *)mnl_nlmsg_get_payload(message);
	if (r < 0 || sockets->family == AF_INET6)
		return end(sockets, r);
	r = ask(sockets, AF_INET6);
	if (r < 0)
		end(sockets, r);
}

static void take_message(struct sockets *sockets, const struct nlmsghdr *message)
{
	if (!sockets->walking || message->nlmsg_seq != sockets->sequence)
		return; /* of a walk that was given up */
	if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE)
		take_end(sockets, message);
	else if (message->nlmsg_type == SOCK_DIAG_BY_FAMILY)
		take_one(sockets, message);
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct sockets *sockets = userdata;
	const struct nlmsghdr *message = (const struct nlmsghdr *)sockets->answer;
	ssize_t got;
	int left;

	sockets->since_us = now_us();
	got = mnl_socket_recvfrom(sockets->socket, sockets->answer, sizeof(sockets->answer));
	left = got;
	if (got < 0) {
		if (errno != EAGAIN && errno != EINTR && sockets->walking)
			end(sockets, -errno);
		return 0;
	}
	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
		take_message(sockets, message);
	sockets->took_us += now_us() - sockets->since_us;
	return 0;
}

static int open_socket(struct sockets *sockets)
{
	sockets->socket = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!sockets->socket || mnl_socket_bind(sockets->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	return sd_event_add_io(sockets->event, &sockets->readable,
			       mnl_socket_get_fd(sockets->socket), EPOLLIN, on_readable, sockets);
}

int sockets_new(sd_event *event, sockets_found_fn found, sockets_ended_fn ended, void *userdata,
		struct sockets **ret)
{
	struct sockets *sockets = calloc(1, sizeof(*sockets));
	int r;

	if (!sockets)
		return -ENOMEM;
	sockets->event = sd_event_ref(event);
	sockets->found = found;
	sockets->ended = ended;
	sockets->userdata = userdata;
	r = open_socket(sockets);
	if (r < 0) {
		sockets_free(sockets);
		return r;
	}
	*ret = sockets;
	return 0;
}

struct sockets *sockets_free(struct sockets *sockets)
{
	if (!sockets)
		return NULL;
	sd_event_source_disable_unref(sockets->readable);
	if (sockets->socket)
		mnl_socket_close(sockets->socket);
	sd_event_unref(sockets->event);
	free(sockets);
	return NULL;
}

/* A socket walks once at a time: one that is given up leaves its socket behind. */
static int reopen(struct sockets *sockets)
{
	sockets->readable = sd_event_source_disable_unref(sockets->readable);
	mnl_socket_close(sockets->socket);
	sockets->socket = NULL;
	return open_socket(sockets);
}

int sockets_walk(struct sockets *sockets, const struct network *locals, size_t n, int storage)
{
	int r = sockets->walking || !sockets->socket ? reopen(sockets) : 0;

	sockets->walking = false;
	sockets->since_us = now_us();
	if (r >= 0) {
		put_request(sockets, locals, n, storage);
		r = ask(sockets, AF_INET);
	}
	if (r < 0)
		return r;
	sockets->walking = true;
	sockets->took_us = now_us() - sockets->since_us;
	return 0;
}
