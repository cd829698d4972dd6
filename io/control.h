/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The daemon's side of its control socket: HTTP with JSON bodies over a Unix socket, so that the
 * command line, a script and `curl --unix-socket` all speak to it. Requests are answered in the
 * daemon's own event loop, one at a time; the socket's permissions (0660) are the access control.
 */
#pragma once

#include <stdbool.h>

#include <jansson.h>
#include <systemd/sd-event.h>

struct control;
struct control_request;

/* The value of ?name=..., NULL when it is not there. */
const char *control_argument(const struct control_request *request, const char *name);

/*
 * Answers a request: 0 and *ret, which the caller frees; or a negative errno, with *ret a string that
 * says what was wrong. -EINVAL is the asker's fault, anything else ours.
 */
typedef int (*control_answer_fn)(const struct control_request *request, void *userdata,
				 json_t **ret);

/* A resource, such as "/status". A table of them ends with a NULL path. */
struct control_resource {
	const char *path;
	control_answer_fn answer;
	bool changes; /* asked for by POST, since it changes something; others by GET */
};

/* For answers: *ret becomes the formatted text. Returns `error`. */
int control_refuse(json_t **ret, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Does a living process listen at `path`? One whose queue is full, since it is stuck, lives too. Never waits. */
bool control_answers(const char *path);

/*
 * Listens at `path`, whose folder is made if need be; a socket that a dead daemon left behind is replaced. -EADDRINUSE: a living one
 * answers there.
 */
int control_new(sd_event *event, const char *path, const struct control_resource *resources,
		void *userdata, struct control **ret);

struct control *control_free(struct control *control);
