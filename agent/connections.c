/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "agent/connections.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/census.h"
#include "io/sockets.h"
#include "wire/connection.h"

#define ACCURACY_US 100000

struct connections {
	sd_event_source *timer;
	struct sockets *sockets;
	struct census *census; /* NULL: nothing is followed */
	struct network *vips;
	size_t n_vips;
	int storage; /* of what they carry; negative: not counted */
	bool untold; /* the kernel does not say it */
	bool failed; /* which was said */
};

static void on_found(const union address *local, uint16_t port, const void *stored, size_t size,
		     void *userdata)
{
	const struct connections *connections = userdata;
	struct connection connection;
	int mark = -1;

	if (stored && size == sizeof(connection)) {
		memcpy(&connection, stored, size);
		mark = (uint16_t)connection.mark;
	}
	if (connections->census)
		census_add(connections->census, local, port, mark);
}

static void fail(struct connections *connections, int r)
{
	if (!connections->failed)
		log_error("cannot count the services' connections: %s", strerror(-r));
	connections->failed = true;
}

static void wait_for_next(const struct connections *connections, uint64_t us)
{
	sd_event_source_set_time_relative(connections->timer, us);
	sd_event_source_set_enabled(connections->timer, SD_EVENT_ONESHOT);
}

/* That the kernel does not tell what is stored with a socket, and not that it had no room. */
static bool is_refusal(int result)
{
	return result == -EPERM || result == -EINVAL || result == -EOPNOTSUPP;
}

static void on_ended(int result, uint64_t took_us, void *userdata)
{
	struct connections *connections = userdata;

	if (is_refusal(result) && connections->storage >= 0) {
		log_warning("which key epochs connections carry is not counted: %s", strerror(-result));
		connections->storage = -1;
		connections->untold = true;
	} else if (result < 0)
		fail(connections, result);
	else if (connections->census)
		census_end(connections->census);
	wait_for_next(connections, census_pause_us(took_us));
}

static void walk(struct connections *connections)
{
	int r;

	census_begin(connections->census);
	r = sockets_walk(connections->sockets, connections->vips, connections->n_vips,
			 connections->storage);
	if (r < 0) {
		fail(connections, r);
		wait_for_next(connections, census_pause_us(0));
	}
}

static int on_timer(sd_event_source *source, uint64_t due_us, void *userdata)
{
	struct connections *connections = userdata;

	if (connections->census)
		walk(connections);
	return 0;
}

int connections_new(sd_event *event, struct connections **ret)
{
	struct connections *connections = calloc(1, sizeof(*connections));
	int r;

	if (!connections)
		return -ENOMEM;
	r = sockets_new(event, on_found, on_ended, connections, &connections->sockets);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &connections->timer, CLOCK_MONOTONIC, 0,
					       ACCURACY_US, on_timer, connections);
	if (r < 0) {
		connections_free(connections);
		return r;
	}
	*ret = connections;
	return 0;
}

struct connections *connections_free(struct connections *connections)
{
	if (!connections)
		return NULL;
	sd_event_source_disable_unref(connections->timer);
	sockets_free(connections->sockets);
	census_free(connections->census);
	free(connections->vips);
	free(connections);
	return NULL;
}

int connections_follow(struct connections *connections, const struct plan *plan, int storage)
{
	connections->storage = connections->untold ? -1 : storage;
	connections->census = census_free(connections->census);
	free(connections->vips);
	connections->n_vips = 0;
	connections->vips = calloc(plan->n_vips + 1, sizeof(*connections->vips));
	if (!connections->vips || census_new(plan, &connections->census) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < plan->n_vips; i++)
		connections->vips[connections->n_vips++] = plan->vips[i].network;
	walk(connections);
	return 0;
}

bool connections_of(const struct connections *connections, size_t service, uint32_t *ret)
{
	return connections->census && census_of(connections->census, service, ret);
}

void connections_carried(const struct connections *connections, uint32_t epoch,
			 enum rests_carried ret[static COOKIE_EPOCHS])
{
	uint32_t marks[COOKIE_EPOCHS];
	bool known = connections->storage >= 0 && connections->census &&
		     census_marks(connections->census, marks);

	for (size_t bit = 0; bit < COOKIE_EPOCHS; bit++)
		ret[bit] = !known		? RESTS_UNKNOWN
			   : marks[bit]		? RESTS_SOMEBODY
						: RESTS_NOBODY;
	ret[epoch % COOKIE_EPOCHS] = RESTS_SOMEBODY;
}
