/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/session.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/log.h"
#include "base/number.h"
#include "base/tree.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/print.h"
#include "cli/rests.h"
#include "cli/verbs.h"
#include "core/config.h"
#include "core/config_read.h"
#include "core/rests.h"
#include "core/writing.h"
#include "daemon/options.h"
#include "io/yaml.h"
#include "io/yaml_print.h"

#define TRIES_MAX 30 /* six people who edit at once were seen to need six */
/* etcd takes 128 operations and 1.5 MiB in one request by default; base64 is a third longer. */
#define STEP_OPERATIONS 100
#define STEP_BYTES (768 << 10)

/* The local file */

static int local_path(const struct command *command, char **ret)
{
	const char *path = command->config;
	json_t *status = NULL;

	if (!path && access(command->socket, F_OK) == 0 &&
	    client_get(command->socket, "/status", NULL, &status) == 0)
		path = json_string_value(json_object_get(status, "config"));
	*ret = strdup(path ?: CONFIG_DEFAULT);
	json_decref(status);
	return *ret ? 0 : -ENOMEM;
}

/* What the verb would do is done by hand, or not at all: the verb says which, and NAME is its first argument. */
static int refuse_file(const struct session *session, struct errors *errors)
{
	const struct command *command = session->command;
	const char *advice = command->verb->with_file;
	const char *name = command->n_values ? strstr(advice, "NAME") : NULL;
	int before = name ? name - advice : (int)strlen(advice);

	return errors_add(errors, session->path, 0, "store",
			  "the configuration is a file, the same on all nodes: %.*s%s%s", before, advice,
			  name ? command->values[0] : "", name ? name + strlen("NAME") : "");
}

static int open_store(struct session *session, struct errors *errors)
{
	_cleanup_tree_ struct tree *tree = NULL;
	_cleanup_config_ struct config *local = NULL;
	int r = yaml_tree_read(session->path, errors, &tree);

	if (r < 0)
		return r;
	if (!config_names_store(tree))
		return refuse_file(session, errors);
	r = config_store_from_tree(tree, errors, &local);
	return r < 0 ? r : shared_open(session->event, local, session->path, errors, &session->shared);
}

int session_open(const struct command *command, struct session *ret)
{
	_cleanup_session_ struct session session = {.command = command};
	_cleanup_errors_ struct errors errors = {};
	int r = local_path(command, &session.path);

	if (r >= 0 && !command->config && access(session.path, F_OK) < 0) {
		log_error("there is no %s, which would say where the store is: name a file that does with "
			  "--config",
			  session.path);
		return -ENOENT;
	}
	if (r >= 0)
		r = sd_event_new(&session.event);
	if (r >= 0)
		r = open_store(&session, &errors);
	errors_print(&errors, stderr);
	if (r < 0) {
		if (!errors_count(&errors))
			log_error("%s: %s", session.path ?: "", strerror(-r));
		return r;
	}
	*ret = session;
	session = (struct session){};
	return 0;
}

void session_close(struct session *session)
{
	shared_close(&session->shared);
	sd_event_unref(session->event);
	free(session->path);
}

int session_read(const struct session *session, struct documents *ret)
{
	_cleanup_free_ char *why = NULL;
	json_t *answer = NULL;
	int r = etcd_ask(session->shared.etcd, session->event, "/v3/kv/range",
			 shared_range(&session->shared, NULL), &answer, &why);

	if (r == 0)
		r = shared_take_all(&session->shared, answer, ret);
	json_decref(answer);
	if (r < 0)
		log_error("%s: %s", session->shared.name, why ?: strerror(-r));
	return r;
}

/* Writing */

static json_t *operation(const struct session *session, const char *key, const char *text)
{
	_cleanup_free_ char *below = NULL, *whole = NULL;

	if (asprintf(&below, "config/%s", key) < 0)
		return NULL;
	whole = shared_key(&session->shared, below);
	if (!whole)
		return NULL;
	if (!text)
		return json_pack("{s:{s:o}}", "request_delete_range", "key", etcd_bytes(whole));
	return json_pack("{s:{s:o s:o}}", "request_put", "key", etcd_bytes(whole), "value",
			 etcd_bytes(text));
}

/* The manifest that an answer to `shared_range` has; *ret_text: the caller frees it. 0: there is none. */
static int64_t manifest_of(const json_t *range, char **ret_text)
{
	const json_t *kv = json_array_get(json_object_get(range, "kvs"), 0);

	*ret_text = etcd_text_of(kv, "value", NULL);
	return kv ? etcd_number_of(kv, "mod_revision") : 0;
}

/* As it was before `revision`. */
static int manifest_before(const struct session *session, int64_t revision, int64_t *ret, char **ret_text,
			   char **ret_why)
{
	json_t *request = shared_range(&session->shared, DOCUMENTS_MANIFEST), *answer = NULL;
	int r;

	json_object_set_new(request, "revision", etcd_number(revision - 1));
	r = etcd_ask(session->shared.etcd, session->event, "/v3/kv/range", request, &answer, ret_why);
	if (r == 0)
		*ret = manifest_of(answer, ret_text);
	json_decref(answer);
	return r;
}

/*
 * What a transaction has written; 0: nothing. One that was asked twice, since a member died before it had
 * answered, may have been written the first time: then its own manifest is there, or was there before others went
 * on from it. `since` is the revision that it compared, and could not have been written before.
 */
static int written_revision(const struct session *session, const json_t *answer, int64_t since,
			    const char *manifest, int64_t *ret, char **ret_why)
{
	const json_t *found = json_array_get(json_object_get(answer, "responses"), 0);
	_cleanup_free_ char *text = NULL;
	int64_t revision;
	int r = 0;

	*ret = 0;
	if (json_is_true(json_object_get(answer, "succeeded"))) {
		*ret = etcd_number_of(json_object_get(answer, "header"), "revision");
		return 0;
	}
	revision = manifest_of(json_object_get(found, "response_range"), &text);
	while (r == 0 && revision > since && text && strcmp(text, manifest) != 0) {
		free(text);
		text = NULL;
		r = manifest_before(session, revision, &revision, &text, ret_why);
	}
	if (r == 0 && revision > since && text)
		*ret = revision;
	return r;
}

static json_t *transaction(const struct session *session, int64_t revision, json_t *operations)
{
	_cleanup_free_ char *key = shared_key(&session->shared, "config/" DOCUMENTS_MANIFEST);
	json_t *compare = json_pack("[{s:o s:s s:o s:s}]", "key", etcd_bytes(key ?: ""), "target",
				    "MOD", "mod_revision", etcd_number(revision), "result", "EQUAL");

	return json_pack("{s:o s:o s:[{s:o}]}", "compare", compare, "success", operations, "failure",
			 "request_range", shared_range(&session->shared, DOCUMENTS_MANIFEST));
}

/*
 * One transaction, if the manifest is still of `revision`; it writes `manifest`, too. *ret: of the new one; 0:
 * it was not, and nothing is written.
 */
static int transact(const struct session *session, int64_t revision, json_t *operations,
		    const char *manifest, int64_t *ret)
{
	_cleanup_free_ char *why = NULL;
	json_t *answer = NULL;
	int r;

	json_array_append_new(operations, operation(session, DOCUMENTS_MANIFEST, manifest));
	r = etcd_ask(session->shared.etcd, session->event, "/v3/kv/txn",
		     transaction(session, revision, operations), &answer, &why);
	if (r == 0)
		r = written_revision(session, answer, revision, manifest, ret, &why);
	json_decref(answer);
	if (r == -ENOSPC)
		log_error("%s: not written, etcd is full: compact and defragment it, then etcdctl "
			  "alarm disarm (%s)", session->shared.name, why);
	else if (r == -EIO || r == -EAGAIN)
		log_error("%s: whether it is written is not known, look with holdfast config pull: %s",
			  session->shared.name, why ?: strerror(-r));
	else if (r < 0)
		log_error("%s: not written: %s", session->shared.name, why ?: strerror(-r));
	return r;
}

static uint64_t new_change(void)
{
	uint64_t change = 0;

	if (getrandom(&change, sizeof(change), 0) < 0)
		change = getpid();
	return change;
}

/* All of it at once, or between a manifest that says so and the one that ends it. */
static int write_all(const struct session *session, const struct writing *writing, size_t n,
		     size_t count, int64_t revision, int64_t *ret)
{
	char manifest[DOCUMENTS_MANIFEST_MAX], writing_manifest[DOCUMENTS_MANIFEST_MAX];
	uint64_t change = new_change();
	int64_t step = revision;
	int r = 0;

	documents_manifest(count, change, manifest);
	documents_manifest_writing(change, writing_manifest);
	for (size_t i = 0; r == 0;) {
		json_t *operations = json_array();
		size_t bytes = 0, begun = i;
		int64_t now = 0;

		for (; i < n && i - begun < STEP_OPERATIONS && bytes < STEP_BYTES; i++) {
			bytes += writing[i].text ? strlen(writing[i].text) : 0;
			json_array_append_new(operations,
					      operation(session, writing[i].key, writing[i].text));
		}
		r = transact(session, step, operations, i < n ? writing_manifest : manifest, &now);
		if (r < 0 || now == 0 || i == n) {
			*ret = r < 0 ? 0 : now;
			return r;
		}
		step = now;
	}
	return r;
}

/* A change */

/* What the fleet uses, and what rests, before the change: also of a configuration that is wrong. */
static int look_for_rests(const struct session *session, const struct documents *found,
			  struct rests *ret)
{
	_cleanup_tree_ struct tree *tree = NULL;
	_cleanup_config_ struct config *config = NULL;
	int r = shared_salvage(session->shared.name, found, &tree);

	r = r < 0 ? r : config_salvage(tree, &config);
	r = r < 0 ? r : rests_of_config(config, time(NULL), ret);
	if (r == 0)
		memcpy(ret->carried, session->carried, sizeof(ret->carried));
	return r;
}

/* The tree is checked as a whole, and against what rests; then it says what rests from now on. */
static int check(const struct session *session, struct rests *rests, struct tree *root)
{
	_cleanup_errors_ struct errors errors = {};
	_cleanup_config_ struct config *config = NULL;
	int r = config_from_tree(root, &errors, &config);
	struct config_source source = {root, &errors, config};
	uint64_t now_s = time(NULL);

	if (r == 0 && config_names_store(root))
		r = errors_add(&errors, NULL, 0, "store", "stands in each node's own file");
	if (r == 0 && !session->command->force)
		r = rests_judge(rests, &source, "--force", now_s);
	errors_print(&errors, stderr);
	r = r < 0 ? r : rests_take(rests, config, now_s);
	return r < 0 ? r : rests_put(rests, root);
}

/* The tree of what was read, and its documents as we print them. */
static int tree_of(const struct session *session, const struct documents *found, bool whole,
		   struct tree **ret_tree, struct documents *ret_printed)
{
	_cleanup_errors_ struct errors errors = {};
	char why[DOCUMENTS_WHY_MAX];
	int r;

	if (whole) {
		*ret_tree = tree_new_mapping(session->shared.name, 0);
		return *ret_tree ? documents_copy(found, ret_printed) : -ENOMEM;
	}
	if (documents_judge(found, why) != DOCUMENTS_WHOLE) {
		log_error("%s: %s, a whole one is written by holdfast config push FILE",
			  session->shared.name, why);
		return -ENODATA;
	}
	r = shared_tree(session->shared.name, found, &errors, ret_tree);
	errors_print(&errors, stderr);
	return r < 0 ? r : documents_of_tree(*ret_tree, yaml_tree_print, ret_printed);
}

/* --revision: of a configuration that was looked at before. */
static int check_revision(const struct session *session, const struct documents *found)
{
	const char *text = session->command->revision;
	int64_t revision = documents_revision(found);
	uint64_t wanted;

	if (!text)
		return 0;
	if (number_parse(text, INT64_MAX, &wanted) < 0) {
		log_error("--revision: %s is no revision, allowed: a number, as config pull tells it",
			  text);
		return -EINVAL;
	}
	if (wanted == (uint64_t)revision)
		return 0;
	log_error("%s: is of revision %lld by now, not %s: look at what has changed, and try again",
		  session->shared.name, (long long)revision, text);
	return -ESTALE;
}

static void print_written(const struct session *session, const struct writing *writing, size_t n,
			  int64_t revision)
{
	if (session->command->json) {
		json_t *list = json_array(), *answer;

		for (size_t i = 0; i < n; i++)
			json_array_append_new(list, json_string(writing[i].key));
		answer = json_pack("{s:I s:o}", "revision", (json_int_t)revision, "written", list);
		print_json(answer);
		json_decref(answer);
		return;
	}
	if (n == 0)
		printf("nothing changes, revision %lld stays\n", (long long)revision);
	for (size_t i = 0; i < n; i++)
		printf("revision %lld: %s %s\n", (long long)revision, writing[i].key,
		       writing[i].text ? "written" : "removed");
}

/* One try. 0, with *ret_again when somebody else was faster and nothing was written. */
static int change_once(const struct session *session, session_edit_fn edit, bool whole,
		       struct documents *first, bool *ret_again)
{
	_cleanup_(documents_clear) struct documents found = {}, before = {}, after = {};
	_cleanup_tree_ struct tree *tree = NULL;
	_cleanup_free_ struct writing *writing = NULL;
	_cleanup_rests_ struct rests rests = {};
	char why[DOCUMENTS_WHY_MAX];
	const struct document *manifest;
	const char *conflict;
	int64_t revision = 0;
	size_t n;
	int r = session_read(session, &found);

	r = r < 0 ? r : check_revision(session, &found);
	r = r < 0 ? r : tree_of(session, &found, whole, &tree, &before);
	r = r < 0 ? r : look_for_rests(session, &found, &rests);
	r = r < 0 ? r : edit(&tree, session->command);
	r = r < 0 ? r : check(session, &rests, tree);
	r = r < 0 ? r : documents_of_tree(tree, yaml_tree_print, &after);
	r = r < 0 ? r : writing_plan(&before, &after, &writing, &n);
	if (r < 0)
		return r;
	if (!first->n)
		r = documents_copy(&found, first);
	conflict = writing_conflict(writing, n, first, &found);
	if (conflict) {
		log_error("%s/%s: somebody else has just changed it (revision %lld): look at it, and "
			  "try again", session->shared.name, conflict,
			  (long long)documents_revision(&found));
		return -ESTALE;
	}
	manifest = documents_find(&found, DOCUMENTS_MANIFEST);
	*ret_again = false;
	if (n == 0 && documents_judge(&found, why) == DOCUMENTS_WHOLE) {
		print_written(session, writing, n, documents_revision(&found));
		return 0;
	}
	r = r < 0 ? r : write_all(session, writing, n, after.n, manifest ? manifest->revision : 0,
				  &revision);
	*ret_again = r == 0 && revision == 0;
	if (r == 0 && revision)
		print_written(session, writing, n, revision);
	return r;
}

int session_change(struct session *session, session_edit_fn edit, bool whole)
{
	_cleanup_(documents_clear) struct documents first = {};
	bool again = true;
	int r = 0;

	rests_ask_carried(session->command, session->carried);
	for (int i = 0; r == 0 && again && i < TRIES_MAX; i++)
		r = change_once(session, edit, whole, &first, &again);
	if (r == 0 && again) {
		log_error("%s: others change it all the time, nothing is written: try again",
			  session->shared.name);
		r = -EBUSY;
	}
	return r;
}
