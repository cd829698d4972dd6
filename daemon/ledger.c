/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/date.h"
#include "base/log.h"
#include "daemon/json_file.h"
#include "wire/maps.h"

#define RENEW_US (60 * UINT64_C(1000000))
#define ACCURACY_US 1000000

struct ledger {
	sd_event_source *timer; /* runs from the first configuration on */
	char *path;
	struct rests rests;
	enum rests_carried carried[COOKIE_EPOCHS];
	uint32_t rest_s;
	json_t *written; /* NULL: not known */
	bool lives;	 /* a configuration was taken */
};

static uint64_t now_s(void)
{
	return time(NULL);
}

/* --- as JSON --------------------------------------------------------------------------------- */

static json_t *date_json(uint64_t since_s)
{
	char text[DATE_TEXT_MAX];

	return since_s ? json_string(date_format(since_s, text)) : json_null();
}

/* `rest_s`: NULL leaves out until when. */
static void add_dates(json_t *entry, uint64_t since_s, const uint32_t *rest_s)
{
	json_object_set_new(entry, "since", date_json(since_s));
	if (since_s && rest_s)
		json_object_set_new(entry, "until", date_json(since_s + *rest_s));
}

static json_t *rests_json(const struct rests *rests, const uint32_t *rest_s)
{
	json_t *ids = json_array(), *epochs = json_array();

	for (size_t i = 0; i < rests->n_ids; i++) {
		char locator[ADDRESS_TEXT_MAX];
		json_t *entry = json_pack("{s:i s:s s:s}", "id", rests->ids[i].id, "was",
					  rests->ids[i].was, "locator",
					  address_format(&rests->ids[i].locator, locator));

		add_dates(entry, rests->ids[i].since_s, rest_s);
		json_array_append_new(ids, entry);
	}
	for (size_t i = 0; i < rests->n_epochs; i++) {
		json_t *entry = json_pack("{s:I}", "epoch", (json_int_t)rests->epochs[i].epoch);

		add_dates(entry, rests->epochs[i].since_s, rest_s);
		json_array_append_new(epochs, entry);
	}
	return json_pack("{s:o s:o}", "ids", ids, "epochs", epochs);
}

static int parse_since(const json_t *entry, uint64_t *ret)
{
	const json_t *since = json_object_get(entry, "since");

	*ret = 0;
	if (json_is_null(since))
		return 0;
	return json_is_string(since) && date_parse(json_string_value(since), ret) == 0 ? 0 : -EBADMSG;
}

static int parse_id(const json_t *entry, struct rests_id *ret)
{
	json_int_t id = json_integer_value(json_object_get(entry, "id"));
	const char *was = json_string_value(json_object_get(entry, "was"));
	const char *locator = json_string_value(json_object_get(entry, "locator"));

	if (id < 1 || id >= BACKENDS_MAX || !was || strlen(was) > CONFIG_NAME_MAX || !locator ||
	    address_parse(locator, &ret->locator) < 0)
		return -EBADMSG;
	ret->id = id;
	strcpy(ret->was, was);
	return parse_since(entry, &ret->since_s);
}

static int parse_epoch(const json_t *entry, struct rests_epoch *ret)
{
	const json_t *epoch = json_object_get(entry, "epoch");

	if (!json_is_integer(epoch) || json_integer_value(epoch) < 0 ||
	    json_integer_value(epoch) > UINT16_MAX)
		return -EBADMSG;
	ret->epoch = json_integer_value(epoch);
	return parse_since(entry, &ret->since_s);
}

static json_t *carried_json(const struct rests *rests)
{
	json_t *list = json_array();

	for (size_t i = 0; i < COOKIE_EPOCHS; i++)
		json_array_append_new(list, rests->carried[i] == RESTS_UNKNOWN
						    ? json_null()
						    : json_boolean(rests->carried[i] == RESTS_SOMEBODY));
	return list;
}

static void parse_carried(const json_t *list, struct rests *rests)
{
	for (size_t i = 0; i < COOKIE_EPOCHS; i++) {
		const json_t *value = json_array_get(list, i);

		rests->carried[i] = json_is_true(value)	   ? RESTS_SOMEBODY
				    : json_is_false(value) ? RESTS_NOBODY
							   : RESTS_UNKNOWN;
	}
}

int ledger_parse(const json_t *root, struct rests *ret)
{
	const json_t *ids = json_object_get(root, "ids"), *epochs = json_object_get(root, "epochs");
	_cleanup_rests_ struct rests rests = {
		.seen_s = json_integer_value(json_object_get(root, "seen"))};
	const json_t *entry;
	size_t i;
	int r = json_is_array(ids) && json_is_array(epochs) ? 0 : -EBADMSG;

	rests.ids = calloc(json_array_size(ids) + 1, sizeof(*rests.ids));
	rests.epochs = calloc(json_array_size(epochs) + 1, sizeof(*rests.epochs));
	if (!rests.ids || !rests.epochs)
		return -ENOMEM;
	json_array_foreach(ids, i, entry)
		r = r < 0 ? r : parse_id(entry, &rests.ids[rests.n_ids++]);
	json_array_foreach(epochs, i, entry)
		r = r < 0 ? r : parse_epoch(entry, &rests.epochs[rests.n_epochs++]);
	if (r < 0)
		return r;
	parse_carried(json_object_get(root, "carried"), &rests);
	rests_sort(&rests);
	*ret = rests;
	rests = (struct rests){};
	return 0;
}

json_t *ledger_json(struct ledger *ledger)
{
	json_t *root = rests_json(ledger_rests(ledger), &ledger->rest_s);

	json_object_set_new(root, "seen", json_integer(ledger->rests.seen_s));
	json_object_set_new(root, "carried", carried_json(&ledger->rests));
	return root;
}

json_t *ledger_counts_json(const struct ledger *ledger)
{
	int ids = 0, epochs = 0;

	for (size_t i = 0; i < ledger->rests.n_ids; i++)
		ids += ledger->rests.ids[i].since_s != 0;
	for (size_t i = 0; i < ledger->rests.n_epochs; i++)
		epochs += ledger->rests.epochs[i].since_s != 0;
	return json_pack("{s:i s:i}", "ids", ids, "epochs", epochs);
}

/* --- the file -------------------------------------------------------------------------------- */

static void complain(const struct ledger *ledger, int r)
{
	log_error("%s: which ids and key epochs rest is not kept for the next start: %s",
		  ledger->path, strerror(-r));
}

/* When it was written last is when what is in use was seen. */
static int read_file(struct ledger *ledger)
{
	json_t *root = NULL;
	struct stat status;
	int r = json_file_read(ledger->path, &root);

	r = r < 0 ? r : ledger_parse(root, &ledger->rests);
	if (r == 0)
		r = stat(ledger->path, &status) < 0 ? -errno : 0;
	if (r == 0)
		ledger->rests.seen_s = status.st_mtim.tv_sec;
	json_decref(root);
	return r;
}

static void renew(const struct ledger *ledger)
{
	if (utimensat(AT_FDCWD, ledger->path, NULL, 0) < 0)
		complain(ledger, -errno);
}

static void keep(struct ledger *ledger)
{
	json_t *root = rests_json(&ledger->rests, NULL);
	int r;

	if (ledger->written && json_equal(ledger->written, root)) {
		json_decref(root);
		renew(ledger);
		return;
	}
	r = json_file_write(ledger->path, root);
	if (r < 0)
		complain(ledger, r);
	json_decref(ledger->written);
	ledger->written = r < 0 ? NULL : json_incref(root);
	json_decref(root);
}

static int on_timer(sd_event_source *source, uint64_t due_us, void *userdata)
{
	struct ledger *ledger = userdata;

	if (ledger->written)
		renew(ledger);
	sd_event_source_set_time_relative(source, RENEW_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* --- beginning and end ----------------------------------------------------------------------- */

int ledger_new(sd_event *event, const char *state, struct ledger **ret)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));
	int r;

	if (!ledger)
		return -ENOMEM;
	r = asprintf(&ledger->path, "%s.rests", state) < 0 ? -ENOMEM : 0;
	if (r >= 0)
		r = sd_event_add_time_relative(event, &ledger->timer, CLOCK_MONOTONIC, RENEW_US,
					       ACCURACY_US, on_timer, ledger);
	if (r < 0) {
		ledger_free(ledger);
		return r;
	}
	r = read_file(ledger);
	if (r < 0 && r != -ENOENT)
		log_warning("%s: which ids and key epochs rest cannot be read, and is not known: %s",
			    ledger->path, strerror(-r));
	*ret = ledger;
	return 0;
}

struct ledger *ledger_free(struct ledger *ledger)
{
	if (!ledger)
		return NULL;
	if (ledger->written)
		renew(ledger);
	sd_event_source_disable_unref(ledger->timer);
	json_decref(ledger->written);
	rests_clear(&ledger->rests);
	free(ledger->path);
	free(ledger);
	return NULL;
}

void ledger_see(struct ledger *ledger, const enum rests_carried carried[static COOKIE_EPOCHS])
{
	memcpy(ledger->carried, carried, sizeof(ledger->carried));
}

const struct rests *ledger_rests(struct ledger *ledger)
{
	if (ledger->lives)
		ledger->rests.seen_s = now_s();
	memcpy(ledger->rests.carried, ledger->carried, sizeof(ledger->carried));
	return &ledger->rests;
}

void ledger_take(struct ledger *ledger, const struct config *config)
{
	ledger_rests(ledger);
	if (rests_take(&ledger->rests, config, now_s()) < 0) {
		complain(ledger, -ENOMEM);
		return;
	}
	ledger->rest_s = config->rest_s;
	ledger->lives = true;
	keep(ledger);
}
