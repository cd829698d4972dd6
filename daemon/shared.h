/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The configuration that a fleet shares in etcd, as documents (core/documents.h): where it is, reading
 * all of it, and the tree that it makes. For daemons, which follow it (daemon/store.h), and for the
 * command line, which reads it once and changes it.
 *
 *	PREFIX/config/manifest		how many documents there are
 *	PREFIX/config/services/web	a document
 *	PREFIX/nodes/g1			who lives, under a lease
 */
#pragma once

#include <jansson.h>
#include <systemd/sd-event.h>

#include "core/documents.h"
#include "io/etcd.h"

struct config;
struct errors;
struct tree;

/* What a local file says of the store. Made by shared_open. */
struct shared {
	struct etcd *etcd;
	char *prefix;
	char *name; /* "etcd:/holdfast/config", for errors */
};

/*
 * `local` is of config_store_from_tree, and `path` the file that it comes from. 0; or a negative errno
 * with a row of `errors`, -ENOMEM without.
 */
int shared_open(sd_event *event, const struct config *local, const char *path,
		struct errors *errors, struct shared *ret);
void shared_close(struct shared *shared);

/* A key below PREFIX, which the caller frees. NULL: no memory. */
char *shared_key(const struct shared *shared, const char *below);

/* The request for all documents, or with a name for one. */
json_t *shared_range(const struct shared *shared, const char *document);

/*
 * One of an answer's "kvs". Keys that are not of the configuration are passed over. 0 or -ENOMEM.
 */
int shared_take(const struct shared *shared, const json_t *kv, struct documents *documents);
void shared_drop(const struct shared *shared, const json_t *kv, struct documents *documents);

/* All of an answer to shared_range. 0 or -ENOMEM. */
int shared_take_all(const struct shared *shared, const json_t *answer, struct documents *ret);

/*
 * The tree of the documents, whose nodes say "etcd:/holdfast/config/services/web" and a line. 0; -EINVAL
 * with rows of `errors`, one for each document that is not YAML; -ENOMEM.
 */
int shared_tree(const char *name, const struct documents *documents, struct errors *errors,
		struct tree **ret);

/* What can be read of them: those that are not YAML are passed over. 0 or -ENOMEM. */
int shared_salvage(const char *name, const struct documents *documents, struct tree **ret);

/* Reads all, and waits for it. 0; or a negative errno with a row of `errors`. */
int shared_fetch(const struct shared *shared, sd_event *event, struct errors *errors,
		 struct documents *ret);
