/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a daemon knows of the store that its file names (`store: etcd`), and follows. With `store: file`
 * there is nothing to follow, and this does nothing.
 *
 * Invariants:
 * - The state that was taken last goes on, whatever becomes of the store, and is kept in a file for the
 *   next start. Only a whole configuration (core/documents.h) that reads without an error takes its
 *   place.
 * - Whether the store can be reached is said once each way, and by status all the time.
 * - The loop never waits, but at the start, when there is nothing else to do.
 */
#pragma once

#include <stdbool.h>

#include <jansson.h>
#include <systemd/sd-event.h>

#include "daemon/entry.h"

struct config;
struct errors;
struct store;
struct tree;

/* There is a state that has not been tried: time to read the configuration again. Called from the loop. */
typedef void (*store_changed_fn)(void *userdata);

/* `state` is the file of the last state; `look` tells what the node's entry says. 0 or a negative errno. */
int store_new(sd_event *event, const char *state, store_changed_fn changed, entry_look_fn look,
	      void *userdata, struct store **ret);
struct store *store_free(struct store *store);

/*
 * The store that `local` (config_store_from_tree) names, of the file `path`; NULL: it names none. At the
 * start this waits until the store has answered or, if there is a last state, for a moment. 0; or a
 * negative errno, with a row of `errors` unless it is -ENOMEM.
 */
int store_use(struct store *store, const struct config *local, const char *path,
	      struct errors *errors);

/* Asks anew, with certificates and passwords read again, at the next store_use. */
void store_reopen(struct store *store);

/* The newest whole state, or the last one that was taken. As yaml_tree_read. */
int store_tree(struct store *store, struct errors *errors, struct tree **ret);

/*
 * That state is wrong. True: store_tree now gives the last state instead, which a daemon that has not
 * taken any yet begins with.
 */
bool store_fall_back(struct store *store);

/* The configuration of the last store_tree is in use by this node. */
void store_taken(struct store *store, const char *role, const char *node, const char *site);

/* For status. null: the file is the store. */
json_t *store_json(const struct store *store);
