/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/store.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/tree.h"
#include "core/config.h"
#include "core/following.h"
#include "daemon/alarms.h"
#include "daemon/events.h"
#include "daemon/last_state.h"
#include "daemon/presence.h"
#include "daemon/shared.h"

#define START_WAIT_US 3000000ULL
#define QUIET_US 20000 /* a burst of changes is over */
#define ACCURACY_US 10000
#define WHY_MAX 512

struct store {
	sd_event *event;
	char *state;
	store_changed_fn changed;
	void *userdata;
	char *signature; /* of what the file says of the store; NULL: it names none */
	size_t n_endpoints;
	bool reopen;
	struct shared shared;
	struct presence *presence;
	struct alarms *alarms;
	struct entry *entry;
	struct etcd_call *call; /* reads, probes or watches */
	struct following following;
	sd_event_source *step, *quiet;
	struct documents now;	/* as the store has them, as far as we know */
	struct documents taken; /* that this node took last */
	enum documents_verdict verdict;
	bool judged; /* `now` was, once */
	bool used;   /* a state was taken since the daemon began */
	bool back;   /* store_tree gives `taken` */
	bool waiting;
	const struct documents *given;
	char why[WHY_MAX]; /* it cannot be reached */
	char refused[DOCUMENTS_WHY_MAX];
	int told; /* of `why`: the error that was said */
	bool lost; /* and it has not answered since */
	const char *answered; /* the endpoint that did last; NULL: none yet */
};

static uint64_t now_of(const struct store *store)
{
	uint64_t now_us = 0;

	sd_event_now(store->event, CLOCK_MONOTONIC, &now_us);
	return now_us;
}

static void arm(sd_event_source *source, uint64_t after_us)
{
	sd_event_source_set_time_relative(source, after_us);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* The state that goes on, for a line of the log. */
static const char *what_goes_on(const struct store *store, char text[static 64])
{
	if (store->taken.n)
		snprintf(text, 64, "the state of revision %lld goes on",
			 (long long)documents_revision(&store->taken));
	else
		snprintf(text, 64, "there is no state to begin with");
	return text;
}

/* What the store has */

static bool same(const struct documents *a, const struct documents *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->list[i].revision != b->list[i].revision ||
		    strcmp(a->list[i].key, b->list[i].key) != 0 ||
		    strcmp(a->list[i].text, b->list[i].text) != 0)
			return false;
	return true;
}

static void judge(struct store *store)
{
	enum documents_verdict before = store->verdict;
	char goes_on[64];

	store->verdict = documents_judge(&store->now, store->refused);
	if (store->verdict == DOCUMENTS_WHOLE) {
		*store->refused = '\0';
		if (!same(&store->now, &store->taken) || !store->used)
			arm(store->quiet, QUIET_US);
	} else {
		sd_event_source_set_enabled(store->quiet, SD_EVENT_OFF);
		if (store->verdict != DOCUMENTS_WRITING && (!store->judged || store->verdict != before))
			event_say(EVENT_STORE_REFUSED, ABOUT(.reason = store->refused),
				  "store: refused, %s, %s", store->refused,
				  what_goes_on(store, goes_on));
	}
	store->judged = true;
}

static int on_quiet(sd_event_source *source, uint64_t due_us, void *userdata)
{
	struct store *store = userdata;

	/* At the start, whoever waits goes on by himself. */
	if (store->waiting || (store->used && same(&store->now, &store->taken)))
		return 0;
	store->back = false;
	store->changed(store->userdata);
	return 0;
}

/* Following it */

static void step(struct store *store);

/* Another member than before is worth a line, and no event: nothing has changed. */
static void reached(struct store *store)
{
	const char *endpoint = etcd_endpoint(store->shared.etcd);

	if (store->lost)
		event_say(EVENT_STORE_BACK, ABOUT(), "store: %s answers again", endpoint);
	else if (store->answered && store->answered != endpoint)
		log_info("store: %s is asked from now on, since %s", endpoint, store->why);
	store->answered = endpoint;
	store->lost = false;
	*store->why = '\0';
	presence_resume(store->presence);
	alarms_resume(store->alarms);
}

/* Does not pass by itself, and other members may say the same: a password, a certificate. */
static bool stays(int error)
{
	return error != -EIO && error != -EAGAIN;
}

/* Besides the first reason, one that stays is said. */
static void failed(struct store *store, int error, const char *why)
{
	uint64_t now_us = now_of(store);
	uint32_t random = 0;
	char goes_on[64];
	bool news;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = (uint32_t)now_us;
	store->call = etcd_call_free(store->call);
	presence_pause(store->presence);
	alarms_pause(store->alarms);
	news = following_failed(&store->following, error == -EACCES, now_us, random);
	if (stays(error) && error != store->told && !store->following.reachable)
		news = true;
	snprintf(store->why, sizeof(store->why), "%s", why);
	if (news) {
		store->told = error;
		store->lost = true;
		event_say(EVENT_STORE_LOST, ABOUT(.reason = why), "store: cannot be reached, %s: %s",
			  what_goes_on(store, goes_on), why);
	}
	sd_event_source_set_time(store->step, store->following.retry_us);
	sd_event_source_set_enabled(store->step, SD_EVENT_ONESHOT);
}

static void on_read(const struct etcd_answer *answer, void *userdata)
{
	struct store *store = userdata;
	struct documents documents;
	const json_t *header = json_object_get(answer->body, "header");

	store->call = etcd_call_free(store->call);
	if (answer->error || shared_take_all(&store->shared, answer->body, &documents) < 0) {
		failed(store, answer->error ?: -EIO, answer->why ?: strerror(ENOMEM));
		return;
	}
	documents_clear(&store->now);
	store->now = documents;
	following_was_read(&store->following, etcd_number_of(header, "revision"), now_of(store));
	reached(store);
	judge(store);
	step(store);
}

/* Whether the manifest is the one that we have. */
static bool manifest_is_ours(const struct store *store, const struct documents *found)
{
	const struct document *ours = documents_find(&store->now, DOCUMENTS_MANIFEST);
	const struct document *theirs = documents_find(found, DOCUMENTS_MANIFEST);

	return ours && theirs && ours->revision == theirs->revision &&
	       strcmp(ours->text, theirs->text) == 0;
}

static void on_probed(const struct etcd_answer *answer, void *userdata)
{
	_cleanup_(documents_clear) struct documents found = {};
	struct store *store = userdata;
	const json_t *header = json_object_get(answer->body, "header");
	bool ours;

	store->call = etcd_call_free(store->call);
	if (answer->error || shared_take_all(&store->shared, answer->body, &found) < 0) {
		failed(store, answer->error ?: -EIO, answer->why ?: strerror(ENOMEM));
		return;
	}
	ours = manifest_is_ours(store, &found);
	following_was_probed(&store->following, ours, etcd_number_of(header, "revision"),
			     now_of(store));
	reached(store);
	step(store);
}

static int take_event(struct store *store, const json_t *event)
{
	const char *type = json_string_value(json_object_get(event, "type"));
	const json_t *kv = json_object_get(event, "kv");

	if (!type || strcmp(type, "PUT") == 0) /* zero, and so left out */
		return shared_take(&store->shared, kv, &store->now);
	shared_drop(&store->shared, kv, &store->now);
	return 0;
}

/* A watch that is cancelled: what it would begin with is forgotten, or we may not. */
static void take_cancel(struct store *store, const json_t *line)
{
	const char *reason = json_string_value(json_object_get(line, "cancel_reason"));
	bool compacted = etcd_number_of(line, "compact_revision") > 0;
	char why[WHY_MAX];

	if (!compacted) {
		snprintf(why, sizeof(why), "%s: %s", etcd_endpoint(store->shared.etcd),
			 reason ?: "the watch was cancelled");
		failed(store, -EACCES, why);
		return;
	}
	store->call = etcd_call_free(store->call);
	following_was_compacted(&store->following);
	step(store);
}

static void on_watched(const struct etcd_answer *answer, void *userdata)
{
	struct store *store = userdata;
	const json_t *line = answer->body, *events = json_object_get(line, "events"), *event;
	const json_t *header = json_object_get(line, "header");
	size_t i;
	int r = 0;

	if (answer->error) {
		failed(store, answer->error, answer->why);
		return;
	}
	if (json_is_true(json_object_get(line, "canceled"))) {
		take_cancel(store, line);
		return;
	}
	json_array_foreach(events, i, event)
	{
		if (r == 0)
			r = take_event(store, event);
	}
	if (r < 0) {
		failed(store, -EIO, strerror(-r));
		return;
	}
	/* When it begins, the header may be ahead of events that are still to come. */
	following_heard(&store->following,
			json_array_size(events) ? etcd_number_of(header, "revision") : 0,
			now_of(store));
	if (json_array_size(events))
		judge(store);
}

static json_t *watch_request(const struct store *store)
{
	json_t *create = shared_range(&store->shared, NULL);

	json_object_set_new(create, "start_revision", etcd_number(store->following.revision + 1));
	return json_pack("{s:o}", "create_request", create);
}

static void step(struct store *store)
{
	struct etcd *etcd = store->shared.etcd;
	int r = 0;

	switch (store->following.step) {
	case FOLLOWING_READ:
		r = etcd_call(etcd, "/v3/kv/range", shared_range(&store->shared, NULL), on_read,
			      store, &store->call);
		break;
	case FOLLOWING_PROBE:
		r = etcd_call(etcd, "/v3/kv/range",
			      shared_range(&store->shared, DOCUMENTS_MANIFEST), on_probed, store,
			      &store->call);
		break;
	case FOLLOWING_WATCH:
		r = etcd_stream(etcd, "/v3/watch", watch_request(store), on_watched, store,
				&store->call);
		break;
	}
	if (r < 0)
		failed(store, -EIO, strerror(-r));
}

static int on_step(sd_event_source *source, uint64_t due_us, void *userdata)
{
	step(userdata);
	return 0;
}

static void say_entry(struct store *store)
{
	_cleanup_free_ char *text = entry_text(store->entry, now_of(store));

	if (text)
		presence_say(store->presence, entry_node(store->entry), text);
}

static void on_beat(int error, const char *why, void *userdata)
{
	struct store *store = userdata;

	if (error && error != -ENOSPC) {
		failed(store, error, why);
		return;
	}
	following_heard(&store->following, 0, now_of(store));
	if (error)
		alarms_resume(store->alarms);
	else
		say_entry(store);
}

static void on_alarm(const char *alarm, void *userdata)
{
	struct store *store = userdata;

	if (!alarm)
		event_say(EVENT_STORE_CALM, ABOUT(), "store: etcd is written again");
	else if (strcmp(alarm, "NOSPACE") == 0)
		event_say(EVENT_STORE_ALARM, ABOUT(.reason = alarm),
			  "store: etcd is full, the configuration is read but not written: compact and "
			  "defragment it, then etcdctl alarm disarm");
	else
		event_say(EVENT_STORE_ALARM, ABOUT(.reason = alarm),
			  "store: etcd has raised the alarm %s, the configuration is read but not written",
			  alarm);
	/* What could not be said of this node is said now. */
	if (!alarm)
		presence_resume(store->presence);
}

/* Beginning and end */

int store_new(sd_event *event, const char *state, store_changed_fn changed, entry_look_fn look,
	      void *userdata, struct store **ret)
{
	struct store *store = calloc(1, sizeof(*store));
	int r;

	if (!store)
		return -ENOMEM;
	store->event = sd_event_ref(event);
	store->changed = changed;
	store->userdata = userdata;
	store->state = strdup(state);
	r = store->state ? entry_new(look, userdata, &store->entry) : -ENOMEM;
	if (r >= 0)
		r = sd_event_add_time_relative(event, &store->step, CLOCK_MONOTONIC, 0, ACCURACY_US,
					       on_step, store);
	if (r >= 0)
		r = sd_event_source_set_enabled(store->step, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &store->quiet, CLOCK_MONOTONIC, 0, ACCURACY_US,
					       on_quiet, store);
	if (r >= 0)
		r = sd_event_source_set_enabled(store->quiet, SD_EVENT_OFF);
	if (r < 0) {
		store_free(store);
		return r;
	}
	*ret = store;
	return 0;
}

static void leave(struct store *store)
{
	store->call = etcd_call_free(store->call);
	store->presence = presence_free(store->presence);
	store->alarms = alarms_free(store->alarms);
	store->answered = NULL;
	shared_close(&store->shared);
	sd_event_source_set_enabled(store->step, SD_EVENT_OFF);
	sd_event_source_set_enabled(store->quiet, SD_EVENT_OFF);
	documents_clear(&store->now);
	store->judged = false;
	*store->refused = '\0';
	store->given = NULL;
	free(store->signature);
	store->signature = NULL;
}

struct store *store_free(struct store *store)
{
	if (!store)
		return NULL;
	leave(store);
	documents_clear(&store->taken);
	sd_event_source_disable_unref(store->step);
	sd_event_source_disable_unref(store->quiet);
	sd_event_unref(store->event);
	entry_free(store->entry);
	free(store->state);
	free(store);
	return NULL;
}

static char *signature_of(const struct config_etcd *etcd)
{
	_cleanup_free_ char *text = NULL;
	size_t length;
	FILE *file = open_memstream(&text, &length);

	if (!file)
		return NULL;
	for (size_t i = 0; i < etcd->n_endpoints; i++)
		fprintf(file, "%s\n", etcd->endpoints[i]);
	fprintf(file, "%s\n%s\n%s\n%s\n%s\n%s\n", etcd->prefix, etcd->ca ?: "",
		etcd->certificate ?: "", etcd->key ?: "", etcd->user ?: "",
		etcd->password_file ?: "");
	fclose(file);
	return take(text);
}

/* A last state that is not whole is as none. */
static void read_last_state(struct store *store)
{
	struct documents documents = {};
	char why[DOCUMENTS_WHY_MAX];
	int r = last_state_read(store->state, &documents);

	if (r == -ENOENT)
		return;
	if (r == 0 && documents_judge(&documents, why) == DOCUMENTS_WHOLE) {
		store->taken = documents;
		return;
	}
	documents_clear(&documents);
	log_warning("%s: is not a state of the store, and passed over%s%s", store->state,
		    r < 0 ? ": " : "", r < 0 ? strerror(-r) : "");
}

static bool has_answer(const struct store *store)
{
	return store->judged && store->verdict == DOCUMENTS_WHOLE;
}

/*
 * Before the loop runs: until the store has a whole state, or for a moment if there is a last one.
 * Without either there is nothing to begin with.
 */
static int wait_for_answer(struct store *store)
{
	uint64_t begun_us = now_of(store);
	bool said = false;

	while (!has_answer(store)) {
		bool over = store->judged || store->following.failures >= store->n_endpoints ||
			    now_of(store) - begun_us > START_WAIT_US;
		int r;

		if (over && store->taken.n)
			return 0;
		if (over && !said)
			log_warning("store: waiting for a configuration: %s",
				    *store->why ? store->why : store->refused);
		said = said || over;
		r = sd_event_run(store->event, START_WAIT_US / 10);
		if (r < 0)
			return r; /* -ESTALE: a signal has ended it */
		if (sd_event_get_state(store->event) == SD_EVENT_FINISHED)
			return -EINTR;
	}
	return 0;
}

int store_use(struct store *store, const struct config *local, const char *path,
	      struct errors *errors)
{
	_cleanup_free_ char *signature = local ? signature_of(&local->etcd) : NULL;
	int r;

	if (!local) {
		leave(store);
		return 0;
	}
	if (!signature)
		return -ENOMEM;
	if (store->signature && !store->reopen && strcmp(signature, store->signature) == 0)
		return 0;
	leave(store);
	store->reopen = false;
	r = shared_open(store->event, local, path, errors, &store->shared);
	if (r == 0)
		r = presence_new(store->event, &store->shared, on_beat, store, &store->presence);
	if (r == 0)
		r = alarms_new(store->event, &store->shared, on_alarm, store, &store->alarms);
	if (r < 0)
		return r;
	store->signature = take(signature);
	store->n_endpoints = local->etcd.n_endpoints;
	if (!store->taken.n)
		read_last_state(store);
	following_begin(&store->following, store->n_endpoints, now_of(store));
	step(store);
	/* The loop cannot be run from within; what comes is told by `changed`. */
	if (sd_event_get_state(store->event) != SD_EVENT_INITIAL)
		return 0;
	store->waiting = true;
	r = wait_for_answer(store);
	store->waiting = false;
	return r;
}

void store_reopen(struct store *store)
{
	store->reopen = true;
}

int store_tree(struct store *store, struct errors *errors, struct tree **ret)
{
	store->given = has_answer(store) && !store->back ? &store->now : &store->taken;
	if (!store->given->n)
		return errors_add(errors, store->shared.name, 0, NULL,
				  "has not been read yet, it is taken when it has");
	return shared_tree(store->shared.name, store->given, errors, ret);
}

bool store_fall_back(struct store *store)
{
	if (!store->signature || store->used || store->given != &store->now || !store->taken.n)
		return false;
	store->back = true;
	return true;
}

void store_taken(struct store *store, const char *role, const char *node, const char *site)
{
	struct documents copy;
	int r = 0;

	if (!store->signature || !store->given)
		return;
	if (store->given != &store->taken && !same(store->given, &store->taken)) {
		if (documents_copy(store->given, &copy) < 0)
			return;
		documents_clear(&store->taken);
		store->taken = copy;
		r = last_state_write(store->state, &store->taken);
		if (r < 0)
			log_error("%s: the store's state is not kept for the next start: %s",
				  store->state, strerror(-r));
		event_say(EVENT_STORE_TAKEN, ABOUT(), "store: revision %lld is taken",
			  (long long)documents_revision(&store->taken));
	}
	store->used = true;
	if (entry_is(store->entry, role, node, site, documents_revision(&store->taken)) == 0)
		say_entry(store);
}

json_t *store_json(const struct store *store)
{
	const struct following *following = &store->following;

	if (!store->signature)
		return json_null();
	return json_pack("{s:s s:s s:s s:b s:f s:I s:I s:s? s:s? s:b s:s?}", "kind", "etcd", "state", store->state, "endpoint",
			 etcd_endpoint(store->shared.etcd), "reachable", following->reachable,
			 "heard_s", (now_of(store) - following->heard_us) / 1e6, "revision",
			 (json_int_t)documents_revision(&store->taken), "newest",
			 (json_int_t)documents_revision(&store->now), "why",
			 *store->why && !following->reachable ? store->why : NULL, "refused",
			 *store->refused ? store->refused : NULL, "writable",
			 !alarms_raised(store->alarms), "alarm", alarms_raised(store->alarms));
}
