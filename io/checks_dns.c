/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A DNS question over UDP (RFC 1035, 4.1): the SOA record of a name. Whoever answers with NOERROR or
 * NXDOMAIN serves; REFUSED and SERVFAIL say that he does not.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include "io/checks_parts.h"

#define HEADER_SIZE 12
#define NAME_MAX_WIRE 255
#define TYPE_SOA 6
#define CLASS_IN 1
#define FLAG_RESPONSE 0x80
#define RCODE_MASK 0x0f
#define RCODE_NOERROR 0
#define RCODE_NXDOMAIN 3

/* Appends the name in labels. The bytes that it takes, or -EINVAL. */
static int put_name(uint8_t *to, const char *name)
{
	size_t used = 0;

	while (*name && strcmp(name, ".")) {
		size_t length = strcspn(name, ".");

		if (!length || length > 63 || used + length + 2 > NAME_MAX_WIRE)
			return -EINVAL;
		to[used++] = length;
		memcpy(to + used, name, length);
		used += length;
		name += length + (name[length] == '.');
	}
	to[used++] = 0;
	return used;
}

static int dns_prepare(struct check *check)
{
	static const uint8_t header[HEADER_SIZE] = {[5] = 1}; /* one question */
	static const uint8_t end[] = {0, TYPE_SOA, 0, CLASS_IN};
	int length;

	check->query = calloc(1, HEADER_SIZE + NAME_MAX_WIRE + sizeof(end));
	if (!check->query)
		return -ENOMEM;
	memcpy(check->query, header, sizeof(header));
	length = put_name(check->query + HEADER_SIZE, check->target.name ? check->target.name : ".");
	if (length < 0)
		return length;
	memcpy(check->query + HEADER_SIZE + length, end, sizeof(end));
	check->query_length = HEADER_SIZE + length + sizeof(end);
	return 0;
}

static void dns_release(struct check *check)
{
	free(check->query);
}

/* Of another question, a late one perhaps: wait on. */
static bool is_answer(const struct check *check, const uint8_t *answer, ssize_t length)
{
	return length >= HEADER_SIZE && answer[2] & FLAG_RESPONSE &&
	       memcmp(answer, check->query, 2) == 0;
}

static int on_answer(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct check *check = userdata;
	uint8_t answer[512];
	ssize_t length = recv(fd, answer, sizeof(answer), 0);

	if (length < 0 && errno == EAGAIN)
		return 0;
	if (length < 0) {
		check_end(check, check_end_of(errno));
	} else if (is_answer(check, answer, length)) {
		uint8_t code = answer[3] & RCODE_MASK;

		check_end(check, code == RCODE_NOERROR || code == RCODE_NXDOMAIN ? CHECK_PASSED
										 : CHECK_WRONG);
	}
	return 0;
}

static void dns_ask(struct check *check)
{
	int r;

	if (getrandom(check->query, 2, GRND_NONBLOCK) != 2)
		check->query[0]++;
	r = check_connect(check, SOCK_DGRAM, EPOLLIN, on_answer);
	if (r >= 0 && send(check->fd, check->query, check->query_length, 0) < 0)
		r = -errno;
	if (r < 0)
		check_end(check, check_end_of(-r));
}

const struct check_method check_dns = {
	.prepare = dns_prepare, .release = dns_release, .ask = dns_ask, .stop = check_disconnect};
