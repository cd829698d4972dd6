/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a tree to values, as the table of rows says (config_rows.h).
 *
 * What is wrong becomes a row of `errors` and reading goes on. A value that could not be read stays
 * zero, so that config_checks.c can tell it and does not complain about it a second time.
 *
 * Invariant: item number i of the model is entry number i of the tree's mapping, a wrong one too.
 * References are resolved with that: a name's entry tells its item.
 */
#pragma once

struct config;
struct errors;
struct tree;

/* What reading and checking work on. */
struct config_source {
	const struct tree *tree;
	struct errors *errors;
	struct config *config;
};

/* Fills source->config. 0, also with errors; or -ENOMEM. */
int config_read(struct config_source *source);

/* The same for a file that only says in which store the rest is: nothing else may stand there. */
int config_read_store(struct config_source *source);
int config_check_store(struct config_source *source);

/* What concerns several values at once; resolves a `site` that was left out. 0 or -ENOMEM. */
int config_check(struct config_source *source);

/* Of them, those about policies and sites' nearness; config_check calls it. */
int config_check_policies(struct config_source *source);
