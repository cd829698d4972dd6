/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An HTTP server (libmicrohttpd) in the daemon's own event loop: no threads, and requests are answered
 * one at a time. What it listens at, and what it answers, is the caller's: io/control.h on a Unix socket,
 * daemon/exports.h on TCP.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <systemd/sd-event.h>

#include "base/address.h"

struct http;

struct http_request;

/* "GET" or "POST"; HEAD is asked for as GET. */
const char *http_method(const struct http_request *request);

/* Without arguments: "/status". */
const char *http_path(const struct http_request *request);

/* The value of ?name=..., NULL when it is not there. */
const char *http_argument(const struct http_request *request, const char *name);

/*
 * Either the whole text, which is freed when it was sent; or pieces, of which one at a time is in memory:
 * `piece` writes the next one and says whether there is another. The loop turns in between.
 */
struct http_answer {
	unsigned int status;
	const char *type; /* of its content */
	char *text;
	size_t length;
	bool (*piece)(void *pieces, FILE *to);
	void (*end)(void *pieces); /* also of an answer that nobody waited for */
	void *pieces;
};

/* *ret is zero but for status 200. */
typedef void (*http_handler)(const struct http_request *request, void *userdata,
			     struct http_answer *ret);

/*
 * Answers at `listening`, which it closes in the end, also after an error, to so many connections at once.
 * 0 or a negative errno.
 */
int http_new(sd_event *event, int listening, unsigned int connections_max, http_handler handler,
	     void *userdata, struct http **ret);
struct http *http_free(struct http *http);

/* A listening TCP socket; one at [::] takes IPv4, too. Its descriptor or a negative errno. */
int http_listen(const struct endpoint *at);
