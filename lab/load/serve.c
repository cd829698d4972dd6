/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The server. A client decides by its requests what happens on a connection (message.h); what it
 * cannot decide without speaking is decided by the port: on a greeting port the server speaks
 * first, after a silence that begins with the handshake.
 *
 * It checks what it receives as strictly as the client does. What it finds wrong it tells, and
 * resets the connection, so that the client knows too.
 */
#include "lab/load/serve.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lab/load/channel.h"
#include "lab/load/control.h"
#include "lab/load/faults.h"
#include "lab/load/loop.h"
#include "lab/load/socket.h"

#define GREETING_BYTES 64
#define BACKLOG 4096
#define IMPOSTOR "impostor" /* for ASK_WRONG_NAME */

struct serve_settings {
	const char *name, *control;
	struct ports ports;
	struct delays greets;
	bool mptcp;
};

const struct option_row serve_options[] = {
	{"--name", "NAME", "what it says it is", OPTION_TEXT,
	 offsetof(struct serve_settings, name)},
	{"--port", "PORT[-LAST]", "answers there; can be repeated", OPTION_PORTS,
	 offsetof(struct serve_settings, ports)},
	{"--greet", "PORT:MS", "speaks first there, after so long; can be repeated", OPTION_DELAYS,
	 offsetof(struct serve_settings, greets)},
	{"--mptcp", NULL, "takes multipath TCP, too", OPTION_FLAG,
	 offsetof(struct serve_settings, mptcp)},
	{"--control", "PATH", "a Unix socket for: report, stop", OPTION_TEXT,
	 offsetof(struct serve_settings, control)},
	{},
};

struct server {
	struct serve_settings settings;
	struct loop loop;
	struct control control;
	struct guest *guests;
	struct tally tally;
	uint64_t accepted, live, sent, received; /* bytes of the connections that are gone */
};

struct listener {
	struct watch watch;
	struct server *server;
	bool greets;
	uint32_t greet_ms;
};

struct guest {
	struct watch watch;
	struct server *server;
	struct guest *next, *previous;
	struct channel channel;
	struct endpoint here, there;
	struct message request;
	uint64_t due_ms; /* when the answer to `request` is to go out; 0: there is none */
};

static void guest_free(struct guest *guest)
{
	struct server *server = guest->server;

	if (guest->previous)
		guest->previous->next = guest->next;
	else
		server->guests = guest->next;
	if (guest->next)
		guest->next->previous = guest->previous;
	server->live--;
	server->sent += guest->channel.out.bytes;
	server->received += guest->channel.in.bytes;
	close(guest->watch.fd);
	free(guest);
}

static void guest_reset(struct guest *guest)
{
	struct linger now = {.l_onoff = 1};

	setsockopt(guest->watch.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	guest_free(guest);
}

/* A client may close between two messages, and it says nothing of when. */
static void guest_ended(struct guest *guest, int error)
{
	if (error == -ENODATA && guest->channel.in.done == 0) {
		guest_free(guest);
		return;
	}
	fault_found(&guest->server->tally, fault_of(error), &guest->here, &guest->there,
		    guest->server->settings.name, 0);
	guest_reset(guest);
}

/* Goes on writing; false: the guest is gone. */
static bool guest_flush(struct guest *guest)
{
	int r = channel_flush(&guest->channel);

	if (r == 0 && be32toh(guest->request.asks) & ASK_CLOSE) {
		guest_free(guest);
		return false;
	}
	if (r < 0 && r != -EAGAIN) {
		guest_ended(guest, r);
		return false;
	}
	loop_change(&guest->server->loop, &guest->watch, r == 0 ? EPOLLIN : EPOLLIN | EPOLLOUT);
	return true;
}

/* False: the guest is gone. */
static bool guest_answer(struct guest *guest)
{
	uint32_t asks = be32toh(guest->request.asks);
	struct message answer = {.length = guest->request.wanted};
	const char *name = asks & ASK_WRONG_NAME ? IMPOSTOR : guest->server->settings.name;

	guest->due_ms = 0;
	if (asks & ASK_RESET)
		return guest_reset(guest), false;
	if (asks & ASK_EARLY_END)
		return guest_free(guest), false;
	if (asks & ASK_SILENCE)
		return true;
	memcpy(answer.name, name, strlen(name) + 1);
	guest->channel.flip = asks & ASK_WRONG_BYTE;
	channel_send(&guest->channel, &answer);
	return guest_flush(guest);
}

/* False: the guest is gone. */
static bool guest_asked(struct guest *guest, const struct message *request)
{
	guest->request = *request;
	guest->due_ms = now_ms() + be32toh(request->delay_ms);
	return be32toh(request->delay_ms) > 0 || guest_answer(guest);
}

static void guest_ready(struct watch *watch, uint32_t events)
{
	struct guest *guest = container_of(watch, struct guest, watch);
	struct message request;
	int r;

	if (guest->channel.out.busy && !guest_flush(guest))
		return;
	while ((r = channel_receive(&guest->channel, &request)) > 0)
		if (!guest_asked(guest, &request))
			return;
	if (r < 0)
		guest_ended(guest, r);
}

static void guest_new(struct listener *listener, int fd)
{
	struct server *server = listener->server;
	struct guest *guest = calloc(1, sizeof(*guest));
	int on = 1;

	if (!guest || socket_here(fd, &guest->here) < 0 || socket_there(fd, &guest->there) < 0) {
		free(guest);
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	channel_init(&guest->channel, fd, &guest->here, &guest->there);
	guest->server = server;
	guest->watch = (struct watch){.fd = fd, .ready = guest_ready};
	if (listener->greets) {
		guest->request.wanted = htobe32(GREETING_BYTES);
		guest->due_ms = now_ms() + listener->greet_ms;
	}
	guest->next = server->guests;
	if (guest->next)
		guest->next->previous = guest;
	server->guests = guest;
	server->accepted++;
	server->live++;
	loop_add(&server->loop, &guest->watch, EPOLLIN);
}

static void listener_ready(struct watch *watch, uint32_t events)
{
	struct listener *listener = container_of(watch, struct listener, watch);
	int fd;

	while ((fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		guest_new(listener, fd);
}

/* One socket for both families. */
static int listen_on(struct server *server, uint16_t port, const uint32_t *greet_ms)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct listener *listener = calloc(1, sizeof(*listener));
	int on = 1, off = 0, fd;

	if (!listener)
		return -ENOMEM;
	fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		    server->settings.mptcp ? IPPROTO_MPTCP : IPPROTO_TCP);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	*listener = (struct listener){.watch = {.fd = fd, .ready = listener_ready},
				      .server = server,
				      .greets = greet_ms,
				      .greet_ms = greet_ms ? *greet_ms : 0};
	return loop_add(&server->loop, &listener->watch, EPOLLIN);
}

static int listen_on_all(struct server *server)
{
	const struct ports *ports = &server->settings.ports;
	const struct delays *greets = &server->settings.greets;
	int r = 0;

	for (size_t i = 0; i < ports->n && r == 0; i++)
		for (uint32_t port = ports->list[i].first; port <= ports->list[i].last && r == 0;
		     port++)
			r = listen_on(server, port, NULL);
	for (size_t i = 0; i < greets->n && r == 0; i++)
		r = listen_on(server, greets->list[i].port, &greets->list[i].ms);
	return r;
}

static void server_tick(void *data, uint64_t now)
{
	struct server *server = data;

	for (struct guest *guest = server->guests, *next; guest; guest = next) {
		next = guest->next;
		if (guest->due_ms > 0 && guest->due_ms <= now)
			guest_answer(guest);
	}
}

static json_t *server_report(void *data, const char *word, const char *number)
{
	struct server *server = data;
	uint64_t sent = server->sent, received = server->received;

	for (struct guest *guest = server->guests; guest; guest = guest->next) {
		sent += guest->channel.out.bytes;
		received += guest->channel.in.bytes;
	}
	return json_pack("{s:s s:I s:I s:I s:o s:{s:I s:I} s:I}", "name", server->settings.name,
			 "accepted", (json_int_t)server->accepted, "live", (json_int_t)server->live,
			 "broken", (json_int_t)tally_sum(&server->tally), "faults",
			 tally_json(&server->tally), "bytes", "sent", (json_int_t)sent, "received",
			 (json_int_t)received, "late_ms", (json_int_t)server->loop.late_ms);
}

static json_t *server_stop(void *data, const char *word, const char *number)
{
	struct server *server = data;

	server->loop.over = true;
	return server_report(data, NULL, NULL);
}

static const struct control_verb verbs[] = {
	{"report", "counters", server_report},
	{"stop", "counters, and ends", server_stop},
	{},
};

static int server_open(struct server *server)
{
	int r = loop_init(&server->loop);

	if (r == 0)
		r = listen_on_all(server);
	if (r == 0 && server->settings.control)
		r = control_open(&server->control, &server->loop, server->settings.control, verbs,
				 server);
	return r;
}

int serve(int argc, char **argv)
{
	struct server server = {.settings = {.name = "server"}};
	int r = options_parse(serve_options, argc, argv, &server.settings);

	if (r < 0)
		return 2;
	if (strlen(server.settings.name) >= MESSAGE_NAME_MAX) {
		log_error("--name: '%s' is longer than %d", server.settings.name,
			  MESSAGE_NAME_MAX - 1);
		return 2;
	}
	r = server_open(&server);
	if (r == 0)
		r = loop_run(&server.loop, server_tick, &server);
	if (r < 0)
		log_error("cannot serve: %s", strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
