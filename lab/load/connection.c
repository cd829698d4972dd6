/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One connection's life: it opens, asks, waits, rests, asks again. What does not come in time,
 * comes wrong or ends too early is a fault; a stall alone does not end a connection, which may go
 * on after it.
 */
#include "lab/load/crowd.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab/load/socket.h"

/* A place of a connection that is to last is not filled again. */
static void end(struct connection *connection)
{
	struct crowd *crowd = connection->crowd;

	crowd->sent += connection->channel.out.bytes;
	crowd->received += connection->channel.in.bytes;
	close(connection->watch.fd);
	connection->channel = (struct channel){};
	connection->state = crowd->settings.exchanges > 0 ? CONNECTION_FREE : CONNECTION_GONE;
}

static void finish(struct connection *connection)
{
	connection->crowd->finished++;
	end(connection);
}

static void found(struct connection *connection, enum fault fault, uint64_t ms)
{
	struct crowd *crowd = connection->crowd;

	if (!connection->faulty)
		crowd->broken++;
	connection->faulty = true;
	fault_found(&crowd->tally, fault, &connection->here, &crowd->to, connection->name, ms);
}

static void fail(struct connection *connection, enum fault fault)
{
	found(connection, fault, 0);
	end(connection);
}

static void wait_until(struct connection *connection, enum connection_state state, uint64_t due_ms)
{
	connection->state = state;
	connection->due_ms = due_ms;
	connection->stalled = false;
}

/* Goes on writing; false: the connection is gone. */
static bool flush_request(struct connection *connection)
{
	int r = channel_flush(&connection->channel);

	if (r < 0 && r != -EAGAIN) {
		fail(connection, fault_of(r));
		return false;
	}
	loop_change(&connection->crowd->loop, &connection->watch,
		    r == 0 ? EPOLLIN : EPOLLIN | EPOLLOUT);
	return true;
}

static void ask(struct connection *connection, uint64_t now)
{
	struct crowd *crowd = connection->crowd;
	const struct crowd_settings *settings = &crowd->settings;
	struct message request = {.length = htobe32(settings->bytes),
				  .wanted = htobe32(settings->wanted),
				  .delay_ms = htobe32(crowd->delay_ms)};
	uint32_t asks = 0;

	connection->hushed = crowd->delay_ms > 0;
	connection->last =
		connection->leaving ||
		(settings->exchanges > 0 && connection->exchanges + 1 >= settings->exchanges);
	if (connection->last && settings->server_closes)
		asks |= ASK_CLOSE;
	if (crowd->plants > 0) {
		crowd->plants--;
		asks |= crowd->plant;
		connection->channel.flip = crowd->plant & ASK_NOTHING;
	}
	request.asks = htobe32(asks);
	connection->asked_ms = now;
	wait_until(connection, CONNECTION_WAITING, now + crowd->delay_ms);
	channel_send(&connection->channel, &request);
	flush_request(connection);
}

static void note_wait(struct connection *connection, uint64_t now)
{
	struct crowd *crowd = connection->crowd;

	if (now > connection->due_ms && now - connection->due_ms > crowd->longest_ms)
		crowd->longest_ms = now - connection->due_ms;
}

/* False: another server than before. */
static bool same_server(struct connection *connection, const struct message *answer)
{
	if (connection->name[0] == '\0')
		memcpy(connection->name, answer->name, sizeof(connection->name));
	return strcmp(connection->name, answer->name) == 0;
}

static void answered(struct connection *connection, const struct message *answer)
{
	struct crowd *crowd = connection->crowd;
	uint64_t now = now_ms();

	if (connection->state != CONNECTION_WAITING) {
		fail(connection, FAULT_WRONG_BYTE);
		return;
	}
	if (!same_server(connection, answer)) {
		fail(connection, FAULT_WRONG_NAME);
		return;
	}
	note_wait(connection, now);
	if (connection->asked_ms >= crowd->mark_ms && connection->counted_ms < crowd->mark_ms) {
		crowd->answered++;
		connection->counted_ms = crowd->mark_ms;
	}
	connection->exchanges++;
	crowd->exchanges++;
	connection->turn_ms = now + crowd->settings.interval_ms;
	if (!connection->last)
		connection->state = CONNECTION_RESTING;
	else if (crowd->settings.server_closes)
		wait_until(connection, CONNECTION_CLOSING, now);
	else
		finish(connection);
}

static void receive(struct connection *connection)
{
	struct message answer;
	int r;

	while (connection_is_live(connection) &&
	       (r = channel_receive(&connection->channel, &answer)) != 0) {
		if (r > 0)
			answered(connection, &answer);
		else if (r == -ENODATA && connection->state == CONNECTION_CLOSING)
			finish(connection);
		else
			fail(connection, fault_of(r));
	}
}

/* The handshake is over, one way or the other. */
static void opened(struct connection *connection)
{
	struct crowd *crowd = connection->crowd;
	uint64_t now = now_ms();
	socklen_t size = sizeof(int);
	int error = 0, on = 1;

	getsockopt(connection->watch.fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (error != 0) {
		fail(connection, fault_of(-error));
		return;
	}
	setsockopt(connection->watch.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	note_wait(connection, now);
	crowd->opened++;
	loop_change(&crowd->loop, &connection->watch, EPOLLIN);
	connection->asked_ms = now;
	if (crowd->settings.greeting_ms > 0)
		wait_until(connection, CONNECTION_WAITING, now + crowd->settings.greeting_ms);
	else
		ask(connection, now);
}

static void connection_ready(struct watch *watch, uint32_t events)
{
	struct connection *connection = container_of(watch, struct connection, watch);

	if (connection->state == CONNECTION_OPENING) {
		opened(connection);
		return;
	}
	if (connection->channel.out.busy && !flush_request(connection))
		return;
	receive(connection);
}

static int bind_here(const struct crowd *crowd, int fd, uint16_t port)
{
	int on = 1;
	socklen_t size;
	struct sockaddr_storage address;

	if (port == 0 && !crowd->settings.from)
		return 0;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	size = socket_address(&(struct endpoint){crowd->from.address, htons(port)},
			      &crowd->to.address, &address);
	return bind(fd, (struct sockaddr *)&address, size) < 0 ? -errno : 0;
}

static uint16_t next_port(struct crowd *crowd)
{
	const struct port_range *range = crowd->settings.ports.list;
	uint16_t port;

	if (crowd->settings.ports.n == 0)
		return 0;
	port = range->first + crowd->next_port;
	crowd->next_port = (crowd->next_port + 1) % (range->last - range->first + 1);
	return port;
}

static int connect_there(const struct crowd *crowd, int fd)
{
	struct sockaddr_storage address;
	socklen_t size = socket_address(&crowd->to, &crowd->to.address, &address);

	return connect(fd, (struct sockaddr *)&address, size) < 0 ? -errno : 0;
}

int connection_open(struct connection *connection, struct crowd *crowd, uint64_t now)
{
	int fd = socket(address_is_v4(&crowd->to.address) ? AF_INET : AF_INET6,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			crowd->settings.mptcp ? IPPROTO_MPTCP : IPPROTO_TCP);
	int r = fd < 0 ? -errno : bind_here(crowd, fd, next_port(crowd));

	if (r == 0)
		r = connect_there(crowd, fd);
	if (r == -EADDRNOTAVAIL || r == -EADDRINUSE) {
		close(fd);
		return -EADDRNOTAVAIL;
	}
	*connection =
		(struct connection){.watch = {.fd = fd, .ready = connection_ready}, .crowd = crowd};
	wait_until(connection, CONNECTION_OPENING, now);
	socket_here(fd, &connection->here);
	channel_init(&connection->channel, fd, &connection->here, &crowd->to);
	if (r < 0 && r != -EINPROGRESS)
		fail(connection, fault_of(r));
	else
		loop_add(&crowd->loop, &connection->watch, EPOLLOUT);
	return 0;
}

static void tell_stall(struct connection *connection, uint64_t now)
{
	uint64_t overdue = now > connection->due_ms ? now - connection->due_ms : 0;

	if (connection->stalled || overdue <= connection->crowd->settings.stall_ms)
		return;
	connection->stalled = true;
	found(connection, FAULT_STALL, overdue);
}

static bool is_to_ask(const struct connection *connection, uint64_t now)
{
	const struct crowd *crowd = connection->crowd;

	if (crowd->paused && (crowd->delay_ms == 0 || connection->hushed))
		return false;
	return connection->turn_ms <= now;
}

void connection_tick(struct connection *connection, uint64_t now)
{
	switch (connection->state) {
	case CONNECTION_RESTING:
		if (is_to_ask(connection, now))
			ask(connection, now);
		break;
	case CONNECTION_OPENING:
	case CONNECTION_WAITING:
	case CONNECTION_CLOSING:
		tell_stall(connection, now);
		break;
	case CONNECTION_FREE:
	case CONNECTION_GONE:
		break;
	}
}
