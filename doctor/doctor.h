/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `holdfast doctor`: looks at a gateway or a backend from the inside, and from a distance at the
 * agents it works with, and names each fault with its remedy. It changes nothing.
 *
 *   who am I (the daemon's /status, or --config and --node) --> see_*: facts --> checks: findings
 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

/* 0 and *ret, which the caller frees; or a negative errno, said to stderr. */
typedef int (*doctor_ask_fn)(const char *socket, const char *resource, json_t **ret);

struct doctor_options {
	const char *socket; /* of the daemon that is examined */
	const char *config; /* NULL: the daemon's, or the default */
	const char *node;   /* NULL: the daemon's, or the host's name */
	bool json;
	bool list; /* print the checks instead of making them */
	doctor_ask_fn ask;
};

/*
 * 0: nothing is wrong; -EUCLEAN: there are findings, printed to stdout; or another negative errno,
 * with a one-line error on stderr.
 */
int doctor_run(const struct doctor_options *options);
