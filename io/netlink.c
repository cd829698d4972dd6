/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netlink.h>

#include "io/netlink.h"

#define REQUEST_SIZE 1024
#define ANSWER_SIZE                                                                                \
	65536 /* the kernel fills 32 KiB; a route of many hops needs more than a page              \
	       */

struct netlink {
	struct mnl_socket *socket;
	uint32_t sequence;
	_Alignas(struct nlmsghdr) char request[REQUEST_SIZE];
	_Alignas(struct nlmsghdr) char answer[ANSWER_SIZE];
};

static int new_of(int protocol, struct netlink **ret)
{
	struct netlink *netlink = calloc(1, sizeof(*netlink));
	int on = 1, err;

	if (!netlink)
		return -ENOMEM;
	netlink->socket = mnl_socket_open2(protocol, SOCK_CLOEXEC);
	if (!netlink->socket || mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		netlink_free(netlink);
		return err;
	}

	/* Dumps of one table only: the kernel filters. Callers filter too, in case it does not. */
	mnl_socket_setsockopt(netlink->socket, NETLINK_GET_STRICT_CHK, &on, sizeof(on));

	*ret = netlink;
	return 0;
}

int netlink_new(struct netlink **ret)
{
	return new_of(NETLINK_ROUTE, ret);
}

int netlink_new_generic(struct netlink **ret)
{
	return new_of(NETLINK_GENERIC, ret);
}

int netlink_new_diag(struct netlink **ret)
{
	return new_of(NETLINK_SOCK_DIAG, ret);
}

void netlink_free(struct netlink *netlink)
{
	if (!netlink)
		return;
	if (netlink->socket)
		mnl_socket_close(netlink->socket);
	free(netlink);
}

struct nlmsghdr *netlink_request(struct netlink *netlink, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message;

	memset(netlink->request, 0, sizeof(netlink->request));
	message = mnl_nlmsg_put_header(netlink->request);
	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	if ((flags & NLM_F_DUMP) != NLM_F_DUMP)
		message->nlmsg_flags |= NLM_F_ACK;
	return message;
}

/* The errno in an NLMSG_ERROR or NLMSG_DONE, as the kernel wrote it: negative, or 0. */
static int error_of(const struct nlmsghdr *message)
{
	if (mnl_nlmsg_get_payload_len(message) < sizeof(int))
		return 0;
	return *(const int *)mnl_nlmsg_get_payload(message);
}

/* One message of the answer: true when it was the last one. */
static bool take(struct netlink *netlink, const struct nlmsghdr *message, netlink_fn fn,
		 void *userdata, int *err)
{
	int said;

	if (message->nlmsg_seq != netlink->sequence)
		return false;
	if (message->nlmsg_flags & NLM_F_DUMP_INTR && !*err)
		*err = -EINTR;
	if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE) {
		said = error_of(message);
		if (said)
			*err = said;
		return true;
	}
	if (message->nlmsg_type >= NLMSG_MIN_TYPE && fn) {
		said = fn(message, userdata);
		if (said < 0)
			*err = said;
	}
	return false;
}

int netlink_run(struct netlink *netlink, netlink_fn fn, void *userdata)
{
	struct nlmsghdr *request = (struct nlmsghdr *)netlink->request;
	bool done = false;
	int err = 0;

	request->nlmsg_seq = ++netlink->sequence;
	if (mnl_socket_sendto(netlink->socket, request, request->nlmsg_len) < 0)
		return -errno;

	while (!done) {
		ssize_t got = mnl_socket_recvfrom(netlink->socket, netlink->answer,
						  sizeof(netlink->answer));
		const struct nlmsghdr *message = (const struct nlmsghdr *)netlink->answer;
		int left = got;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		for (; !done && mnl_nlmsg_ok(message, left);
		     message = mnl_nlmsg_next(message, &left))
			done = take(netlink, message, fn, userdata, &err);
	}
	return err;
}

void netlink_within(const void *payload, size_t size, const struct nlattr **ret_table, uint16_t max)
{
	const struct nlattr *attribute = payload;
	const char *end = (const char *)payload + size;

	memset(ret_table, 0, (max + 1) * sizeof(*ret_table));
	for (; mnl_attr_ok(attribute, end - (const char *)attribute);
	     attribute = mnl_attr_next(attribute)) {
		uint16_t type = mnl_attr_get_type(attribute);

		if (type <= max)
			ret_table[type] = attribute;
	}
}

void netlink_attributes(const struct nlmsghdr *message, size_t header,
			const struct nlattr **ret_table, uint16_t max)
{
	size_t size = mnl_nlmsg_get_payload_len(message), skip = MNL_ALIGN(header);

	netlink_within((const char *)mnl_nlmsg_get_payload(message) + skip,
		       size > skip ? size - skip : 0, ret_table, max);
}

void netlink_nested(const struct nlattr *nest, const struct nlattr **ret_table, uint16_t max)
{
	if (nest)
		netlink_within(mnl_attr_get_payload(nest), mnl_attr_get_payload_len(nest),
			       ret_table, max);
	else
		memset(ret_table, 0, (max + 1) * sizeof(*ret_table));
}

uint32_t netlink_u32(const struct nlattr *attribute, uint32_t otherwise)
{
	if (!attribute || mnl_attr_get_payload_len(attribute) < sizeof(uint32_t))
		return otherwise;
	return mnl_attr_get_u32(attribute);
}
