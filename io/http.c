/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "io/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "io/checks_parts.h"

#define BACKLOG 16
#define SILENCE_S 10u /* a connection that says nothing for so long is closed */
#define BLOCK_SIZE 65536
#define ACCURACY_US 1

struct http {
	struct MHD_Daemon *daemon;
	sd_event_source *readable;
	sd_event_source *timeout;
	http_handler handler;
	void *userdata;
};

struct http_request {
	struct MHD_Connection *connection;
	const char *method, *path;
};

const char *http_method(const struct http_request *request)
{
	return request->method;
}

const char *http_path(const struct http_request *request)
{
	return request->path;
}

const char *http_argument(const struct http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

/* An answer in pieces */

struct stream {
	struct http_answer answer;
	char *piece;
	size_t length, sent; /* of the piece */
	bool over;	     /* it is the last one */
};

static void stream_end(void *userdata)
{
	struct stream *stream = userdata;

	if (stream->answer.end)
		stream->answer.end(stream->answer.pieces);
	free(stream->piece);
	free(stream);
}

/* False: no memory. */
static bool stream_fill(struct stream *stream)
{
	FILE *to;

	free(take(stream->piece));
	stream->length = stream->sent = 0;
	to = open_memstream(&stream->piece, &stream->length);
	if (!to)
		return false;
	stream->over = !stream->answer.piece(stream->answer.pieces, to);
	return fclose(to) == 0;
}

static ssize_t stream_read(void *userdata, uint64_t position, char *buffer, size_t room)
{
	struct stream *stream = userdata;
	size_t left;

	while (stream->sent == stream->length) {
		if (stream->over)
			return MHD_CONTENT_READER_END_OF_STREAM;
		if (!stream_fill(stream))
			return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	left = stream->length - stream->sent;
	if (left > room)
		left = room;
	memcpy(buffer, stream->piece + stream->sent, left);
	stream->sent += left;
	return left;
}

static struct MHD_Response *stream_new(const struct http_answer *answer)
{
	struct stream *stream = calloc(1, sizeof(*stream));
	struct MHD_Response *response;

	if (!stream)
		return NULL;
	stream->answer = *answer;
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, stream_read, stream,
						     stream_end);
	if (!response)
		free(stream);
	return response;
}

/* Requests */

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct http_answer *answer)
{
	struct MHD_Response *response = NULL;
	enum MHD_Result result;

	if (answer->piece)
		response = stream_new(answer);
	else if (answer->text) /* else there was no memory for it */
		response = MHD_create_response_from_buffer(answer->length, answer->text,
							   MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(answer->text);
		if (answer->end)
			answer->end(answer->pieces);
		return MHD_NO;
	}
	if (answer->type)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
	result = MHD_queue_response(connection, answer->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result on_request(void *userdata, struct MHD_Connection *connection,
				  const char *url, const char *method, const char *version,
				  const char *data, size_t *data_size, void **state)
{
	const struct http *http = userdata;
	bool head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
	struct http_request request = {connection, head ? MHD_HTTP_METHOD_GET : method, url};
	struct http_answer answer = {.status = MHD_HTTP_OK};

	/* First the header alone; then the body, which nothing of ours reads; then it is complete. */
	if (!*state) {
		*state = connection;
		return MHD_YES;
	}
	if (*data_size) {
		*data_size = 0;
		return MHD_YES;
	}
	http->handler(&request, http->userdata, &answer);
	return send_answer(connection, &answer);
}

/* On the loop */

/* Lets libmicrohttpd work, and asks when it wants to be called without being readable. */
static void run(struct http *http)
{
	MHD_UNSIGNED_LONG_LONG milliseconds;

	MHD_run(http->daemon);
	if (MHD_get_timeout(http->daemon, &milliseconds) != MHD_YES) {
		sd_event_source_set_enabled(http->timeout, SD_EVENT_OFF);
		return;
	}
	sd_event_source_set_time_relative(http->timeout, milliseconds * 1000);
	sd_event_source_set_enabled(http->timeout, SD_EVENT_ONESHOT);
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

static int follow(struct http *http, sd_event *event)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	int r;

	if (!info)
		return -EIO;
	r = sd_event_add_io(event, &http->readable, info->epoll_fd, EPOLLIN, on_readable, http);
	if (r < 0)
		return r;
	r = sd_event_add_time_relative(event, &http->timeout, CLOCK_MONOTONIC, 0, ACCURACY_US,
				       on_timeout, http);
	return r < 0 ? r : 0;
}

int http_new(sd_event *event, int listening, unsigned int connections_max, http_handler handler,
	     void *userdata, struct http **ret)
{
	struct http *http = calloc(1, sizeof(*http));
	int r;

	if (!http) {
		close(listening);
		return -ENOMEM;
	}
	http->handler = handler;
	http->userdata = userdata;
	http->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, http,
					MHD_OPTION_LISTEN_SOCKET, listening,
					MHD_OPTION_CONNECTION_LIMIT, connections_max,
					MHD_OPTION_CONNECTION_TIMEOUT, SILENCE_S, MHD_OPTION_END);
	r = http->daemon ? follow(http, event) : -EIO;
	if (r < 0) {
		http_free(http);
		return r;
	}
	*ret = http;
	return 0;
}

struct http *http_free(struct http *http)
{
	if (!http)
		return NULL;
	sd_event_source_disable_unref(http->readable);
	sd_event_source_disable_unref(http->timeout);
	if (http->daemon)
		MHD_stop_daemon(http->daemon);
	free(http);
	return NULL;
}

int http_listen(const struct endpoint *at)
{
	struct sockaddr_storage address;
	socklen_t length = check_sockaddr(&at->address, ntohs(at->port), &address);
	_cleanup_close_ int fd =
		socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int listening;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (address.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){0}, sizeof(int));
	if (bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	listening = fd;
	fd = -1;
	return listening;
}
