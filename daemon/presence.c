/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/presence.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/log.h"

#define FOLDER "nodes/"
#define ACCURACY_US 100000

struct presence {
	const struct shared *shared;
	presence_beat_fn beat;
	void *userdata;
	sd_event_source *timer;
	struct etcd_call *call;
	char *key, *text; /* NULL: nothing to say yet */
	int64_t lease;	  /* 0: none */
	uint64_t renewed_us;
	bool said;	  /* the text, under this lease */
	bool refused;	  /* we may not write it, or etcd is full */
};

static void go_on(struct presence *presence, uint64_t after_us)
{
	sd_event_source_set_time_relative(presence->timer, after_us);
	sd_event_source_set_enabled(presence->timer, SD_EVENT_ONESHOT);
}

/* What is wrong with the entry alone is said once, and the store is asked without it. */
static void take_error(struct presence *presence, const struct etcd_answer *answer)
{
	if (answer->error == -ENOENT) { /* the lease has ended, since we were away for too long */
		presence->lease = 0;
		go_on(presence, 0);
		return;
	}
	if (answer->error != -EACCES && answer->error != -ENOSPC) {
		presence_pause(presence);
		presence->beat(answer->error, answer->why, presence->userdata);
		return;
	}
	if (!presence->refused && answer->error == -EACCES)
		log_warning("store: this node is not among those that live: %s", answer->why);
	presence->refused = true;
	go_on(presence, PRESENCE_INTERVAL_US);
	presence->beat(answer->error == -ENOSPC ? -ENOSPC : 0, answer->why, presence->userdata);
}

/* Of every answer the first thing. False: it is an error, and dealt with. */
static bool take_answer(struct presence *presence, const struct etcd_answer *answer)
{
	presence->call = etcd_call_free(presence->call);
	if (answer->error == 0)
		return true;
	take_error(presence, answer);
	return false;
}

static void on_put(const struct etcd_answer *answer, void *userdata)
{
	struct presence *presence = userdata;

	if (!take_answer(presence, answer))
		return;
	presence->said = true;
	presence->refused = false;
	go_on(presence, PRESENCE_INTERVAL_US);
	presence->beat(0, NULL, presence->userdata);
}

static uint64_t now_of(const struct presence *presence)
{
	uint64_t now_us = 0;

	sd_event_now(sd_event_source_get_event(presence->timer), CLOCK_MONOTONIC, &now_us);
	return now_us;
}

static void on_grant(const struct etcd_answer *answer, void *userdata)
{
	struct presence *presence = userdata;

	if (!take_answer(presence, answer))
		return;
	presence->lease = etcd_number_of(answer->body, "ID");
	presence->renewed_us = now_of(presence);
	presence->said = false;
	go_on(presence, 0);
}

/* An answer without a time to live: the lease has ended. */
static void on_renewed(const struct etcd_answer *answer, void *userdata)
{
	struct presence *presence = userdata;

	if (!take_answer(presence, answer))
		return;
	if (etcd_number_of(answer->body, "TTL") <= 0)
		presence->lease = 0;
	presence->renewed_us = now_of(presence);
	go_on(presence, presence->lease && presence->said ? PRESENCE_INTERVAL_US : 0);
	presence->beat(0, NULL, presence->userdata);
}

static void on_asked(const struct etcd_answer *answer, void *userdata)
{
	struct presence *presence = userdata;

	if (!take_answer(presence, answer))
		return;
	go_on(presence, PRESENCE_INTERVAL_US);
	presence->beat(0, NULL, presence->userdata);
}

static json_t *put_request(const struct presence *presence)
{
	return json_pack("{s:o s:o s:o}", "key", etcd_bytes(presence->key), "value",
			 etcd_bytes(presence->text), "lease", etcd_number(presence->lease));
}

/* Before all else: whoever says something new again and again renews nothing by it. */
static bool has_to_renew(const struct presence *presence)
{
	return now_of(presence) - presence->renewed_us >= PRESENCE_INTERVAL_US;
}

static int on_timer(sd_event_source *source, uint64_t due_us, void *userdata)
{
	struct presence *presence = userdata;
	struct etcd *etcd = presence->shared->etcd;
	struct etcd_call **call = &presence->call;
	int r;

	if (presence->call)
		return 0;
	if (!presence->text || presence->refused)
		r = etcd_call(etcd, "/v3/kv/range",
			      shared_range(presence->shared, DOCUMENTS_MANIFEST), on_asked, presence,
			      call);
	else if (!presence->lease)
		r = etcd_call(etcd, "/v3/lease/grant",
			      json_pack("{s:o}", "TTL", etcd_number(PRESENCE_TTL_S)), on_grant,
			      presence, call);
	else if (!presence->said && !has_to_renew(presence))
		r = etcd_call(etcd, "/v3/kv/put", put_request(presence), on_put, presence, call);
	else
		r = etcd_call(etcd, "/v3/lease/keepalive",
			      json_pack("{s:o}", "ID", etcd_number(presence->lease)), on_renewed,
			      presence, call);
	if (r < 0)
		go_on(presence, PRESENCE_INTERVAL_US);
	return 0;
}

int presence_new(sd_event *event, const struct shared *shared, presence_beat_fn beat,
		 void *userdata, struct presence **ret)
{
	struct presence *presence = calloc(1, sizeof(*presence));
	int r;

	if (!presence)
		return -ENOMEM;
	*presence = (struct presence){.shared = shared, .beat = beat, .userdata = userdata};
	r = sd_event_add_time_relative(event, &presence->timer, CLOCK_MONOTONIC, 0, ACCURACY_US,
				       on_timer, presence);
	if (r >= 0)
		r = sd_event_source_set_enabled(presence->timer, SD_EVENT_OFF);
	if (r < 0) {
		presence_free(presence);
		return r;
	}
	*ret = presence;
	return 0;
}

struct presence *presence_free(struct presence *presence)
{
	if (!presence)
		return NULL;
	etcd_call_free(presence->call);
	sd_event_source_disable_unref(presence->timer);
	free(presence->key);
	free(presence->text);
	free(presence);
	return NULL;
}

int presence_say(struct presence *presence, const char *node, const char *text)
{
	_cleanup_free_ char *below = NULL, *key = NULL, *copy = strdup(text);

	if (asprintf(&below, FOLDER "%s", node) >= 0)
		key = shared_key(presence->shared, below);
	if (!key || !copy)
		return -ENOMEM;
	if (presence->text && strcmp(presence->text, text) == 0)
		return 0;
	free(presence->key);
	free(presence->text);
	presence->key = take(key);
	presence->text = take(copy);
	presence->said = presence->refused = false;
	/* A paused one says it when it goes on. */
	if (!presence->call && sd_event_source_get_enabled(presence->timer, NULL) > 0)
		go_on(presence, 0);
	return 0;
}

void presence_resume(struct presence *presence)
{
	presence->refused = false;
	if (!presence->call)
		go_on(presence, 0);
}

void presence_pause(struct presence *presence)
{
	presence->call = etcd_call_free(presence->call);
	sd_event_source_set_enabled(presence->timer, SD_EVENT_OFF);
}
