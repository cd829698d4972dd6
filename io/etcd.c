/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "io/etcd.h"

#include <curl/curl.h>
#include <errno.h>
#include <nettle/base64.h>
#include <stdio.h>
#include <string.h>

#include "io/transfers.h"

#define ANSWER_BYTES_MAX (64 << 20) /* a fleet of thousands, in base64 */
#define CONNECT_MS 1500L /* one SYN may be lost */
#define LOGIN "/v3/auth/authenticate"

/* gRPC's status codes, as the gateway tells them */
#define GRPC_DEADLINE_EXCEEDED 4
#define GRPC_NOT_FOUND 5
#define GRPC_PERMISSION_DENIED 7
#define GRPC_RESOURCE_EXHAUSTED 8
#define GRPC_UNAVAILABLE 14
#define GRPC_UNAUTHENTICATED 16

struct etcd {
	struct transfers *transfers;
	char **endpoints;
	size_t n_endpoints, at;
	char *ca, *certificate, *key, *user, *password;
	char *token;		/* NULL: has to be got, if there is a user; empty: needs none */
	struct etcd_call *login; /* that gets it; NULL: nobody asks for one */
	struct etcd_call *calls; /* all */
	sd_event_source *lines;	 /* of streams: told from the loop, where a call may be freed */
};

struct etcd_call {
	struct etcd *etcd;
	struct etcd_call *next;
	char *path, *body;
	bool stream;
	bool waiting; /* for the token */
	bool again;   /* asked a second time, with a new one */
	etcd_answer_fn answer;
	void *userdata;
	bool *freed; /* told to who is calling back */
	CURL *easy;  /* NULL: not under way */
	struct curl_slist *headers;
	char error[CURL_ERROR_SIZE];
	char *text; /* of the answer, or of its last line so far */
	size_t length, room;
};

static int call_begin(struct etcd_call *call);

const char *etcd_endpoint(const struct etcd *etcd)
{
	return etcd->endpoints[etcd->at];
}

size_t etcd_n_endpoints(const struct etcd *etcd)
{
	return etcd->n_endpoints;
}

static void call_stop(struct etcd_call *call)
{
	call->waiting = false;
	call->length = 0;
	if (!call->easy)
		return;
	transfers_remove(call->etcd->transfers, call->easy);
	curl_easy_cleanup(call->easy);
	call->easy = NULL;
	curl_slist_free_all(call->headers);
	call->headers = NULL;
}

/* Answers */

/* False: the call is no more. */
static bool tell(struct etcd_call *call, const struct etcd_answer *answer)
{
	bool freed = false;

	call->freed = &freed;
	call->answer(answer, call->userdata);
	if (freed)
		return false;
	call->freed = NULL;
	return true;
}

/*
 * Another one is got next time. A token names the revision of its login, and etcd waits until it gets
 * there: one that was restarted empty would be silent for ever.
 */
static void drop_token(struct etcd *etcd)
{
	free(etcd->token);
	etcd->token = NULL;
}

/* The line names the endpoint that failed; whoever is told asks the next one. */
static void tell_error(struct etcd_call *call, int error, const char *what)
{
	struct etcd *etcd = call->etcd;
	char why[512];

	snprintf(why, sizeof(why), "%s: %s", etcd_endpoint(etcd), what);
	if (error != -EACCES && error != -ENOSPC && error != -ENOENT) {
		etcd->at = (etcd->at + 1) % etcd->n_endpoints;
		drop_token(etcd);
	}
	call_stop(call);
	tell(call, &(struct etcd_answer){.error = error, .why = why});
}

static int error_of(long long code, const char *message)
{
	if (code == GRPC_PERMISSION_DENIED || code == GRPC_UNAUTHENTICATED ||
	    strstr(message, "authentication failed"))
		return -EACCES;
	if (code == GRPC_NOT_FOUND)
		return -ENOENT;
	if (code == GRPC_UNAVAILABLE || code == GRPC_DEADLINE_EXCEEDED)
		return -EAGAIN;
	return code == GRPC_RESOURCE_EXHAUSTED && strstr(message, "space") ? -ENOSPC : -EIO;
}

/* The error of a body, which stands at its top, or below "error" in a stream. */
static bool has_error(const json_t *body, int *ret_error, const char **ret_message)
{
	const json_t *error = json_object_get(body, "error");
	const json_t *at = json_is_object(error) ? error : body;
	const char *message = json_string_value(json_object_get(at, "message"));
	const json_t *code = json_object_get(at, "code") ?: json_object_get(at, "grpc_code");

	if (!error)
		return false;
	*ret_message = message ?: json_string_value(error) ?: "an error without a message";
	*ret_error = error_of(json_integer_value(code), *ret_message);
	return true;
}

/* A token that etcd has forgotten: it restarted, or time went by; or that it wants from now on. True: asked again with another. */
static bool begins_again(struct etcd_call *call, const char *message)
{
	struct etcd *etcd = call->etcd;

	if (!strstr(message, "invalid auth token") && !strstr(message, "user name is empty"))
		return false;
	if (!etcd->user || call->again || call == etcd->login)
		return false;
	drop_token(etcd);
	call_stop(call);
	call->again = true;
	return call_begin(call) == 0;
}

/* One whole answer, or one line of a stream. False: there is no more to come. */
static bool take_body(struct etcd_call *call, const char *text, size_t length)
{
	json_t *body = json_loadb(text, length, JSON_DISABLE_EOF_CHECK, NULL);
	const char *message;
	bool goes_on = false;
	int error;

	if (!body)
		tell_error(call, -EIO, "its answer is not etcd's");
	else if (!has_error(body, &error, &message))
		goes_on = tell(call, &(struct etcd_answer){
					     .body = json_object_get(body, "result") ?: body});
	else if (!begins_again(call, message))
		tell_error(call, error, message);
	json_decref(body);
	return goes_on;
}

/* The lines of a stream that are complete. False: there are no more to come. */
static bool take_lines(struct etcd_call *call)
{
	char *end;

	while (call->length && (end = memchr(call->text, '\n', call->length))) {
		size_t length = end + 1 - call->text;
		_cleanup_free_ char *line = strndup(call->text, length);

		if (!line)
			return true;
		memmove(call->text, end + 1, call->length - length);
		call->length -= length;
		if (length > 1 && !take_body(call, line, length))
			return false;
	}
	return true;
}

static int on_lines(sd_event_source *source, void *userdata)
{
	struct etcd *etcd = userdata;
	struct etcd_call *call = etcd->calls;

	while (call) {
		bool has = call->stream && call->length &&
			   memchr(call->text, '\n', call->length);

		/* Whoever is told may free any of them. */
		if (has)
			take_lines(call);
		call = has ? etcd->calls : call->next;
	}
	return 0;
}

/* A transfer's way */

static size_t take_bytes(char *data, size_t size, size_t n, void *userdata)
{
	struct etcd_call *call = userdata;

	if (call->length + n > call->room) {
		size_t room = 2 * call->room + n;
		char *text = room <= ANSWER_BYTES_MAX ? realloc(call->text, room) : NULL;

		if (!text)
			return 0;
		call->text = text;
		call->room = room;
	}
	memcpy(call->text + call->length, data, n);
	call->length += n;
	if (call->stream && memchr(data, '\n', n))
		sd_event_source_set_enabled(call->etcd->lines, SD_EVENT_ONESHOT);
	return n;
}

static bool is_about_tls(CURLcode result)
{
	return result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CONNECT_ERROR ||
	       result == CURLE_SSL_CERTPROBLEM || result == CURLE_SSL_CACERT_BADFILE;
}

/* The member, or its kernel, has taken the question. */
static bool was_connected(CURL *easy)
{
	curl_off_t connected_us = 0;

	curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &connected_us);
	return connected_us > 0;
}

static int error_of_failure(CURL *easy, CURLcode result)
{
	if (is_about_tls(result))
		return -EKEYREJECTED;
	return was_connected(easy) ? -EAGAIN : -EIO;
}

static void tell_failure(struct etcd_call *call, CURLcode result)
{
	char text[CURL_ERROR_SIZE];

	if (result == CURLE_OK)
		snprintf(text, sizeof(text), "%s", call->stream ? "the connection has ended"
							       : "an empty answer");
	else if (result == CURLE_OPERATION_TIMEDOUT)
		snprintf(text, sizeof(text), "no answer in time");
	else
		snprintf(text, sizeof(text), "%s",
			 *call->error ? call->error : curl_easy_strerror(result));
	tell_error(call, error_of_failure(call->easy, result), text);
}

static void on_ended(CURL *easy, CURLcode result, void *private)
{
	struct etcd_call *call = private;
	_cleanup_free_ char *text = NULL;
	size_t length;

	if (call->stream && !take_lines(call))
		return;
	length = call->length;
	if (result != CURLE_OK || !length) {
		tell_failure(call, result);
		return;
	}
	text = take(call->text);
	call->room = 0;
	call_stop(call);
	take_body(call, text, length); /* of a stream: an error, in one piece */
}

static int make_headers(struct etcd_call *call)
{
	static const char *const headers[] = {
		"Content-Type: application/json",
		"Expect:",
		"Grpc-Metadata-Hasleader: true", /* else a member without a leader waits for one */
	};
	_cleanup_free_ char *token = NULL;
	struct curl_slist *list = NULL, *longer;

	if (call->etcd->token && *call->etcd->token && asprintf(&token, "Authorization: %s", call->etcd->token) < 0)
		return -ENOMEM;
	for (size_t i = 0; i <= sizeof(headers) / sizeof(*headers); i++) {
		const char *header = i < sizeof(headers) / sizeof(*headers) ? headers[i] : token;

		if (!header)
			continue;
		longer = curl_slist_append(list, header);
		if (!longer) {
			curl_slist_free_all(list);
			return -ENOMEM;
		}
		list = longer;
	}
	call->headers = list;
	return 0;
}

static void set_options(struct etcd_call *call, const char *url)
{
	const struct etcd *etcd = call->etcd;
	CURL *easy = call->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->body);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, call->stream ? 0L : ETCD_TIMEOUT_MS);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->error);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_bytes);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	transfers_keep_alive(easy);
	if (etcd->ca)
		curl_easy_setopt(easy, CURLOPT_CAINFO, etcd->ca);
	if (etcd->certificate)
		curl_easy_setopt(easy, CURLOPT_SSLCERT, etcd->certificate);
	if (etcd->key)
		curl_easy_setopt(easy, CURLOPT_SSLKEY, etcd->key);
}

static int call_send(struct etcd_call *call)
{
	_cleanup_free_ char *url = NULL;
	int r;

	if (asprintf(&url, "%s%s", etcd_endpoint(call->etcd), call->path) < 0)
		return -ENOMEM;
	call->length = 0;
	*call->error = '\0';
	r = make_headers(call);
	call->easy = r == 0 ? curl_easy_init() : NULL;
	if (!call->easy)
		return -ENOMEM;
	set_options(call, url);
	return transfers_add(call->etcd->transfers, call->easy);
}

/* The token */

static struct etcd_call *first_waiting(const struct etcd *etcd)
{
	struct etcd_call *call = etcd->calls;

	while (call && !call->waiting)
		call = call->next;
	return call;
}

static void on_login(const struct etcd_answer *answer, void *userdata)
{
	struct etcd *etcd = userdata;
	const char *token = json_string_value(json_object_get(answer->body, "token"));
	_cleanup_free_ char *why = strdup(answer->why ?: "no token");
	int error = answer->error;
	struct etcd_call *call;

	/* Without authentication everybody may do everything, and a token would be refused. */
	if (error && strstr(answer->why, "authentication is not enabled"))
		token = "";
	etcd->token = token ? strdup(token) : NULL;
	etcd->login = etcd_call_free(etcd->login);
	while ((call = first_waiting(etcd))) {
		call->waiting = false;
		if (etcd->token && call_send(call) == 0)
			continue;
		call_stop(call);
		tell(call, &(struct etcd_answer){.error = error ?: -EIO, .why = why ?: "no memory"});
	}
}

static int call_begin(struct etcd_call *call)
{
	struct etcd *etcd = call->etcd;

	if (!etcd->user || etcd->token)
		return call_send(call);
	call->waiting = true;
	if (etcd->login)
		return 0;
	return etcd_call(etcd, LOGIN,
			 json_pack("{s:s s:s}", "name", etcd->user, "password",
				   etcd->password ?: ""),
			 on_login, etcd, &etcd->login);
}

static int call_new(struct etcd *etcd, const char *path, json_t *body, bool stream,
		    etcd_answer_fn answer, void *userdata, struct etcd_call **ret)
{
	struct etcd_call *call = calloc(1, sizeof(*call));
	int r;

	if (call) {
		*call = (struct etcd_call){.etcd = etcd, .next = etcd->calls, .stream = stream,
					   .answer = answer, .userdata = userdata};
		etcd->calls = call;
		call->path = strdup(path);
		call->body = body ? json_dumps(body, JSON_COMPACT) : NULL;
	}
	json_decref(body);
	r = call && call->path && call->body ? 0 : -ENOMEM;
	if (r == 0)
		r = strcmp(path, LOGIN) == 0 ? call_send(call) : call_begin(call);
	if (r < 0) {
		etcd_call_free(call);
		return r;
	}
	*ret = call;
	return 0;
}

int etcd_call(struct etcd *etcd, const char *path, json_t *body, etcd_answer_fn answer,
	      void *userdata, struct etcd_call **ret)
{
	return call_new(etcd, path, body, false, answer, userdata, ret);
}

int etcd_stream(struct etcd *etcd, const char *path, json_t *body, etcd_answer_fn answer,
		void *userdata, struct etcd_call **ret)
{
	return call_new(etcd, path, body, true, answer, userdata, ret);
}

struct etcd_call *etcd_call_free(struct etcd_call *call)
{
	struct etcd_call **at;

	if (!call)
		return NULL;
	call_stop(call);
	for (at = &call->etcd->calls; *at != call; at = &(*at)->next)
		;
	*at = call->next;
	if (call->freed)
		*call->freed = true;
	free(call->path);
	free(call->body);
	free(call->text);
	free(call);
	return NULL;
}

/* All of it */

static int copy_text(const char *text, char **ret)
{
	*ret = text ? strdup(text) : NULL;
	return !text || *ret ? 0 : -ENOMEM;
}

static int copy_settings(struct etcd *etcd, const struct etcd_settings *settings)
{
	int r = 0;

	etcd->endpoints = calloc(settings->n_endpoints + 1, sizeof(*etcd->endpoints));
	if (!etcd->endpoints)
		return -ENOMEM;
	for (; r == 0 && etcd->n_endpoints < settings->n_endpoints; etcd->n_endpoints++)
		r = copy_text(settings->endpoints[etcd->n_endpoints],
			      &etcd->endpoints[etcd->n_endpoints]);
	r = r < 0 ? r : copy_text(settings->ca, &etcd->ca);
	r = r < 0 ? r : copy_text(settings->certificate, &etcd->certificate);
	r = r < 0 ? r : copy_text(settings->key, &etcd->key);
	r = r < 0 ? r : copy_text(settings->user, &etcd->user);
	return r < 0 ? r : copy_text(settings->password, &etcd->password);
}

int etcd_new(sd_event *event, const struct etcd_settings *settings, struct etcd **ret)
{
	_cleanup_etcd_ struct etcd *etcd = calloc(1, sizeof(*etcd));
	int r;

	if (!etcd)
		return -ENOMEM;
	r = copy_settings(etcd, settings);
	if (r >= 0)
		r = transfers_new(event, on_ended, &etcd->transfers);
	if (r >= 0)
		r = sd_event_add_defer(event, &etcd->lines, on_lines, etcd);
	if (r >= 0)
		r = sd_event_source_set_enabled(etcd->lines, SD_EVENT_OFF);
	if (r < 0)
		return r;
	*ret = take(etcd);
	return 0;
}

struct etcd *etcd_free(struct etcd *etcd)
{
	if (!etcd)
		return NULL;
	etcd_call_free(etcd->login);
	transfers_free(etcd->transfers);
	sd_event_source_disable_unref(etcd->lines);
	for (size_t i = 0; i < etcd->n_endpoints; i++)
		free(etcd->endpoints[i]);
	free(etcd->endpoints);
	free(etcd->ca);
	free(etcd->certificate);
	free(etcd->key);
	free(etcd->user);
	if (etcd->password)
		explicit_bzero(etcd->password, strlen(etcd->password));
	free(etcd->password);
	free(etcd->token);
	free(etcd);
	return NULL;
}

/* Parts of requests and answers */

static json_t *bytes(const char *text, size_t length)
{
	_cleanup_free_ char *code = malloc(BASE64_ENCODE_RAW_LENGTH(length) + 1);

	if (!code)
		return NULL;
	base64_encode_raw(code, length, (const uint8_t *)text);
	return json_stringn(code, BASE64_ENCODE_RAW_LENGTH(length));
}

json_t *etcd_bytes(const char *text)
{
	return bytes(text, strlen(text));
}

json_t *etcd_number(int64_t number)
{
	return json_sprintf("%lld", (long long)number);
}

char *etcd_text_of(const json_t *object, const char *name, size_t *ret_length)
{
	const json_t *value = json_object_get(object, name);
	const char *code = json_string_value(value) ?: "";
	size_t length = BASE64_DECODE_LENGTH(strlen(code));
	_cleanup_free_ char *text = malloc(length + 1);
	struct base64_decode_ctx context;

	base64_decode_init(&context);
	if (!text ||
	    !base64_decode_update(&context, &length, (uint8_t *)text, strlen(code), code) ||
	    !base64_decode_final(&context))
		return NULL;
	text[length] = '\0';
	if (ret_length)
		*ret_length = length;
	return take(text);
}

int64_t etcd_number_of(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	if (json_is_integer(value))
		return json_integer_value(value);
	return json_is_string(value) ? strtoll(json_string_value(value), NULL, 10) : 0;
}

/* The first key behind all of them: the prefix with its last letter's successor. */
json_t *etcd_range(const char *prefix)
{
	_cleanup_free_ char *end = strdup(prefix);

	if (!end || !*end)
		return NULL;
	end[strlen(end) - 1]++;
	return json_pack("{s:o s:o}", "key", etcd_bytes(prefix), "range_end", etcd_bytes(end));
}
