/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"

/* A daemon that has its programs checked by the kernel answers some seconds later. */
#define TIMEOUT_S 20L
#define HOST "http://holdfast" /* HTTP wants one; the socket says where */

static CURLUcode url_add(CURLU *url, const struct client_argument *argument)
{
	_cleanup_free_ char *query = NULL;

	if (asprintf(&query, "%s=%s", argument->name, argument->value) < 0)
		return CURLUE_OUT_OF_MEMORY;
	return curl_url_set(url, CURLUPART_QUERY, query, CURLU_APPENDQUERY | CURLU_URLENCODE);
}

static CURLU *url_new(const char *resource, const struct client_argument *arguments)
{
	CURLU *url = curl_url();
	CURLUcode r = curl_url_set(url, CURLUPART_URL, HOST, 0);

	if (r == CURLUE_OK)
		r = curl_url_set(url, CURLUPART_PATH, resource, 0);
	for (; r == CURLUE_OK && arguments && arguments->name; arguments++)
		r = url_add(url, arguments);
	if (r == CURLUE_OK)
		return url;
	curl_url_cleanup(url);
	return NULL;
}

/* The whole body into `file`; the transfer's outcome as curl tells it. */
static CURLcode transfer(CURL *curl, const char *socket, CURLU *url, bool post, FILE *file)
{
	if (post) {
		curl_easy_setopt(curl, CURLOPT_POST, 1L);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, 0L);
	}
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
	curl_easy_setopt(curl, CURLOPT_CURLU, url);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, file);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	return curl_easy_perform(curl);
}

/* A socket that is there, and not for everybody. */
static bool is_forbidden(CURL *curl)
{
	long error = 0;

	curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &error);
	return error == EACCES || error == EPERM;
}

static int body_get(const char *socket, CURLU *url, bool post, char **ret_body, long *ret_status)
{
	CURL *curl = curl_easy_init();
	size_t size = 0;
	FILE *file = open_memstream(ret_body, &size);
	CURLcode r = CURLE_OUT_OF_MEMORY;

	if (curl && file)
		r = transfer(curl, socket, url, post, file);
	if (file)
		fclose(file);
	if (r == CURLE_OK)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
	else if (r == CURLE_COULDNT_CONNECT && is_forbidden(curl))
		log_error("%s: you may not ask there, allowed: root and the socket's group", socket);
	else if (r == CURLE_COULDNT_CONNECT)
		log_error("%s: no daemon answers there, is it running? Name its socket with --socket",
			  socket);
	else
		log_error("%s: %s", socket, curl_easy_strerror(r));
	curl_easy_cleanup(curl);
	return r == CURLE_OK ? 0 : -EIO;
}

static int request(const char *socket, const char *resource,
		   const struct client_argument *arguments, bool post, json_t **ret)
{
	_cleanup_free_ char *body = NULL;
	CURLU *url = url_new(resource, arguments);
	long status = 0;
	json_t *answer;
	int r;

	if (!url)
		return -ENOMEM;
	r = body_get(socket, url, post, &body, &status);
	curl_url_cleanup(url);
	if (r < 0)
		return r;
	answer = json_loads(body, JSON_DECODE_ANY, NULL);
	if (!answer) {
		log_error("%s: answered something that is not JSON", socket);
		return -EBADMSG;
	}
	if (status != 200) {
		const char *error = json_string_value(json_object_get(answer, "error"));

		log_error("%s", error ? error : "the daemon gave no reason");
		json_decref(answer);
		return status == 400 ? -EINVAL : -EIO;
	}
	*ret = answer;
	return 0;
}

int client_get(const char *socket, const char *resource, const struct client_argument *arguments,
	       json_t **ret)
{
	return request(socket, resource, arguments, false, ret);
}

int client_post(const char *socket, const char *resource, const struct client_argument *arguments,
		json_t **ret)
{
	return request(socket, resource, arguments, true, ret);
}
