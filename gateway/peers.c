/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gateway/peers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/log.h"
#include "daemon/events.h"
#include "io/probes.h"
#include "wire/srv6.h"

#define ACCURACY_US 1000
#define BIND_EVERY 20 /* ticks: a second */

struct peer {
	uint64_t identity;
	char *name;
	union address sid; /* of its probe function */
	bool other_secret; /* and it was said */
	struct liveness liveness;
};

struct peers {
	sd_event_source *tick;
	struct probes *probes;
	peers_changed_fn changed;
	void *userdata;
	struct prefix infrastructure;
	uint64_t fingerprint;
	struct peer *list;
	size_t n;
	unsigned int ticks;
	bool mute; /* there is no address to ask from, and it was said */
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

/* The list */

static struct peer *list_free(struct peer *list, size_t n)
{
	for (size_t i = 0; list && i < n; i++)
		free(list[i].name);
	free(list);
	return NULL;
}

static struct peer *find(const struct peers *peers, uint64_t identity)
{
	for (size_t i = 0; i < peers->n; i++)
		if (peers->list[i].identity == identity)
			return &peers->list[i];
	return NULL;
}

const struct liveness *peers_find(const struct peers *peers, uint64_t identity)
{
	const struct peer *peer = find(peers, identity);

	return peer ? &peer->liveness : NULL;
}

static bool has_rows(const struct plan *plan, const struct plan_node *router)
{
	for (uint32_t row = 0; row < plan->router_size; row++)
		if (plan->router_rows[row] == router->number)
			return true;
	return false;
}

static int peer_fill(const struct peers *peers, const struct plan *plan,
		     const struct plan_node *router, struct peer *ret)
{
	const struct peer *before = find(peers, router->identity);

	*ret = (struct peer){
		.identity = router->identity,
		.name = strdup(router->name),
		.sid = sid_make(&router->sids[0], SRV6_PROBE),
		.liveness = before ? before->liveness : liveness_new(has_rows(plan, router)),
	};
	return ret->name ? 0 : -ENOMEM;
}

int peers_watch(struct peers *peers, const struct plan *plan,
		const struct gateway_settings *settings)
{
	struct peer *list = calloc(plan->n_routers + 1, sizeof(*list));
	size_t n = 0;
	int r = list ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < plan->n_routers; i++)
		if (!(plan->routers[i].flags & DESTINATION_SELF))
			r = peer_fill(peers, plan, &plan->routers[i], &list[n++]);
	if (r == 0)
		r = sd_event_source_set_enabled(peers->tick, n ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
	if (r < 0) {
		list_free(list, n);
		return r;
	}
	list_free(peers->list, peers->n);
	peers->list = list;
	peers->n = n;
	peers->infrastructure = settings->infrastructure;
	peers->fingerprint = settings->fingerprint;
	peers->ticks = 0; /* the infrastructure may be another: bind anew */
	return 0;
}

static bool taken_for_alive(const struct peers *peers, const struct tables *tables,
			    const struct plan_node *router)
{
	const struct peer *peer = find(peers, router->identity);
	uint32_t all, rows;

	if (peer)
		return peer->liveness.alive;
	rows = tables_router_rows(tables, router->identity, &all);
	return rows || !all;
}

int peers_plan(const struct peers *peers, struct plan *plan, const struct tables *tables)
{
	_cleanup_free_ bool *alive = calloc(plan->n_routers + 1, sizeof(*alive));

	if (!alive)
		return -ENOMEM;
	for (size_t i = 0; i < plan->n_routers; i++)
		alive[i] = taken_for_alive(peers, tables, &plan->routers[i]);
	return plan_live_routers(plan, alive);
}

/* Asking and being answered */

static void say_secret(struct peer *peer)
{
	if (!peer->other_secret)
		event_say(EVENT_GATEWAY_STRANGE, ABOUT(.gateway = peer->name),
			  "gateway %s has another secret: its answers do not count", peer->name);
	peer->other_secret = true;
}

/* Rows of one secret are of no use to a gateway of another: it is as good as dead to us. */
static void on_answer(const struct probe *answer, const union address *from, void *userdata)
{
	struct peers *peers = userdata;

	for (size_t i = 0; i < peers->n; i++) {
		struct peer *peer = &peers->list[i];

		if (!address_equal(&peer->sid, from))
			continue;
		if (answer->fingerprint != peers->fingerprint) {
			say_secret(peer);
			return;
		}
		peer->other_secret = false;
		if (!liveness_answer(&peer->liveness, answer->token, now_us()))
			return;
		event_say(EVENT_GATEWAY_BACK, ABOUT(.gateway = peer->name),
			  "gateway %s answers again: it routes flows", peer->name);
		peers->changed(peers->userdata);
		return;
	}
}

/* Once a second, so that an address that changes is followed. False: there is nothing to ask from. */
static bool may_ask(struct peers *peers)
{
	int r = 0;

	if (peers->ticks++ % BIND_EVERY == 0) {
		r = probes_bind(peers->probes, &peers->infrastructure);
		if (r < 0 && !peers->mute)
			log_warning("the site's gateways are not watched, give this node an address in "
				    "the infrastructure's network: %s",
				    strerror(-r));
		peers->mute = r < 0;
	}
	return !peers->mute;
}

/* A question that cannot be sent is lost like any other: so are the packets. */
static bool ask(struct peers *peers, struct peer *peer)
{
	uint64_t token = 0;
	bool died;

	if (getrandom(&token, sizeof(token), GRND_NONBLOCK) != sizeof(token) || !token)
		return false;
	died = liveness_ask(&peer->liveness, token, now_us());
	probes_ask(peers->probes, &peer->sid, token, peers->fingerprint);
	if (died)
		event_say(EVENT_GATEWAY_SILENT, ABOUT(.gateway = peer->name),
			  "gateway %s does not answer: flows are routed without it", peer->name);
	return died;
}

static int on_tick(sd_event_source *source, uint64_t due_us, void *userdata)
{
	struct peers *peers = userdata;
	bool change = false;
	int r;

	probes_take(peers->probes);
	if (may_ask(peers))
		for (size_t i = 0; i < peers->n; i++)
			change |= ask(peers, &peers->list[i]);
	if (change)
		peers->changed(peers->userdata);
	r = sd_event_source_set_time_relative(source, LIVENESS_INTERVAL_US);
	return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int peers_new(sd_event *event, peers_changed_fn changed, void *userdata, struct peers **ret)
{
	struct peers *peers = calloc(1, sizeof(*peers));
	int r;

	if (!peers)
		return -ENOMEM;
	peers->changed = changed;
	peers->userdata = userdata;
	r = probes_new(event, on_answer, peers, &peers->probes);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &peers->tick, CLOCK_MONOTONIC,
					       LIVENESS_INTERVAL_US, ACCURACY_US, on_tick, peers);
	if (r >= 0)
		r = sd_event_source_set_enabled(peers->tick, SD_EVENT_OFF);
	if (r < 0) {
		peers_free(peers);
		return r;
	}
	*ret = peers;
	return 0;
}

struct peers *peers_free(struct peers *peers)
{
	if (!peers)
		return NULL;
	sd_event_source_disable_unref(peers->tick);
	probes_free(peers->probes);
	list_free(peers->list, peers->n);
	free(peers);
	return NULL;
}
