/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Asks the agents over the wire (wire/probe.h): first a small question each, then one as large as
 * the configured mtu, and where only the small one came back, sizes in between by halving. All
 * agents are asked side by side. The kernel is told not to fragment and not to heed a path MTU that
 * it learned (IPV6_PMTUDISC_PROBE), and to hand over what routers say (IPV6_RECVERR).
 */
#include <errno.h>
#include <time.h> /* before errqueue.h, which needs it */
#include <linux/errqueue.h>
#include <linux/icmpv6.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "doctor/see.h"
#include "wire/probe.h"
#include "wire/srv6.h"

#define ATTEMPTS 3
#define WAIT_MS 250
#define SIDE_BY_SIDE 64 /* answers that a socket's buffer holds for sure */
#define SIZE_MAX_IPV6 65535
#define SIZE_SMALL (sizeof(struct outer_header) + sizeof(struct probe))
#define SIZE_LEAST 1280 /* what every IPv6 link carries (RFC 8200, 5) */

struct question {
	struct fact_target *target;
	uint64_t token;
	uint32_t size; /* of the IPv6 packet; 0: nothing to ask */
	int64_t asked_ns;
	struct probe_outcome outcome;
	bool done;
};

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* An address of this node inside the infrastructure prefix: on a link rather than on lo. */
static const union address *choose_source(const struct facts *facts)
{
	const struct fact_address *found = NULL;

	for (size_t i = 0; i < facts->n_addresses; i++) {
		const struct fact_address *address = &facts->addresses[i];

		if (network_holds(&facts->config->infrastructure, &address->network.address) &&
		    (!found || (found->loopback && !address->loopback)))
			found = address;
	}
	return found ? &found->network.address : NULL;
}

static int take_socket(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static int open_socket(const struct facts *facts)
{
	static const struct {
		int option, value;
	} options[] = {
		{IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE}, {IPV6_DONTFRAG, 1}, {IPV6_RECVERR, 1}};
	const union address *source = choose_source(facts);
	struct sockaddr_in6 from = {.sin6_family = AF_INET6};
	_cleanup_close_ int fd =
		socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, PROBE_PROTOCOL);

	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (setsockopt(fd, IPPROTO_IPV6, options[i].option, &options[i].value,
			       sizeof(options[i].value)) < 0)
			return -errno;
	if (source) {
		memcpy(&from.sin6_addr, source, sizeof(*source));
		if (bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0)
			return -errno;
	}
	return take_socket(&fd);
}

static void ask(int fd, const struct facts *facts, struct question *question)
{
	static char packet[SIZE_MAX_IPV6];
	struct probe probe = {
		.magic = PROBE_MAGIC,
		.kind = PROBE_QUESTION,
		.token = question->token,
		.fingerprint = facts->fingerprint,
	};
	struct sockaddr_in6 to = {.sin6_family = AF_INET6};

	memcpy(packet, &probe, sizeof(probe));
	memcpy(&to.sin6_addr, &question->target->sid, sizeof(to.sin6_addr));
	question->asked_ns = clock_ns(CLOCK_TAI);
	if (sendto(fd, packet, question->size - sizeof(struct outer_header), 0,
		   (struct sockaddr *)&to, sizeof(to)) < 0)
		question->done = true;
	else
		question->outcome.end = PROBE_SILENCE;
}

static struct question *find(struct question *questions, size_t n, const struct probe *probe)
{
	for (size_t i = 0; i < n; i++)
		if (questions[i].size && questions[i].token == probe->token)
			return &questions[i];
	return NULL;
}

/* The answer's own copy of the question told its token; the size must be the question's. */
static void take_answer(struct question *question, const struct probe *probe, size_t size)
{
	struct fact_target *target = question->target;
	int64_t middle_ns = (question->asked_ns + clock_ns(CLOCK_TAI)) / 2;

	if (size != question->size - sizeof(struct outer_header))
		return;
	target->fingerprint = probe->fingerprint;
	target->infrastructure = probe->infrastructure;
	target->clock_ahead_ns = (int64_t)be64toh(probe->tai_ns) - middle_ns;
	question->outcome.end = PROBE_ANSWERED;
	question->done = true;
}

/* What a router said (RFC 4443, 3) about a question, of which it quotes the beginning. */
static void take_error(struct question *question, const struct sock_extended_err *error)
{
	const struct sockaddr_in6 *offender = (const void *)SO_EE_OFFENDER(error);
	struct probe_outcome outcome = {.end = PROBE_UNREACHABLE, .code = error->ee_code};

	if (error->ee_origin != SO_EE_ORIGIN_ICMP6)
		return;
	if (error->ee_type == ICMPV6_PKT_TOOBIG) {
		outcome.end = PROBE_TOO_BIG;
		outcome.mtu = error->ee_info;
	} else if (error->ee_type != ICMPV6_DEST_UNREACH) {
		return;
	}
	if (offender->sin6_family == AF_INET6)
		memcpy(&outcome.offender, &offender->sin6_addr, sizeof(outcome.offender));
	question->outcome = outcome;
	question->done = true;
}

static const struct sock_extended_err *error_of(struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c))
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR)
			return (const void *)CMSG_DATA(c);
	return NULL;
}

/* Takes one message of the chosen queue; false: there is none. */
static bool take_message(int fd, int flags, struct question *questions, size_t n)
{
	static _Alignas(struct probe) char packet[SIZE_MAX_IPV6];
	_Alignas(struct cmsghdr) char control[512];
	struct iovec part = {packet, sizeof(packet)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	const struct probe *probe = (const void *)packet;
	const struct sock_extended_err *error;
	struct question *question;
	ssize_t size = recvmsg(fd, &message, flags);

	if (size < 0) /* an error of the socket is read from its own queue; once told, it is gone */
		return errno != EAGAIN && errno != EINTR && !(flags & MSG_ERRQUEUE);
	if (size < (ssize_t)sizeof(*probe) || probe->magic != PROBE_MAGIC)
		return true;
	question = find(questions, n, probe);
	if (!question || question->done)
		return true;
	error = error_of(&message);
	if (flags & MSG_ERRQUEUE && error)
		take_error(question, error);
	else if (!(flags & MSG_ERRQUEUE) && probe->kind == PROBE_ANSWER)
		take_answer(question, probe, size);
	return true;
}

static bool all_done(const struct question *questions, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (questions[i].size && !questions[i].done)
			return false;
	return true;
}

/* Until everybody has answered, or the time is over. */
static void listen_for(int fd, struct question *questions, size_t n, int wait_ms)
{
	int64_t end_ms = clock_ns(CLOCK_MONOTONIC) / 1000000 + wait_ms;

	while (!all_done(questions, n)) {
		int64_t left_ms = end_ms - clock_ns(CLOCK_MONOTONIC) / 1000000;
		struct pollfd readable = {.fd = fd, .events = POLLIN};

		if (left_ms <= 0 || poll(&readable, 1, left_ms) <= 0)
			return;
		while (take_message(fd, MSG_ERRQUEUE, questions, n))
			;
		while (take_message(fd, 0, questions, n))
			;
	}
}

static void ask_some(int fd, const struct facts *facts, struct question *questions, size_t n,
		     int attempts)
{
	for (int attempt = 0; attempt < attempts && !all_done(questions, n); attempt++) {
		for (size_t i = 0; i < n; i++)
			if (questions[i].size && !questions[i].done)
				ask(fd, facts, &questions[i]);
		listen_for(fd, questions, n, WAIT_MS);
	}
}

/* Asks anew whom `size` is not 0 for. */
static void ask_all(int fd, const struct facts *facts, struct question *questions, size_t n,
		    int attempts)
{
	for (size_t i = 0; i < n; i++) {
		questions[i].done = false;
		questions[i].outcome = (struct probe_outcome){};
		questions[i].token++;
	}
	for (size_t i = 0; i < n; i += SIDE_BY_SIDE)
		ask_some(fd, facts, questions + i, n - i < SIDE_BY_SIDE ? n - i : SIDE_BY_SIDE,
			 attempts);
}

/* The greatest size that comes back, where the full one was lost without a word. */
static void halve(int fd, const struct facts *facts, struct question *questions, size_t n)
{
	_cleanup_free_ uint32_t *lost = calloc(n + 1, sizeof(*lost));
	bool open = lost != NULL;

	for (size_t i = 0; open && i < n; i++)
		lost[i] = facts->config->mtu;
	for (uint32_t first = 1; open; first = 0) {
		open = false;
		for (size_t i = 0; i < n; i++) {
			struct fact_target *target = questions[i].target;
			bool search = target->small.end == PROBE_ANSWERED &&
				      target->full.end == PROBE_SILENCE &&
				      (first || (target->fits && lost[i] - target->fits > 1));

			questions[i].size = !search ? 0
					    : first ? SIZE_LEAST
						    : (target->fits + lost[i]) / 2;
			open |= search;
		}
		ask_all(fd, facts, questions, n, 1);
		for (size_t i = 0; i < n; i++) {
			if (questions[i].size && questions[i].outcome.end == PROBE_ANSWERED)
				questions[i].target->fits = questions[i].size;
			else if (questions[i].size)
				lost[i] = questions[i].size;
		}
	}
}

static void examine(int fd, struct facts *facts, struct question *questions, size_t n)
{
	for (size_t i = 0; i < n; i++)
		questions[i].size = SIZE_SMALL;
	ask_all(fd, facts, questions, n, ATTEMPTS);
	for (size_t i = 0; i < n; i++) {
		questions[i].target->small = questions[i].outcome;
		questions[i].size =
			questions[i].outcome.end == PROBE_ANSWERED ? facts->config->mtu : 0;
	}
	ask_all(fd, facts, questions, n, ATTEMPTS);
	for (size_t i = 0; i < n; i++)
		questions[i].target->full = questions[i].outcome;
	halve(fd, facts, questions, n);
}

int see_agents(struct facts *facts)
{
	_cleanup_free_ struct question *questions =
		calloc(facts->n_targets + 1, sizeof(*questions));
	_cleanup_close_ int fd = open_socket(facts);
	/* A gateway's neighbours are kept resolved; a backend's may be, for the probe, first now.
	 */
	int least = facts->role == ROLE_GATEWAY ? 1 : 0;
	uint64_t token = 0;
	size_t n = 0;

	if (!questions)
		return -ENOMEM;
	if (fd < 0)
		return fd;
	getrandom(&token, sizeof(token), GRND_NONBLOCK);
	for (size_t i = 0; i < facts->n_targets; i++)
		if (facts->targets[i].agent && facts->targets[i].route >= least)
			questions[n++] = (struct question){.target = &facts->targets[i],
							   .token = token + (i << 16)};
	examine(fd, facts, questions, n);
	return 0;
}
