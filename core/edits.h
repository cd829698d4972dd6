/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What people change about a fleet, as changes of the configuration's tree. Whether the result is a
 * configuration is not looked at here: it is checked as a whole afterwards.
 *
 * All of them, unless they say otherwise: 0; -ENOENT or -EEXIST, and `why` is a line that says what is missing, or there already;
 * -ENOMEM. After an error the tree is of no use.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tree;

#define EDIT_WHY_MAX 256

/*
 * Gives the options of a new backend an id, the lowest that is free and does not rest (core/rests.h), unless
 * they have one. -ENOSPC, and `why`: there is none.
 */
int edit_backend_give_id(const struct tree *root, struct tree *value, uint64_t now_s,
			 char why[static EDIT_WHY_MAX]);

/* Adds the backend, whose options `value` are taken over, as a member of these services. */
int edit_backend_add(struct tree *root, const char *name, struct tree *value,
		     char *const *services, size_t n_services, char why[static EDIT_WHY_MAX]);

/* Closes it in all services that have it, or opens it again. */
int edit_backend_drain(struct tree *root, const char *name, bool drained,
		       char why[static EDIT_WHY_MAX]);

/* Takes it out of all services, and away. */
int edit_backend_remove(struct tree *root, const char *name, char why[static EDIT_WHY_MAX]);

/* `value` is taken over. */
int edit_service_add(struct tree *root, const char *name, struct tree *value,
		     char why[static EDIT_WHY_MAX]);

/* The option at `path` below the service, such as "backends.b1.weight", becomes `value`, taken over. */
int edit_service_set(struct tree *root, const char *name, const char *path, struct tree *value,
		     char why[static EDIT_WHY_MAX]);

int edit_service_remove(struct tree *root, const char *name, char why[static EDIT_WHY_MAX]);

int edit_site_drain(struct tree *root, const char *name, bool drained,
		    char why[static EDIT_WHY_MAX]);
int edit_gateway_drain(struct tree *root, const char *name, bool drained,
		       char why[static EDIT_WHY_MAX]);
