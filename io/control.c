/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "io/control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "io/directory.h"
#include "io/http.h"

#define BACKLOG 16
#define CONNECTIONS_MAX 1000
#define SOCKET_MODE 0660
#define DIRECTORY_MODE 0755

struct control {
	struct http *http;
	const struct control_resource *resources;
	void *userdata;
	char *path;
};

struct control_request {
	const struct http_request *http;
};

const char *control_argument(const struct control_request *request, const char *name)
{
	return http_argument(request->http, name);
}

int control_refuse(json_t **ret, int error, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	*ret = json_string(text);
	return error;
}

static unsigned int http_status(int error)
{
	switch (error) {
	case 0:
		return 200;
	case -EINVAL:
		return 400;
	case -ENOENT:
		return 404;
	default:
		return 500;
	}
}

/* Sends `body` (which it takes) as it is, or as {"error": body}. */
static void reply(int error, json_t *body, struct http_answer *answer)
{
	json_t *whole = error ? json_pack("{s:o}", "error", body ? body : json_null()) : body;

	answer->status = http_status(error);
	answer->type = "application/json";
	answer->text = json_dumps(whole, JSON_COMPACT);
	answer->length = answer->text ? strlen(answer->text) : 0;
	json_decref(whole);
}

static void answer(const struct http_request *http, void *userdata, struct http_answer *ret)
{
	const struct control *control = userdata;
	const struct control_request request = {.http = http};
	const char *path = http_path(http);
	json_t *body = NULL;
	int r;

	for (const struct control_resource *resource = control->resources; resource->path;
	     resource++) {
		const char *wanted = resource->changes ? "POST" : "GET";

		if (strcmp(resource->path, path) != 0)
			continue;
		if (strcmp(http_method(http), wanted) != 0)
			r = control_refuse(&body, -EINVAL, "%s is asked for by %s", path, wanted);
		else
			r = resource->answer(&request, control->userdata, &body);
		reply(r, body, ret);
		return;
	}
	reply(-ENOENT, json_string("no such resource"), ret);
}

/* -ENAMETOOLONG, or 0. */
static int address_of(const char *path, struct sockaddr_un *ret)
{
	if (strlen(path) >= sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	strcpy(ret->sun_path, path);
	return 0;
}

bool control_answers(const char *path)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address;

	if (fd < 0 || address_of(path, &address) < 0)
		return false;
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 || errno == EAGAIN;
}

static int listen_at(const char *path)
{
	struct sockaddr_un address;
	_cleanup_close_ int fd = -1;
	int listening = address_of(path, &address);

	if (listening < 0)
		return listening;
	if (control_answers(path))
		return -EADDRINUSE;
	unlink(path);
	listening = directory_make_for(path, DIRECTORY_MODE);
	if (listening < 0)
		return listening;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(path, SOCKET_MODE) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	listening = fd;
	fd = -1;
	return listening;
}

int control_new(sd_event *event, const char *path, const struct control_resource *resources,
		void *userdata, struct control **ret)
{
	struct control *control = calloc(1, sizeof(*control));
	int r;

	if (!control)
		return -ENOMEM;
	control->resources = resources;
	control->userdata = userdata;
	r = listen_at(path);
	if (r >= 0)
		control->path = strdup(path);
	if (r >= 0)
		r = http_new(event, r, CONNECTIONS_MAX, answer, control, &control->http);
	if (r < 0) {
		control_free(control);
		return r;
	}
	*ret = control;
	return 0;
}

struct control *control_free(struct control *control)
{
	if (!control)
		return NULL;
	http_free(control->http);
	if (control->path)
		unlink(control->path);
	free(control->path);
	free(control);
	return NULL;
}
