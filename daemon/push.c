/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/push.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "daemon/events.h"
#include "daemon/metrics.h"
#include "io/secret.h"
#include "io/transfers.h"

#define TOKEN_MAX 1024
#define SAID_MAX 200 /* of what InfluxDB answers to what it refuses */
#define ACCURACY_US 100000

struct push {
	control_answer_fn state;
	void *userdata;
	struct transfers *transfers;
	sd_event_source *due;
	uint64_t interval_us;
	CURL *easy; /* NULL: nothing is pushed */
	struct curl_slist *headers;
	char *url, *body;
	char error[CURL_ERROR_SIZE], said[SAID_MAX + 1];
	size_t n_said;
	bool under_way;
	bool failing; /* and that was said */
	uint64_t n_begun, n_failed;
};

/* How it went */

static void failed(struct push *push, const char *reason)
{
	if (!push->failing)
		event_say(EVENT_EXPORT_FAILED, ABOUT(.reason = reason),
			  "metrics: not taken by InfluxDB at %s: %s", push->url, reason);
	push->failing = true;
	push->n_failed++;
}

static void taken(struct push *push)
{
	if (push->failing)
		event_say(EVENT_EXPORT_BACK, ABOUT(), "metrics: taken by InfluxDB at %s again", push->url);
	push->failing = false;
}

static void on_ended(CURL *easy, CURLcode result, void *private)
{
	struct push *push = private;
	char reason[SAID_MAX + 40];
	long status = 0;

	transfers_remove(push->transfers, easy);
	push->under_way = false;
	free(take(push->body));
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	if (result == CURLE_OK && status / 100 == 2) {
		taken(push);
	} else if (result == CURLE_OK) {
		snprintf(reason, sizeof(reason), "it answers %ld %.*s", status,
			 (int)strcspn(push->said, "\r\n"), push->said);
		failed(push, reason);
	} else {
		failed(push, *push->error ? push->error : curl_easy_strerror(result));
	}
}

static size_t take_said(char *data, size_t size, size_t n, void *userdata)
{
	struct push *push = userdata;
	size_t room = SAID_MAX - push->n_said, length = n < room ? n : room;

	memcpy(push->said + push->n_said, data, length);
	push->n_said += length;
	push->said[push->n_said] = '\0';
	return n;
}

/* One push */

static int make_body(struct push *push, size_t *ret_length)
{
	struct timespec now;
	json_t *state;
	FILE *to;
	int r = push->state(NULL, push->userdata, &state);

	if (r < 0)
		return r;
	to = open_memstream(&push->body, ret_length);
	if (to) {
		clock_gettime(CLOCK_REALTIME, &now);
		metrics_print_influx(state, now.tv_sec * UINT64_C(1000000000) + now.tv_nsec, to);
	}
	json_decref(state);
	return to && fclose(to) == 0 ? 0 : -ENOMEM;
}

static int begin(struct push *push)
{
	size_t length;
	int r = make_body(push, &length);

	if (r < 0)
		return r;
	push->n_begun++;
	push->n_said = 0;
	push->said[0] = push->error[0] = '\0';
	curl_easy_setopt(push->easy, CURLOPT_POSTFIELDS, push->body);
	curl_easy_setopt(push->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
	r = transfers_add(push->transfers, push->easy);
	push->under_way = r == 0;
	return r;
}

static void give_up(struct push *push)
{
	if (push->under_way)
		transfers_remove(push->transfers, push->easy);
	push->under_way = false;
	free(take(push->body));
}

static int on_due(sd_event_source *source, uint64_t due_us, void *userdata)
{
	struct push *push = userdata;
	int r;

	if (push->under_way)
		failed(push, "it has not answered within the interval");
	give_up(push);
	r = begin(push);
	if (r < 0)
		failed(push, strerror(-r));
	r = sd_event_source_set_time_relative(source, push->interval_us);
	return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* Where to */

static void release(struct push *push)
{
	give_up(push);
	sd_event_source_set_enabled(push->due, SD_EVENT_OFF);
	curl_easy_cleanup(take(push->easy));
	curl_slist_free_all(take(push->headers));
	free(take(push->url));
}

/* Its first line. 0 or a negative errno. */
static int read_token(const char *config_path, const char *file, char token[static TOKEN_MAX])
{
	_cleanup_free_ char *path = NULL;
	_cleanup_fclose_ FILE *from = NULL;
	int r = secret_path(config_path, file, &path);

	if (r < 0)
		return r;
	from = fopen(path, "re");
	if (!from)
		return -errno;
	if (!fgets(token, TOKEN_MAX, from))
		return -ENODATA;
	token[strcspn(token, "\r\n")] = '\0';
	return *token ? 0 : -ENODATA;
}

/* InfluxDB 1 knows users, InfluxDB 2 tokens. */
static int authorize(struct push *push, const char *token)
{
	_cleanup_free_ char *header = NULL;
	struct curl_slist *headers;

	if (strchr(token, ':')) {
		curl_easy_setopt(push->easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		return curl_easy_setopt(push->easy, CURLOPT_USERPWD, token) == CURLE_OK ? 0 : -ENOMEM;
	}
	if (asprintf(&header, "Authorization: Token %s", token) < 0)
		return -ENOMEM;
	headers = curl_slist_append(push->headers, header);
	if (!headers)
		return -ENOMEM;
	push->headers = headers;
	return 0;
}

static void set_options(struct push *push)
{
	CURL *easy = push->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, push);
	curl_easy_setopt(easy, CURLOPT_URL, push->url);
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, push->headers);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "holdfast");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, push->error);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_said);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, push);
}

static int prepare(struct push *push, const struct config_influx *config, const char *config_path)
{
	char token[TOKEN_MAX];
	int r;

	push->url = strdup(config->url);
	push->easy = curl_easy_init();
	push->headers = curl_slist_append(NULL, "Content-Type: text/plain; charset=utf-8");
	if (!push->url || !push->easy || !push->headers)
		return -ENOMEM;
	if (config->token_file) {
		r = read_token(config_path, config->token_file, token);
		if (r < 0) {
			log_warning("metrics: nothing is pushed, %s cannot be read: %s",
				    config->token_file, strerror(-r));
			return r;
		}
		r = authorize(push, token);
		explicit_bzero(token, sizeof(token));
		if (r < 0)
			return r;
	}
	set_options(push);
	push->interval_us = config->interval_s * UINT64_C(1000000);
	return 0;
}

void push_use(struct push *push, const struct config_influx *config, const char *config_path)
{
	release(push);
	push->failing = false;
	if (!config->url)
		return;
	if (prepare(push, config, config_path) < 0) {
		release(push);
		return;
	}
	sd_event_source_set_time_relative(push->due, push->interval_us);
	sd_event_source_set_enabled(push->due, SD_EVENT_ONESHOT);
}

json_t *push_json(const struct push *push)
{
	return json_pack("{s:I s:I}", "begun", (json_int_t)push->n_begun, "failed",
			 (json_int_t)push->n_failed);
}

int push_new(sd_event *event, control_answer_fn state, void *userdata, struct push **ret)
{
	struct push *push = calloc(1, sizeof(*push));
	int r;

	if (!push)
		return -ENOMEM;
	push->state = state;
	push->userdata = userdata;
	r = transfers_new(event, on_ended, &push->transfers);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &push->due, CLOCK_MONOTONIC, 0, ACCURACY_US,
					       on_due, push);
	if (r >= 0)
		r = sd_event_source_set_enabled(push->due, SD_EVENT_OFF);
	if (r < 0) {
		push_free(push);
		return r;
	}
	*ret = push;
	return 0;
}

struct push *push_free(struct push *push)
{
	if (!push)
		return NULL;
	release(push);
	sd_event_source_disable_unref(push->due);
	transfers_free(push->transfers);
	free(push);
	return NULL;
}
