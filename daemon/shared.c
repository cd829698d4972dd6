/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/shared.h"

#include <errno.h>
#include <string.h>

#include "base/errors.h"
#include "base/tree.h"
#include "core/config.h"
#include "io/password.h"
#include "io/secret.h"
#include "io/yaml.h"

#define CONFIG_FOLDER "config/"

/* Names of files are relative to the folder of the local file. NULL stays NULL. */
static int beside(const char *path, const char *name, char **ret)
{
	*ret = NULL;
	return name ? secret_path(path, name, ret) : 0;
}

static int open_etcd(sd_event *event, const struct config_etcd *local, const char *path,
		     struct errors *errors, struct etcd **ret)
{
	_cleanup_free_ char *ca = NULL, *certificate = NULL, *key = NULL, *file = NULL,
			    *password = NULL;
	struct etcd_settings settings = {.endpoints = (const char *const *)local->endpoints,
					 .n_endpoints = local->n_endpoints,
					 .user = local->user};
	int r = beside(path, local->ca, &ca);

	r = r < 0 ? r : beside(path, local->certificate, &certificate);
	r = r < 0 ? r : beside(path, local->key, &key);
	r = r < 0 ? r : beside(path, local->password_file, &file);
	if (r == 0 && file)
		r = password_read(file, errors, &password);
	if (r < 0)
		return r;
	settings.ca = ca;
	settings.certificate = certificate;
	settings.key = key;
	settings.password = password;
	r = etcd_new(event, &settings, ret);
	if (password)
		explicit_bzero(password, strlen(password));
	return r;
}

int shared_open(sd_event *event, const struct config *local, const char *path,
		struct errors *errors, struct shared *ret)
{
	_cleanup_(shared_close) struct shared shared = {.prefix = strdup(local->etcd.prefix)};
	int r = shared.prefix ? 0 : -ENOMEM;

	if (r == 0 && asprintf(&shared.name, "etcd:%s/config", shared.prefix) < 0)
		r = -ENOMEM;
	if (r == 0)
		r = open_etcd(event, &local->etcd, path, errors, &shared.etcd);
	if (r < 0)
		return r;
	*ret = shared;
	shared = (struct shared){};
	return 0;
}

void shared_close(struct shared *shared)
{
	etcd_free(shared->etcd);
	free(shared->prefix);
	free(shared->name);
	*shared = (struct shared){};
}

char *shared_key(const struct shared *shared, const char *below)
{
	char *key;

	return asprintf(&key, "%s/%s", shared->prefix, below) < 0 ? NULL : key;
}

json_t *shared_range(const struct shared *shared, const char *document)
{
	_cleanup_free_ char *below = NULL, *key = NULL;

	if (asprintf(&below, CONFIG_FOLDER "%s", document ?: "") < 0)
		return NULL;
	key = shared_key(shared, below);
	if (!key)
		return NULL;
	return document ? json_pack("{s:o}", "key", etcd_bytes(key)) : etcd_range(key);
}

/* "services/web" of PREFIX/config/services/web; NULL: another key. */
static const char *document_of(const struct shared *shared, const char *key)
{
	size_t prefix = strlen(shared->prefix), folder = strlen(CONFIG_FOLDER);

	if (!key || strncmp(key, shared->prefix, prefix) != 0 || key[prefix] != '/' ||
	    strncmp(key + prefix + 1, CONFIG_FOLDER, folder) != 0)
		return NULL;
	return key + prefix + 1 + folder;
}

int shared_take(const struct shared *shared, const json_t *kv, struct documents *documents)
{
	size_t length = 0;
	_cleanup_free_ char *key = etcd_text_of(kv, "key", NULL);
	_cleanup_free_ char *text = etcd_text_of(kv, "value", &length);
	const char *name = document_of(shared, key);

	if (!name)
		return 0;
	return text ? documents_put(documents, name, text, length,
				    etcd_number_of(kv, "mod_revision"))
		    : -ENOMEM;
}

void shared_drop(const struct shared *shared, const json_t *kv, struct documents *documents)
{
	_cleanup_free_ char *key = etcd_text_of(kv, "key", NULL);
	const char *name = document_of(shared, key);

	if (name)
		documents_drop(documents, name);
}

int shared_take_all(const struct shared *shared, const json_t *answer, struct documents *ret)
{
	_cleanup_(documents_clear) struct documents documents = {};
	const json_t *kv;
	size_t i;

	json_array_foreach(json_object_get(answer, "kvs"), i, kv)
	{
		int r = shared_take(shared, kv, &documents);

		if (r < 0)
			return r;
	}
	*ret = documents;
	documents = (struct documents){};
	return 0;
}

static int place_document(const char *name, const struct document *document,
			  struct errors *errors, struct tree *root)
{
	_cleanup_free_ char *file = NULL;
	struct tree *tree;
	int r;

	if (asprintf(&file, "%s/%s", name, document->key) < 0)
		return -ENOMEM;
	r = yaml_tree_parse(document->text, document->length, file, errors, &tree);
	return r < 0 ? r : documents_place(root, document->key, tree);
}

static int place_documents(const char *name, const struct documents *documents,
			   struct errors *errors, struct tree *root)
{
	bool wrong = false;

	if (!root)
		return -ENOMEM;
	for (size_t i = 0; i < documents->n; i++) {
		int r = 0;

		if (strcmp(documents->list[i].key, DOCUMENTS_MANIFEST) != 0)
			r = place_document(name, &documents->list[i], errors, root);
		if (r == -ENOMEM)
			return r;
		wrong = wrong || r < 0;
	}
	return wrong ? -EINVAL : 0;
}

int shared_tree(const char *name, const struct documents *documents, struct errors *errors,
		struct tree **ret)
{
	_cleanup_tree_ struct tree *root = tree_new_mapping(name, 0);
	int r = place_documents(name, documents, errors, root);

	if (r == 0)
		r = documents_complete(root);
	if (r == 0)
		*ret = take(root);
	return r;
}

int shared_salvage(const char *name, const struct documents *documents, struct tree **ret)
{
	_cleanup_tree_ struct tree *root = tree_new_mapping(name, 0);
	_cleanup_errors_ struct errors errors = {};
	int r = place_documents(name, documents, &errors, root);

	if (r == -ENOMEM)
		return r;
	*ret = take(root);
	return 0;
}

int shared_fetch(const struct shared *shared, sd_event *event, struct errors *errors,
		 struct documents *ret)
{
	_cleanup_(documents_clear) struct documents documents = {};
	_cleanup_free_ char *why = NULL;
	char verdict[DOCUMENTS_WHY_MAX];
	json_t *answer = NULL;
	int r = etcd_ask(shared->etcd, event, "/v3/kv/range", shared_range(shared, NULL), &answer,
			 &why);

	if (r == 0)
		r = shared_take_all(shared, answer, &documents);
	json_decref(answer);
	if (r < 0) {
		errors_add(errors, shared->name, 0, NULL, "%s", why ?: strerror(-r));
		return r;
	}
	if (documents_judge(&documents, verdict) != DOCUMENTS_WHOLE) {
		errors_add(errors, shared->name, 0, NULL,
			   "%s, a whole one is written by holdfast config push FILE", verdict);
		return -ENODATA;
	}
	*ret = documents;
	documents = (struct documents){};
	return 0;
}
