/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/rests.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/number.h"
#include "base/tree.h"
#include "core/config_place.h"
#include "wire/maps.h"

#define NUMBER_MAX 16
#define EPOCH_MAX UINT16_MAX

/* --- the lists ------------------------------------------------------------------------------- */

static int by_id(const void *left, const void *right)
{
	const struct rests_id *a = left, *b = right;

	return a->id - b->id;
}

static int by_epoch(const void *left, const void *right)
{
	const struct rests_epoch *a = left, *b = right;

	return (a->epoch > b->epoch) - (a->epoch < b->epoch);
}

void rests_sort(struct rests *rests)
{
	if (rests->n_ids)
		qsort(rests->ids, rests->n_ids, sizeof(*rests->ids), by_id);
	if (rests->n_epochs)
		qsort(rests->epochs, rests->n_epochs, sizeof(*rests->epochs), by_epoch);
}

static const struct rests_id *find_id(const struct rests *rests, uint16_t id)
{
	struct rests_id key = {.id = id};

	return rests->n_ids ? bsearch(&key, rests->ids, rests->n_ids, sizeof(key), by_id) : NULL;
}

void rests_clear(struct rests *rests)
{
	free(rests->ids);
	free(rests->epochs);
	*rests = (struct rests){};
}

/* --- taking ---------------------------------------------------------------------------------- */

/* What was in use began to rest when it was last seen; nothing has rested since a time to come. */
static uint64_t rested_since(const struct rests *rests, uint64_t since_s, uint64_t now_s)
{
	uint64_t since = since_s ? since_s : rests->seen_s;

	return since < now_s ? since : now_s;
}

static void add_id(struct rests *rests, bool *known, const struct rests_id *entry)
{
	if (known[entry->id])
		return;
	known[entry->id] = true;
	rests->ids[rests->n_ids++] = *entry;
}

static void add_epoch(struct rests *rests, bool *known, const struct rests_epoch *entry)
{
	if (known[entry->epoch])
		return;
	known[entry->epoch] = true;
	rests->epochs[rests->n_epochs++] = *entry;
}

static struct rests_id id_of(uint16_t id, const char *was, const union address *locator,
			     uint64_t since_s)
{
	struct rests_id entry = {.id = id, .locator = *locator, .since_s = since_s};

	strncpy(entry.was, was, CONFIG_NAME_MAX);
	return entry;
}

static void add_ids(struct rests *rests, bool *known, const struct rests *former,
		    const struct config *config, uint64_t now_s)
{
	for (size_t i = 0; i < config->n_backends; i++) {
		const struct config_backend *backend = &config->backends[i];
		struct rests_id entry;

		if (!backend->name || !backend->id)
			continue;
		entry = id_of(backend->id, backend->name, &backend->locator, 0);
		add_id(rests, known, &entry);
	}
	for (size_t i = 0; i < former->n_ids; i++) {
		struct rests_id entry = former->ids[i];

		entry.since_s = rested_since(former, entry.since_s, now_s);
		add_id(rests, known, &entry);
	}
	for (size_t i = 0; i < config->n_resting_ids; i++) {
		const struct config_resting_id *resting = &config->resting_ids[i];
		struct rests_id entry;
		uint64_t id, since;

		if (!resting->name || !resting->was || !resting->since ||
		    number_parse(resting->name, BACKENDS_MAX - 1, &id) < 0 ||
		    date_parse(resting->since, &since) < 0)
			continue;
		entry = id_of(id, resting->was, &resting->locator, since < now_s ? since : now_s);
		add_id(rests, known, &entry);
	}
}

/* Where there is no backend, no connection carries anything. */
static void add_epochs(struct rests *rests, bool *known, const struct rests *former,
		       const struct config *config, uint64_t now_s)
{
	struct rests_epoch entry = {.epoch = config->cookie_epoch};

	if (config->n_backends)
		add_epoch(rests, known, &entry);
	for (size_t i = 0; i < former->n_epochs; i++) {
		entry = former->epochs[i];
		entry.since_s = rested_since(former, entry.since_s, now_s);
		add_epoch(rests, known, &entry);
	}
	for (size_t i = 0; i < config->n_resting_epochs; i++) {
		const struct config_resting_epoch *resting = &config->resting_epochs[i];
		uint64_t epoch, since;

		if (!resting->name || !resting->since ||
		    number_parse(resting->name, EPOCH_MAX, &epoch) < 0 ||
		    date_parse(resting->since, &since) < 0)
			continue;
		entry = (struct rests_epoch){epoch, since < now_s ? since : now_s};
		add_epoch(rests, known, &entry);
	}
}

/* What the configuration uses, goes before what was known, and that before what it says that rests. */
static int merge(const struct rests *former, const struct config *config, uint64_t now_s,
		 struct rests *ret)
{
	_cleanup_rests_ struct rests rests = {.seen_s = now_s};
	_cleanup_free_ bool *known = calloc(EPOCH_MAX + 1, sizeof(*known));
	size_t n_ids = former->n_ids + config->n_backends + config->n_resting_ids;
	size_t n_epochs = former->n_epochs + config->n_resting_epochs + 1;

	rests.ids = calloc(n_ids + 1, sizeof(*rests.ids));
	rests.epochs = calloc(n_epochs, sizeof(*rests.epochs));
	if (!known || !rests.ids || !rests.epochs)
		return -ENOMEM;
	add_ids(&rests, known, former, config, now_s);
	memset(known, 0, (EPOCH_MAX + 1) * sizeof(*known));
	add_epochs(&rests, known, former, config, now_s);
	rests_sort(&rests);
	*ret = rests;
	rests = (struct rests){};
	return 0;
}

int rests_of_config(const struct config *config, uint64_t now_s, struct rests *ret)
{
	return merge(&(struct rests){}, config, now_s, ret);
}

static bool has_rested(uint64_t since_s, uint32_t rest_s, uint64_t now_s)
{
	return since_s + rest_s <= now_s;
}

/* What new connections get. NULL: not known. */
static const struct rests_epoch *current_epoch(const struct rests *rests)
{
	for (size_t i = 0; i < rests->n_epochs; i++)
		if (!rests->epochs[i].since_s)
			return &rests->epochs[i];
	return NULL;
}

/* An epoch that is read no more has nothing to rest for. */
static void forget(struct rests *rests, uint32_t rest_s, uint64_t now_s)
{
	const struct rests_epoch *current = current_epoch(rests);
	uint32_t epoch = current ? current->epoch : 0;
	size_t n = 0;

	for (size_t i = 0; i < rests->n_ids; i++)
		if (!rests->ids[i].since_s || !has_rested(rests->ids[i].since_s, rest_s, now_s))
			rests->ids[n++] = rests->ids[i];
	rests->n_ids = n;
	n = 0;
	for (size_t i = 0; i < rests->n_epochs; i++) {
		const struct rests_epoch *entry = &rests->epochs[i];
		bool ends = entry->epoch + 1 != epoch || has_rested(entry->since_s, rest_s, now_s);

		if (!entry->since_s || !ends)
			rests->epochs[n++] = *entry;
	}
	rests->n_epochs = n;
}

int rests_take(struct rests *rests, const struct config *config, uint64_t now_s)
{
	struct rests after;
	int r = merge(rests, config, now_s, &after);

	if (r < 0)
		return r;
	forget(&after, config->rest_s, now_s);
	rests_clear(rests);
	*rests = after;
	return 0;
}

uint16_t rests_free_id(const struct rests *rests)
{
	uint32_t id = 1;

	for (size_t i = 0; i < rests->n_ids && rests->ids[i].id == id; i++)
		id++;
	return id < BACKENDS_MAX ? id : 0;
}

/* --- judging --------------------------------------------------------------------------------- */

static int judge_id(const struct rests *rests, const struct config_source *source,
		    const struct config_backend *backend, const char *force, uint64_t now_s)
{
	const struct rests_id *entry = find_id(rests, backend->id);
	const struct config_place *place = PLACE("backends", backend->name, "id");
	uint32_t rest_s = source->config->rest_s;
	char until[DATE_TEXT_MAX];
	uint64_t since_s;

	if (!entry || !strcmp(entry->was, backend->name) ||
	    address_equal(&entry->locator, &backend->locator))
		return 0;
	since_s = rested_since(rests, entry->since_s, now_s);
	if (has_rested(since_s, rest_s, now_s))
		return 0;
	if (!entry->since_s && rests->seen_s >= now_s)
		return wrong(source, place,
			     "%u is still %s's, and would have to rest for %u s, since connections carry "
			     "it, allowed: another id, or %s",
			     backend->id, entry->was, rest_s, force);
	return wrong(source, place,
		     "%u was %s's and rests until %s, since connections may carry it, allowed: another "
		     "id, or %s",
		     backend->id, entry->was, date_format(since_s + rest_s, until), force);
}

static const struct rests_epoch *find_epoch(const struct rests *rests, uint32_t epoch)
{
	struct rests_epoch key = {.epoch = epoch};

	return rests->n_epochs
		       ? bsearch(&key, rests->epochs, rests->n_epochs, sizeof(key), by_epoch)
		       : NULL;
}

/* The epoch before the current one is the only one that its bit tells of. */
static enum rests_carried carried_of(const struct rests *rests, uint32_t epoch)
{
	const struct rests_epoch *current = current_epoch(rests);

	return current && epoch + 1 == current->epoch ? rests->carried[epoch % COOKIE_EPOCHS]
						      : RESTS_UNKNOWN;
}

/* Of an epoch that the configuration's nodes would not read any more. */
static int judge_epoch(const struct rests *rests, const struct config_source *source,
		       const struct rests_epoch *entry, const char *force, uint64_t now_s)
{
	uint32_t epoch = source->config->cookie_epoch, rest_s = source->config->rest_s;
	uint64_t since_s = rested_since(rests, entry->since_s, now_s);
	enum rests_carried carried = carried_of(rests, entry->epoch);
	char until[DATE_TEXT_MAX];

	if (rest_s && carried == RESTS_SOMEBODY)
		return wrong(source, PLACE("cookie-epoch"),
			     "%u would end %u, which connections carry, as agents count, allowed: to wait, "
			     "or %s",
			     epoch, entry->epoch, force);
	if (carried == RESTS_NOBODY || has_rested(since_s, rest_s, now_s))
		return 0;
	if (!entry->since_s)
		return wrong(source, PLACE("cookie-epoch"),
			     "%u would end what new connections carry, which is %u, allowed: %u, or %s",
			     epoch, entry->epoch, entry->epoch + 1, force);
	return wrong(source, PLACE("cookie-epoch"),
		     "%u would end %u, which rests until %s, since connections may carry it, allowed: to "
		     "wait, or %s",
		     epoch, entry->epoch, date_format(since_s + rest_s, until), force);
}

/* Two are read, and so can be ended: the current one, and the one before. */
static int judge_epochs(const struct rests *rests, const struct config_source *source,
			const char *force, uint64_t now_s)
{
	const struct rests_epoch *current = current_epoch(rests), *former = NULL;
	struct rests_epoch forgotten = {.since_s = 1}; /* long rested, and may be carried all the same */
	uint32_t epoch = source->config->cookie_epoch;
	int r = 0;

	if (!current || current->epoch == epoch)
		return 0;
	if (current->epoch > 0) {
		forgotten.epoch = current->epoch - 1;
		former = find_epoch(rests, forgotten.epoch) ?: &forgotten;
	}
	if (former && former->epoch != epoch)
		r = judge_epoch(rests, source, former, force, now_s);
	if (current->epoch + 1 != epoch)
		r = judge_epoch(rests, source, current, force, now_s) ?: r;
	return r;
}

int rests_judge(const struct rests *rests, const struct config_source *source, const char *force,
		uint64_t now_s)
{
	const struct config *config = source->config;
	int r = 0;

	for (size_t i = 0; i < config->n_backends; i++)
		r = judge_id(rests, source, &config->backends[i], force, now_s) ?: r;
	return judge_epochs(rests, source, force, now_s) ?: r;
}

/* --- as documents ---------------------------------------------------------------------------- */

static int put_scalar(struct tree *item, const char *key, const char *text)
{
	struct tree *value = tree_new_scalar(item->file, item->line, text, false);

	return value ? tree_put(item, key, value) : -ENOMEM;
}

/* The item of that number, which says since when. */
static struct tree *put_item(struct tree *items, uint32_t number, uint64_t since_s)
{
	struct tree *item = tree_new_mapping(items->file, items->line);
	char name[NUMBER_MAX], date[DATE_TEXT_MAX];

	snprintf(name, sizeof(name), "%u", number);
	if (!item || tree_put(items, name, item) < 0 ||
	    put_scalar(item, "since", date_format(since_s, date)) < 0)
		return NULL;
	return item;
}

static int put_id(struct tree *items, const struct rests_id *id)
{
	const struct network locator = {.address = id->locator, .length = 64};
	struct tree *item = put_item(items, id->id, id->since_s);
	char text[NETWORK_TEXT_MAX];
	int r = item ? put_scalar(item, "was", id->was) : -ENOMEM;

	return r < 0 ? r : put_scalar(item, "locator", network_format(&locator, text));
}

static struct tree *put_items(struct tree *root, const char *key)
{
	struct tree *items = tree_new_mapping(root->file, root->line);

	return items && tree_put(root, key, items) == 0 ? items : NULL;
}

int rests_put(const struct rests *rests, struct tree *root)
{
	struct tree *ids = put_items(root, "resting-ids");
	struct tree *epochs = put_items(root, "resting-epochs");
	int r = ids && epochs ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < rests->n_ids; i++)
		if (rests->ids[i].since_s)
			r = put_id(ids, &rests->ids[i]);
	for (size_t i = 0; r == 0 && i < rests->n_epochs; i++)
		if (rests->epochs[i].since_s &&
		    !put_item(epochs, rests->epochs[i].epoch, rests->epochs[i].since_s))
			r = -ENOMEM;
	if (r == 0 && !ids->n_entries)
		tree_drop(root, "resting-ids");
	if (r == 0 && !epochs->n_entries)
		tree_drop(root, "resting-epochs");
	return r;
}
