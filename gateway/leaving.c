/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gateway/leaving.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "daemon/events.h"
#include "wire/verdicts.h"

#define INTERVAL_US 200000
#define ACCURACY_US 20000

/* What the hasher, and the router, do with a client's packet. */
static const enum gateway_verdict hashed[] = {GATEWAY_COOKIE, GATEWAY_PICKED, GATEWAY_TO_ROUTER};
static const enum gateway_verdict routed[] = {GATEWAY_PIN, GATEWAY_PIN_AFTER_ALL, GATEWAY_PIN_NEW,
						GATEWAY_PIN_MIDWAY, GATEWAY_CANDIDATES};

struct leaving {
	sd_event_source *timer;
	leaving_changed_fn changed;
	void *userdata;
	const struct dataplane *dataplane;
	uint64_t self; /* identity, among the routers */
	uint64_t hashed, routed; /* so far */
	struct drain_rules rules;
	struct drain drain;
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * UINT64_C(1000000) + now.tv_nsec / 1000;
}

/* Counting */

static uint64_t packets(const struct dataplane *dataplane, const enum gateway_verdict *verdicts,
			size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += dataplane_packets(dataplane, verdicts[i]);
	return sum;
}

static bool is_only_router(const struct leaving *leaving)
{
	uint32_t all, rows = tables_router_rows(dataplane_tables(leaving->dataplane), leaving->self, &all);

	return rows == all;
}

/* Since the last time. */
static uint64_t clients_packets(struct leaving *leaving)
{
	uint64_t by_hasher = packets(leaving->dataplane, hashed, sizeof(hashed) / sizeof(*hashed));
	uint64_t by_router = packets(leaving->dataplane, routed, sizeof(routed) / sizeof(*routed));
	uint64_t more = by_hasher - leaving->hashed;

	if (is_only_router(leaving))
		more += by_router - leaving->routed;
	leaving->hashed = by_hasher;
	leaving->routed = by_router;
	return more;
}

/* Saying */

static void say_left(const struct leaving *leaving)
{
	const struct drain *drain = &leaving->drain;

	if (drain->end == DRAIN_EMPTY)
		event_say(EVENT_DRAIN_LEFT, ABOUT(), "drained: no VIP was announced");
	else if (drain->end == DRAIN_QUIET)
		event_say(EVENT_DRAIN_LEFT, ABOUT(),
			  "drained: clients' traffic has left after %.1f s, the VIPs are withdrawn",
			  drain->took_us / 1e6);
	else if (!leaving->rules.limit_s)
		event_say(EVENT_DRAIN_LEFT, ABOUT(), "drained: the VIPs are withdrawn at once");
	else
		event_say(EVENT_DRAIN_LEFT, ABOUT(),
			  "drained: clients still send %.0f packets/s here after %u s, the VIPs are "
			  "withdrawn nevertheless",
			  drain->per_s, leaving->rules.limit_s);
}

static void say_phase(const struct leaving *leaving)
{
	switch (leaving->drain.phase) {
	case DRAIN_NONE:
		event_say(EVENT_DRAIN_OVER, ABOUT(), "no longer drained: the VIPs are announced as before");
		return;
	case DRAIN_LEAVING:
		event_say(EVENT_DRAIN_LEAVING, ABOUT(),
			  "draining: the VIPs are announced with graceful shutdown, until clients' "
			  "traffic (%.0f packets/s) has left, for %u s at most",
			  leaving->drain.before_per_s, leaving->rules.limit_s);
		return;
	case DRAIN_LEFT:
		say_left(leaving);
		return;
	}
}

/* Watching */

static int on_timer(sd_event_source *source, uint64_t due_us, void *userdata)
{
	struct leaving *leaving = userdata;

	if (leaving->dataplane &&
	    drain_look(&leaving->drain, &leaving->rules, clients_packets(leaving), now_us())) {
		say_phase(leaving);
		leaving->changed(leaving->userdata);
	}
	sd_event_source_set_time_relative(source, INTERVAL_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

void leaving_count(struct leaving *leaving, const struct dataplane *dataplane, uint64_t self)
{
	if (!leaving->dataplane) {
		leaving->hashed = packets(dataplane, hashed, sizeof(hashed) / sizeof(*hashed));
		leaving->routed = packets(dataplane, routed, sizeof(routed) / sizeof(*routed));
	}
	leaving->dataplane = dataplane;
	leaving->self = self;
}

void leaving_use(struct leaving *leaving, const struct config_drain *rules, bool drained, bool standing)
{
	leaving->rules = (struct drain_rules){
		.limit_s = rules->limit_s,
		.settle_ms = rules->settle_ms,
		.below_percent = rules->below_percent,
	};
	if (drain_want(&leaving->drain, &leaving->rules, drained, standing, now_us()))
		say_phase(leaving);
}

int leaving_new(sd_event *event, leaving_changed_fn changed, void *userdata, struct leaving **ret)
{
	struct leaving *leaving = calloc(1, sizeof(*leaving));
	int r;

	if (!leaving)
		return -ENOMEM;
	leaving->changed = changed;
	leaving->userdata = userdata;
	r = sd_event_add_time_relative(event, &leaving->timer, CLOCK_MONOTONIC, INTERVAL_US,
				       ACCURACY_US, on_timer, leaving);
	if (r < 0) {
		leaving_free(leaving);
		return r;
	}
	*ret = leaving;
	return 0;
}

struct leaving *leaving_free(struct leaving *leaving)
{
	if (!leaving)
		return NULL;
	sd_event_source_disable_unref(leaving->timer);
	free(leaving);
	return NULL;
}

enum drain_phase leaving_phase(const struct leaving *leaving)
{
	return leaving ? leaving->drain.phase : DRAIN_NONE;
}

json_t *leaving_json(const struct leaving *leaving)
{
	static const char *const ends[] = {
		[DRAIN_QUIET] = "quiet", [DRAIN_LIMIT] = "limit", [DRAIN_EMPTY] = "empty"};
	const struct drain *drain = &leaving->drain;
	bool left = drain->phase == DRAIN_LEFT;

	return json_pack("{s:s s:i s:f s:f s:f s:i s:s? s:f}", "phase", drain_phase_name(drain->phase), "step",
			 (int)drain->phase, "since_s",
			 drain->phase ? (now_us() - drain->since_us) / 1e6 : 0.0, "packets_per_s",
			 drain->per_s, "before_per_s", drain->before_per_s, "limit_s",
			 (int)leaving->rules.limit_s, "end", left ? ends[drain->end] : NULL, "took_s",
			 left ? drain->took_us / 1e6 : 0.0);
}
