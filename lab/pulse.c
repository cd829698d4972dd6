/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * holdfast-pulse: users who come all the time. So many requests begin in a second, whatever becomes of
 * those before, each on a connection of its own; and each is told in a line. A tool of the lab.
 *
 *	holdfast-pulse RATE TIMEOUT-MS ADDRESS:PORT...		the addresses in turn
 *
 *	BEGAN-US TOOK-US RESULT SERVER SYNS PORT
 *
 * BEGAN-US is of the realtime clock. SYNS counts the retransmitted ones: where it is not 0, the first one
 * met nobody. SERVER is what the answer's header X-Backend says, or "-". RESULT is "ok", or what became of
 * the request: "refused" (reset before an answer, or told that there is nobody), "silent" (no answer within
 * TIMEOUT-MS), "wrong" (something else than an answer).
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/number.h"
#include "lab/load/loop.h"
#include "lab/load/socket.h"

#define ANSWER_MAX 1024
#define TARGETS_MAX 8
#define SERVER_MAX 32

static const char question[] = "GET / HTTP/1.0\r\n\r\n";
static const char server_header[] = "X-Backend: ";

struct pulse {
	struct loop loop;
	struct request *requests; /* under way */
	struct endpoint targets[TARGETS_MAX];
	uint64_t n_targets, rate, timeout_ms, begun_ms, begun;
};

struct request {
	struct watch watch;
	struct pulse *pulse;
	struct request *next, *previous;
	struct endpoint here;
	uint64_t began_us, due_ms;
	uint32_t syns;
	bool asked;
	size_t length;
	char answer[ANSWER_MAX + 1];
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000ull + now.tv_nsec / 1000;
}

/* "-" if the answer names none. */
static const char *server_of(const char *answer, char name[static SERVER_MAX])
{
	const char *header = strstr(answer, server_header);

	if (!header || sscanf(header + strlen(server_header), "%31[a-z0-9]", name) != 1)
		return "-";
	return name;
}

static void request_end(struct request *request, const char *result)
{
	char name[SERVER_MAX];

	printf("%llu %llu %s %s %u %u\n", (unsigned long long)request->began_us,
	       (unsigned long long)(now_us() - request->began_us), result,
	       server_of(request->answer, name), request->syns, ntohs(request->here.port));
	if (request->previous)
		request->previous->next = request->next;
	else
		request->pulse->requests = request->next;
	if (request->next)
		request->next->previous = request->previous;
	close(request->watch.fd);
	free(request);
}

static bool is_answer(const struct request *request)
{
	return strncmp(request->answer, "HTTP/1.1 200 ", 13) == 0;
}

/* Connected: the SYNs that were sent again are all that was. */
static void request_ask(struct request *request)
{
	struct tcp_info info;
	socklen_t size = sizeof(info);

	if (getsockopt(request->watch.fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0)
		request->syns = info.tcpi_total_retrans;
	request->asked = true;
	loop_change(&request->pulse->loop, &request->watch, EPOLLIN);
	if (send(request->watch.fd, question, strlen(question), MSG_NOSIGNAL) < 0)
		request_end(request, "refused");
}

static void request_ready(struct watch *watch, uint32_t events)
{
	struct request *request = container_of(watch, struct request, watch);
	ssize_t n;

	if (!request->asked && !(events & (EPOLLERR | EPOLLHUP))) {
		request_ask(request);
		return;
	}
	while ((n = recv(watch->fd, request->answer + request->length, ANSWER_MAX - request->length,
			 0)) > 0)
		request->length += n;
	if (n < 0 && errno == EAGAIN)
		return;
	request_end(request, n < 0 ? "refused" : is_answer(request) ? "ok" : "wrong");
}

static void request_begin(struct pulse *pulse, const struct endpoint *to, uint64_t now)
{
	struct request *request = calloc(1, sizeof(*request));
	struct sockaddr_storage address;
	socklen_t size = socket_address(to, &to->address, &address);

	if (!request)
		return;
	*request = (struct request){.pulse = pulse,
				    .next = pulse->requests,
				    .began_us = now_us(),
				    .due_ms = now + pulse->timeout_ms,
				    .watch.ready = request_ready};
	if (request->next)
		request->next->previous = request;
	pulse->requests = request;
	request->watch.fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (connect(request->watch.fd, (struct sockaddr *)&address, size) < 0 &&
	    errno != EINPROGRESS) {
		request_end(request, "refused");
		return;
	}
	socket_here(request->watch.fd, &request->here);
	loop_add(&pulse->loop, &request->watch, EPOLLOUT);
}

static void pulse_tick(void *data, uint64_t now)
{
	struct pulse *pulse = data;
	uint64_t due = (now - pulse->begun_ms) * pulse->rate / 1000;

	for (; pulse->begun < due; pulse->begun++)
		request_begin(pulse, &pulse->targets[pulse->begun % pulse->n_targets], now);
	for (struct request *request = pulse->requests, *next; request; request = next) {
		next = request->next;
		if (now >= request->due_ms)
			request_end(request, "silent");
	}
	fflush(stdout);
}

static int take_arguments(struct pulse *pulse, int argc, char **argv)
{
	if (argc < 4 || argc > 3 + TARGETS_MAX || number_parse(argv[1], 100000, &pulse->rate) < 0 ||
	    number_parse(argv[2], 100000, &pulse->timeout_ms) < 0) {
		log_error("usage: holdfast-pulse RATE TIMEOUT-MS ADDRESS:PORT...");
		return -EINVAL;
	}
	for (int i = 3; i < argc; i++)
		if (endpoint_parse(argv[i], &pulse->targets[pulse->n_targets++]) < 0) {
			log_error("%s: is no address and port", argv[i]);
			return -EINVAL;
		}
	return 0;
}

int main(int argc, char **argv)
{
	struct pulse pulse = {};
	int r;

	if (take_arguments(&pulse, argc, argv) < 0)
		return 2;
	r = loop_init(&pulse.loop);
	pulse.begun_ms = now_ms();
	if (r == 0)
		r = loop_run(&pulse.loop, pulse_tick, &pulse);
	log_error("cannot go on: %s", strerror(-r));
	return EXIT_FAILURE;
}
