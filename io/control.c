/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "io/control.h"

#include <errno.h>
#include <microhttpd.h>
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

#define BACKLOG 16
#define SOCKET_MODE 0660
#define DIRECTORY_MODE 0755

struct control {
	struct MHD_Daemon *http;
	sd_event_source *readable;
	sd_event_source *timeout;
	const struct control_resource *resources;
	void *userdata;
	char *path;
};

struct control_request {
	struct MHD_Connection *connection;
};

const char *control_argument(const struct control_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
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
		return MHD_HTTP_OK;
	case -EINVAL:
		return MHD_HTTP_BAD_REQUEST;
	case -ENOENT:
		return MHD_HTTP_NOT_FOUND;
	default:
		return MHD_HTTP_INTERNAL_SERVER_ERROR;
	}
}

/* Sends `body` (which it takes) as it is, or as {"error": body}. */
static enum MHD_Result reply(struct MHD_Connection *connection, int error, json_t *body)
{
	json_t *whole = error ? json_pack("{s:o}", "error", body ? body : json_null()) : body;
	char *text = json_dumps(whole, JSON_COMPACT);
	struct MHD_Response *response;
	enum MHD_Result result;

	json_decref(whole);
	if (!text)
		return MHD_NO;
	response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	result = MHD_queue_response(connection, http_status(error), response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer(const struct control *control, struct MHD_Connection *connection,
			      const char *url, const char *method)
{
	struct control_request request = {.connection = connection};
	json_t *body = NULL;
	int r;

	for (const struct control_resource *resource = control->resources; resource->path;
	     resource++) {
		const char *wanted =
			resource->changes ? MHD_HTTP_METHOD_POST : MHD_HTTP_METHOD_GET;

		if (strcmp(resource->path, url) != 0)
			continue;
		if (strcmp(method, wanted) != 0)
			r = control_refuse(&body, -EINVAL, "%s is asked for by %s", url, wanted);
		else
			r = resource->answer(&request, control->userdata, &body);
		return reply(connection, r, body);
	}
	return reply(connection, -ENOENT, json_string("no such resource"));
}

static enum MHD_Result on_request(void *userdata, struct MHD_Connection *connection,
				  const char *url, const char *method, const char *version,
				  const char *data, size_t *data_size, void **state)
{
	const struct control *control = userdata;

	/* First the header alone; then the body, which nothing of ours reads; then it is complete. */
	if (!*state) {
		*state = connection;
		return MHD_YES;
	}
	if (*data_size) {
		*data_size = 0;
		return MHD_YES;
	}
	return answer(control, connection, url, method);
}

/* Lets libmicrohttpd work, and asks when it wants to be called without being readable. */
static void run(struct control *control)
{
	MHD_UNSIGNED_LONG_LONG milliseconds;

	MHD_run(control->http);
	if (MHD_get_timeout(control->http, &milliseconds) != MHD_YES) {
		sd_event_source_set_enabled(control->timeout, SD_EVENT_OFF);
		return;
	}
	sd_event_source_set_time_relative(control->timeout, milliseconds * 1000);
	sd_event_source_set_enabled(control->timeout, SD_EVENT_ONESHOT);
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	run(userdata);
	return 0;
}

static int on_timeout(sd_event_source *source, uint64_t now_us, void *userdata)
{
	run(userdata);
	return 0;
}

static bool somebody_listens(const struct sockaddr_un *address)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = -1;
	int listening;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	if (somebody_listens(&address))
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

static int start_http(struct control *control, int listening)
{
	control->http = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL,
					 on_request, control, MHD_OPTION_LISTEN_SOCKET, listening,
					 MHD_OPTION_CONNECTION_TIMEOUT, 10u, MHD_OPTION_END);
	return control->http ? 0 : -EIO;
}

static int follow(struct control *control, sd_event *event)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(control->http, MHD_DAEMON_INFO_EPOLL_FD);
	int r;

	if (!info)
		return -EIO;
	r = sd_event_add_io(event, &control->readable, info->epoll_fd, EPOLLIN, on_readable, control);
	if (r < 0)
		return r;
	r = sd_event_add_time_relative(event, &control->timeout, CLOCK_MONOTONIC, 0, 0, on_timeout,
				       control);
	return r < 0 ? r : 0;
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
		r = start_http(control, r);
	if (r >= 0)
		r = follow(control, event);
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
	sd_event_source_unref(control->readable);
	sd_event_source_unref(control->timeout);
	if (control->http)
		MHD_stop_daemon(control->http);
	if (control->path)
		unlink(control->path);
	free(control->path);
	free(control);
	return NULL;
}
