/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/etcd.h"

static void keys_and_values_travel_in_base64(void **state)
{
	static const char *const texts[] = {"", "a", "ab", "abc", "/holdfast/config/services/web"};
	static const char *const codes[] = {"", "YQ==", "YWI=", "YWJj",
					    "L2hvbGRmYXN0L2NvbmZpZy9zZXJ2aWNlcy93ZWI="};

	for (size_t i = 0; i < 5; i++) {
		json_t *object = json_pack("{s:o}", "key", etcd_bytes(texts[i]));
		_cleanup_free_ char *text = NULL;
		size_t length;

		assert_string_equal(json_string_value(json_object_get(object, "key")), codes[i]);
		text = etcd_text_of(object, "key", &length);
		assert_string_equal(text, texts[i]);
		assert_int_equal(length, strlen(texts[i]));
		json_decref(object);
	}
}

static void what_is_no_base64_is_no_text(void **state)
{
	json_t *object = json_pack("{s:s s:s}", "a", "YQ=", "b", "?");

	assert_null(etcd_text_of(object, "a", NULL));
	assert_null(etcd_text_of(object, "b", NULL));
	json_decref(object);
}

static void numbers_of_64_bits_are_text_and_none_is_zero(void **state)
{
	json_t *object = json_pack("{s:o s:i}", "revision", etcd_number(INT64_MAX), "small", 7);

	assert_string_equal(json_string_value(json_object_get(object, "revision")),
			    "9223372036854775807");
	assert_true(etcd_number_of(object, "revision") == INT64_MAX);
	assert_int_equal(etcd_number_of(object, "small"), 7);
	assert_int_equal(etcd_number_of(object, "none"), 0);
	json_decref(object);
}

static void a_range_ends_before_the_next_prefix(void **state)
{
	json_t *range = etcd_range("/holdfast/config/");
	_cleanup_free_ char *end = etcd_text_of(range, "range_end", NULL);

	assert_string_equal(end, "/holdfast/config0");
	json_decref(range);
	assert_null(etcd_range(""));
}

static void on_failed(const struct etcd_answer *answer, void *userdata)
{
	assert_int_equal(answer->error, -EIO);
	*(char **)userdata = strdup(answer->why);
}

/* Nobody listens on these ports: each endpoint is asked in turn, and the line names it. */
static void an_endpoint_that_fails_is_followed_by_the_next(void **state)
{
	const char *const endpoints[] = {"http://127.0.0.1:1", "http://127.0.0.1:2"};
	const struct etcd_settings settings = {.endpoints = endpoints, .n_endpoints = 2};
	sd_event *event = NULL;
	struct etcd *etcd;

	assert_true(sd_event_new(&event) >= 0);
	assert_int_equal(etcd_new(event, &settings, &etcd), 0);
	for (int i = 0; i < 3; i++) {
		_cleanup_free_ char *why = NULL;
		struct etcd_call *call;

		assert_int_equal(etcd_call(etcd, "/v3/kv/range", json_object(), on_failed, &why, &call), 0);
		while (!why)
			assert_true(sd_event_run(event, UINT64_MAX) >= 0);
		assert_memory_equal(why, endpoints[i % 2], strlen(endpoints[0]));
		etcd_call_free(call);
	}
	etcd_free(etcd);
	sd_event_unref(event);
}

static void who_waits_has_asked_each_endpoint_before_he_is_told(void **state)
{
	const char *const endpoints[] = {"http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3"};
	const struct etcd_settings settings = {.endpoints = endpoints, .n_endpoints = 3};
	_cleanup_free_ char *why = NULL;
	json_t *answer = NULL;
	sd_event *event = NULL;
	struct etcd *etcd;

	assert_true(sd_event_new(&event) >= 0);
	assert_int_equal(etcd_new(event, &settings, &etcd), 0);
	assert_int_equal(etcd_ask(etcd, event, "/v3/kv/range", json_object(), &answer, &why), -EIO);
	assert_null(answer);
	assert_non_null(strstr(why, "none of 3 endpoints answers, at last http://127.0.0.1:3"));
	assert_string_equal(etcd_endpoint(etcd), endpoints[0]);
	etcd_free(etcd);
	sd_event_unref(event);
}

/* A member that listens on a port of ours: it hangs up on the first who ask, and then answers. */

struct member {
	int fd;
	int hang_ups;
	char endpoint[32];
};

static int on_question(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"count\":\"1\"}";
	struct member *member = userdata;
	char question[1024];

	assert_true(recv(fd, question, sizeof(question), 0) > 0);
	if (member->hang_ups-- <= 0)
		assert_int_equal(send(fd, answer, strlen(answer), 0), strlen(answer));
	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	close(fd);
	return 0;
}

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	sd_event *event = sd_event_source_get_event(source);
	int asked = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	assert_true(asked >= 0);
	assert_true(sd_event_add_io(event, NULL, asked, EPOLLIN, on_question, userdata) >= 0);
	return 0;
}

static void member_begin(sd_event *event, struct member *member)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);

	member->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(member->fd >= 0);
	assert_int_equal(bind(member->fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(member->fd, 8), 0);
	assert_int_equal(getsockname(member->fd, (struct sockaddr *)&address, &length), 0);
	snprintf(member->endpoint, sizeof(member->endpoint), "http://127.0.0.1:%d", ntohs(address.sin_port));
	assert_true(sd_event_add_io(event, NULL, member->fd, EPOLLIN, on_connection, member) >= 0);
}

/* A leader that dies takes the question with it: who is left may be about to elect another. */
static void who_waits_asks_again_when_a_member_took_the_question_and_died(void **state)
{
	struct member member = {.hang_ups = 1};
	const char *const endpoints[] = {"http://127.0.0.1:1", member.endpoint};
	const struct etcd_settings settings = {.endpoints = endpoints, .n_endpoints = 2};
	_cleanup_free_ char *why = NULL;
	json_t *answer = NULL;
	sd_event *event = NULL;
	struct etcd *etcd;

	assert_true(sd_event_new(&event) >= 0);
	member_begin(event, &member);
	assert_int_equal(etcd_new(event, &settings, &etcd), 0);
	assert_int_equal(etcd_ask(etcd, event, "/v3/kv/range", json_object(), &answer, &why), 0);
	assert_int_equal(etcd_number_of(answer, "count"), 1);
	assert_int_equal(member.hang_ups, -1);
	json_decref(answer);
	etcd_free(etcd);
	sd_event_unref(event);
	close(member.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_and_values_travel_in_base64),
		cmocka_unit_test(what_is_no_base64_is_no_text),
		cmocka_unit_test(numbers_of_64_bits_are_text_and_none_is_zero),
		cmocka_unit_test(a_range_ends_before_the_next_prefix),
		cmocka_unit_test(an_endpoint_that_fails_is_followed_by_the_next),
		cmocka_unit_test(who_waits_has_asked_each_endpoint_before_he_is_told),
		cmocka_unit_test(who_waits_asks_again_when_a_member_took_the_question_and_died),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
