/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * HTTP and HTTPS by libcurl's multi interface (libcurl-multi(3), "multi_socket"): it tells which
 * sockets to watch and when to call again, the event loop does so. Each question is a connection of
 * its own. No certificate is verified: what is asked is whether clients are answered, and the way
 * there is the infrastructure's own.
 */
#include "io/checks_http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/address.h"
#include "base/cleanup.h"
#include "io/checks_parts.h"

#define BODY_MAX 65536
#define AT_ONCE "Connection: close"

struct checks_http {
	CURLM *multi;
	sd_event *event;
	sd_event_source *timer;
};

struct check_http {
	CURL *easy;
	struct curl_slist *headers, *connect_to;
	char error[CURL_ERROR_SIZE];
	char *body; /* so far, when one is wanted */
	size_t length;
};

/* The multi handle on the loop */

static void take_ends(struct checks_http *http)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(http->multi, &left))) {
		struct check *check = NULL;
		CURLcode code = message->data.result;
		long status = 0, error = 0;
		bool found;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &check);
		curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
		curl_easy_getinfo(message->easy_handle, CURLINFO_OS_ERRNO, &error);
		if (code == CURLE_COULDNT_CONNECT && error) {
			check_end(check, check_end_of(error));
			continue;
		}
		if (code == CURLE_COULDNT_CONNECT || code == CURLE_ABORTED_BY_CALLBACK ||
		    code == CURLE_OUT_OF_MEMORY) {
			check_end(check, CHECK_UNABLE); /* mark_socket, or no socket at all */
			continue;
		}
		if (code == CURLE_SSL_CONNECT_ERROR) {
			check_end(check, CHECK_INSECURE);
			continue;
		}
		found = !check->target.body ||
			memmem(check->http->body, check->http->length, check->target.body,
			       strlen(check->target.body));
		/* A body that is longer than we look at ends the transfer (CURLE_WRITE_ERROR). */
		if ((code == CURLE_OK || code == CURLE_WRITE_ERROR) && found &&
		    status == (long)check->target.status)
			check_end(check, CHECK_PASSED);
		else
			check_end(check, code == CURLE_RECV_ERROR ? CHECK_REFUSED : CHECK_WRONG);
	}
}

static int on_timer(sd_event_source *source, uint64_t due_us, void *userdata)
{
	struct checks_http *http = userdata;
	int running;

	curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	take_ends(http);
	return 0;
}

static int on_socket(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct checks_http *http = userdata;
	int running, mask = 0;

	mask |= events & EPOLLIN ? CURL_CSELECT_IN : 0;
	mask |= events & EPOLLOUT ? CURL_CSELECT_OUT : 0;
	mask |= events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0;
	curl_multi_socket_action(http->multi, fd, mask, &running);
	take_ends(http);
	return 0;
}

static int set_timer(CURLM *multi, long timeout_ms, void *userdata)
{
	struct checks_http *http = userdata;

	if (timeout_ms < 0)
		return sd_event_source_set_enabled(http->timer, SD_EVENT_OFF) < 0 ? -1 : 0;
	if (sd_event_source_set_time_relative(http->timer, timeout_ms * 1000ULL) < 0)
		return -1;
	return sd_event_source_set_enabled(http->timer, SD_EVENT_ONESHOT) < 0 ? -1 : 0;
}

/* curl closes the socket right after CURL_POLL_REMOVE, so the source goes first. */
static int set_socket(CURL *easy, curl_socket_t fd, int what, void *userdata, void *assigned)
{
	struct checks_http *http = userdata;
	sd_event_source *source = assigned;
	uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);

	if (what == CURL_POLL_REMOVE) {
		sd_event_source_disable_unref(source);
		curl_multi_assign(http->multi, fd, NULL);
		return 0;
	}
	if (source)
		return sd_event_source_set_io_events(source, events) < 0 ? -1 : 0;
	if (sd_event_add_io(http->event, &source, fd, events, on_socket, http) < 0)
		return -1;
	curl_multi_assign(http->multi, fd, source);
	return 0;
}

static int http_new(sd_event *event, struct checks_http **ret)
{
	struct checks_http *http = calloc(1, sizeof(*http));
	int r;

	if (!http)
		return -ENOMEM;
	http->event = sd_event_ref(event);
	http->multi = curl_multi_init();
	r = http->multi ? 0 : -ENOMEM;
	if (r >= 0)
		r = sd_event_add_time_relative(event, &http->timer, CLOCK_MONOTONIC, 0,
					       CHECK_ACCURACY_US, on_timer, http);
	if (r >= 0)
		r = sd_event_source_set_enabled(http->timer, SD_EVENT_OFF);
	if (r < 0) {
		checks_http_free(http);
		return r;
	}
	curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
	curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
	curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
	*ret = http;
	return 0;
}

void checks_http_free(struct checks_http *http)
{
	if (!http)
		return;
	if (http->multi)
		curl_multi_cleanup(http->multi);
	sd_event_source_disable_unref(http->timer);
	sd_event_unref(http->event);
	free(http);
}

/* One question */

static int mark_socket(void *userdata, curl_socket_t fd, curlsocktype purpose)
{
	const struct check *check = userdata;

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
	return check_mark_and_bind(fd, &check->target) < 0 ? CURL_SOCKOPT_ERROR : CURL_SOCKOPT_OK;
}

/* Keeps the beginning of the body, if it is looked at. */
static size_t take_body(char *data, size_t size, size_t n, void *userdata)
{
	struct check *check = userdata;
	struct check_http *http = check->http;
	size_t room = BODY_MAX - http->length, length = n < room ? n : room;

	if (!check->target.body)
		return n;
	if (!http->body && !(http->body = malloc(BODY_MAX)))
		return 0;
	memcpy(http->body + http->length, data, length);
	http->length += length;
	return length;
}

static void set_options(struct check *check, const char *url)
{
	struct check_http *http = check->http;
	CURL *easy = http->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, check);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_CONNECT_TO, http->connect_to);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, http->headers);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "holdfast-health");
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, mark_socket);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, check);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, check);
}

static const char *host_text(const struct check_target *target, char text[static 64])
{
	char address[ADDRESS_TEXT_MAX];
	bool v4 = address_is_v4(&target->address);

	snprintf(text, 64, "%s%s%s", v4 ? "" : "[", address_format(&target->address, address),
		 v4 ? "" : "]");
	return text;
}

static int http_prepare(struct check *check)
{
	const struct check_target *target = &check->target;
	_cleanup_free_ char *url = NULL, *to = NULL;
	char text[64];

	if (!check->checks->http && http_new(check->checks->event, &check->checks->http) < 0)
		return -ENOMEM;
	check->http = calloc(1, sizeof(*check->http));
	if (!check->http)
		return -ENOMEM;
	host_text(target, text);
	if (asprintf(&url, "%s://%s:%u%s", target->kind == CHECK_HTTPS ? "https" : "http",
		     target->host ? target->host : text, target->port, target->path) < 0)
		return -ENOMEM;
	/* Whatever the name is, the connection goes to the VIP. */
	if (asprintf(&to, "::%s:%u", text, target->port) < 0)
		return -ENOMEM;
	check->http->easy = curl_easy_init();
	check->http->headers = curl_slist_append(NULL, AT_ONCE);
	check->http->connect_to = curl_slist_append(NULL, to);
	if (!check->http->easy || !check->http->headers || !check->http->connect_to)
		return -ENOMEM;
	set_options(check, url);
	return 0;
}

static void http_release(struct check *check)
{
	if (!check->http)
		return;
	curl_easy_cleanup(check->http->easy);
	curl_slist_free_all(check->http->headers);
	curl_slist_free_all(check->http->connect_to);
	free(check->http->body);
	free(check->http);
}

static void http_ask(struct check *check)
{
	check->http->length = 0;
	if (curl_multi_add_handle(check->checks->http->multi, check->http->easy) != CURLM_OK)
		check_end(check, CHECK_UNREACHABLE);
}

static void http_stop(struct check *check)
{
	curl_multi_remove_handle(check->checks->http->multi, check->http->easy);
}

const struct check_method check_http = {
	.prepare = http_prepare, .release = http_release, .ask = http_ask, .stop = http_stop};
