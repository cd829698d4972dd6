/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * HTTP and HTTPS, by libcurl on the event loop (io/transfers.h). Each question is a connection of its
 * own. No certificate is verified: what is asked is whether clients are answered, and the way there is
 * the infrastructure's own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/address.h"
#include "base/cleanup.h"
#include "io/checks_parts.h"
#include "io/transfers.h"

#define BODY_MAX 65536
#define AT_ONCE "Connection: close"

struct check_http {
	CURL *easy;
	struct curl_slist *headers, *connect_to;
	char error[CURL_ERROR_SIZE];
	char *body; /* so far, when one is wanted */
	size_t length;
};

/* How a question ended */

static enum check_end end_of(const struct check *check, CURL *easy, CURLcode code)
{
	long status = 0, error = 0;
	bool found;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error);
	if (code == CURLE_COULDNT_CONNECT && error)
		return check_end_of(error);
	if (code == CURLE_COULDNT_CONNECT || code == CURLE_ABORTED_BY_CALLBACK ||
	    code == CURLE_OUT_OF_MEMORY)
		return CHECK_UNABLE; /* mark_socket, or no socket at all */
	if (code == CURLE_SSL_CONNECT_ERROR)
		return CHECK_INSECURE;
	found = !check->target.body ||
		memmem(check->http->body, check->http->length, check->target.body,
		       strlen(check->target.body));
	/* A body that is longer than we look at ends the transfer (CURLE_WRITE_ERROR). */
	if ((code == CURLE_OK || code == CURLE_WRITE_ERROR) && found &&
	    status == (long)check->target.status)
		return CHECK_PASSED;
	return code == CURLE_RECV_ERROR ? CHECK_REFUSED : CHECK_WRONG;
}

static void on_ended(CURL *easy, CURLcode code, void *private)
{
	struct check *check = private;

	check_end(check, end_of(check, easy, code));
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

	if (!check->checks->transfers &&
	    transfers_new(check->checks->event, on_ended, &check->checks->transfers) < 0)
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
	if (transfers_add(check->checks->transfers, check->http->easy) < 0)
		check_end(check, CHECK_UNREACHABLE);
}

static void http_stop(struct check *check)
{
	transfers_remove(check->checks->transfers, check->http->easy);
}

const struct check_method check_http = {
	.prepare = http_prepare, .release = http_release, .ask = http_ask, .stop = http_stop};
