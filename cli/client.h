/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The command line's side of a daemon's control socket. */
#pragma once

#include <jansson.h>

struct client_argument {
	const char *name;
	const char *value;
};

/*
 * Asks for a resource ("/path") with arguments, a table that ends with a NULL name (or NULL). 0 and
 * *ret, which the caller frees; or a negative errno after a one-line error on stderr.
 */
int client_get(const char *socket, const char *resource, const struct client_argument *arguments,
	       json_t **ret);

/* The same for a resource that changes something. */
int client_post(const char *socket, const char *resource, const struct client_argument *arguments,
		json_t **ret);
