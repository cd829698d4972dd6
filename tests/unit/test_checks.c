/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Checks against servers that stand in the same event loop, on loopback. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/address.h"
#include "io/checks.h"

#define TIMEOUT_US 300000
#define MANY 2000

static sd_event *event;
static struct checks *checks;

/* A server */

struct server {
	int fd;
	uint16_t port;
	sd_event_source *source;
	const char *answer; /* NULL: none */
	char asked[1024];
	uint8_t code; /* of DNS */
	int accepted;
};

static int on_request(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct server *server = userdata;
	ssize_t length = recv(fd, server->asked, sizeof(server->asked) - 1, 0);

	if (length > 0)
		server->asked[length] = '\0';
	if (length > 0 && server->answer)
		assert_true(write(fd, server->answer, strlen(server->answer)) > 0);
	if (length <= 0 || server->answer) {
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
		close(fd);
	}
	return 0;
}

/* Its source is the loop's, which frees it at last: a client may still wait when a test ends. */
static int on_client(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct server *server = userdata;
	int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (client < 0)
		return 0;
	server->accepted++;
	assert_true(sd_event_add_io(event, NULL, client, EPOLLIN, on_request, server) >= 0);
	return 0;
}

static int on_query(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct server *server = userdata;
	struct sockaddr_in6 from;
	socklen_t size = sizeof(from);
	uint8_t packet[512];
	ssize_t length = recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &size);

	assert_true(length > 12);
	memcpy(server->asked, packet, length);
	server->accepted = length;
	packet[2] |= 0x80;
	packet[3] = server->code;
	/* First one that belongs to somebody else's question. */
	packet[0] ^= 1;
	assert_int_equal(sendto(fd, packet, length, 0, (struct sockaddr *)&from, size), length);
	packet[0] ^= 1;
	assert_int_equal(sendto(fd, packet, length, 0, (struct sockaddr *)&from, size), length);
	return 0;
}

static void serve(struct server *server, int type, int backlog)
{
	struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	socklen_t size = sizeof(at);

	server->fd = socket(AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server->fd, (struct sockaddr *)&at, size), 0);
	assert_int_equal(getsockname(server->fd, (struct sockaddr *)&at, &size), 0);
	server->port = ntohs(at.sin6_port);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(server->fd, backlog), 0);
	assert_true(sd_event_add_io(event, &server->source, server->fd, EPOLLIN,
				    type == SOCK_STREAM ? on_client : on_query, server) >= 0);
}

static void retire(struct server *server)
{
	sd_event_source_disable_unref(server->source);
	close(server->fd);
}

/* A check */

static int ended;
static enum check_end last;

static void on_done(struct check *check, enum check_end end, void *userdata)
{
	ended++;
	last = end;
}

static struct check_target to_port(enum check_kind kind, uint16_t port)
{
	struct check_target target = {.kind = kind, .port = port, .timeout_us = TIMEOUT_US,
				      .path = "/health", .status = 200, .name = "www.example"};

	assert_int_equal(address_parse("::1", &target.address), 0);
	return target;
}

static void run_until(int count)
{
	while (ended < count)
		assert_true(sd_event_run(event, 5000000) > 0);
}

static enum check_end end_of(const struct check_target *target)
{
	struct check *check;

	ended = 0;
	assert_int_equal(check_new(checks, target, on_done, NULL, &check), 0);
	check_begin(check);
	run_until(1);
	check_free(check);
	return last;
}

static enum check_end end_at(enum check_kind kind, uint16_t port)
{
	struct check_target target = to_port(kind, port);

	return end_of(&target);
}

static int setup(void **state)
{
	assert_true(sd_event_new(&event) >= 0);
	return checks_new(event, &checks);
}

static int teardown(void **state)
{
	checks_free(checks);
	sd_event_unref(event);
	return 0;
}

/* TCP */

static void a_listener_passes_and_never_sees_the_connection(void **state)
{
	struct server server = {};

	serve(&server, SOCK_STREAM, 16);
	assert_int_equal(end_at(CHECK_TCP, server.port), CHECK_PASSED);
	for (int i = 0; i < 5; i++)
		sd_event_run(event, 20000);
	assert_int_equal(server.accepted, 0);
	retire(&server);
}

static void a_closed_port_refuses(void **state)
{
	struct server server = {};

	serve(&server, SOCK_STREAM, 16);
	retire(&server);
	assert_int_equal(end_at(CHECK_TCP, server.port), CHECK_REFUSED);
	assert_int_equal(end_at(CHECK_HTTP, server.port), CHECK_REFUSED);
	assert_int_equal(end_at(CHECK_DNS, server.port), CHECK_REFUSED);
}

/* Nobody accepts: the kernel drops what comes when the queue is full. */
static void a_full_queue_is_a_timeout(void **state)
{
	struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct server server = {};
	int clients[3];

	serve(&server, SOCK_STREAM, 0);
	sd_event_source_set_enabled(server.source, SD_EVENT_OFF);
	at.sin6_port = htons(server.port);
	for (int i = 0; i < 3; i++) {
		clients[i] = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		connect(clients[i], (struct sockaddr *)&at, sizeof(at));
	}
	assert_int_equal(end_at(CHECK_TCP, server.port), CHECK_TIMEOUT);
	for (int i = 0; i < 3; i++)
		close(clients[i]);
	retire(&server);
}

static void an_address_that_is_not_ours_cannot_ask(void **state)
{
	struct check_target target = to_port(CHECK_TCP, 80);

	assert_int_equal(address_parse("2001:db8::1", &target.source), 0);
	assert_int_equal(end_of(&target), CHECK_UNABLE);
	target.kind = CHECK_HTTP;
	assert_int_equal(end_of(&target), CHECK_UNABLE);
}

/* HTTP */

#define PAGE(status, body) "HTTP/1.1 " status "\r\nContent-Length: 12\r\n\r\n" body

static void the_status_has_to_be_the_wanted_one(void **state)
{
	struct server server = {.answer = PAGE("200 OK", "all is well\n")};
	struct check_target target;

	serve(&server, SOCK_STREAM, 16);
	target = to_port(CHECK_HTTP, server.port);
	assert_int_equal(end_of(&target), CHECK_PASSED);
	target.status = 204;
	assert_int_equal(end_of(&target), CHECK_WRONG);
	server.answer = PAGE("503 No", "go elsewhere");
	target.status = 200;
	assert_int_equal(end_of(&target), CHECK_WRONG);
	target.status = 503;
	assert_int_equal(end_of(&target), CHECK_PASSED);
	retire(&server);
}

static void the_body_has_to_contain_the_text(void **state)
{
	struct server server = {.answer = PAGE("200 OK", "all is well\n")};
	struct check_target target;

	serve(&server, SOCK_STREAM, 16);
	target = to_port(CHECK_HTTP, server.port);
	target.body = "is well";
	assert_int_equal(end_of(&target), CHECK_PASSED);
	target.body = "is ill";
	assert_int_equal(end_of(&target), CHECK_WRONG);
	retire(&server);
}

static void the_page_is_asked_for_by_its_path_and_host(void **state)
{
	struct server server = {.answer = PAGE("200 OK", "all is well\n")};
	struct check_target target;

	serve(&server, SOCK_STREAM, 16);
	target = to_port(CHECK_HTTP, server.port);
	target.host = "www.example";
	assert_int_equal(end_of(&target), CHECK_PASSED);
	assert_non_null(strstr(server.asked, "GET /health HTTP/1.1\r\n"));
	assert_non_null(strstr(server.asked, "Host: www.example:"));
	assert_non_null(strstr(server.asked, "Connection: close"));
	retire(&server);
}

/* It closes behind what it says, so nothing has to be waited for. */
static void what_is_no_answer_of_http_does_not_pass(void **state)
{
	static const char *const answers[] = {
		"\r\n",
		"HTTP/1.1",
		"HTTP/1.1 \r\n\r\n",
		"HTTP/1.1 2\r\n\r\n",
		"HTTP/1.1 99999999999999999999 OK\r\n\r\n",
		"HTTP/9.9 200 OK\r\n\r\n",
		"SSH-2.0-OpenSSH_9.2\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\nshort",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"HTTP/1.1 301 Moved\r\nLocation: http://[::1]:1/\r\nContent-Length: 0\r\n\r\n",
	};
	struct server server = {};
	enum check_end end;

	serve(&server, SOCK_STREAM, 16);
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		server.answer = answers[i];
		end = end_at(CHECK_HTTP, server.port);
		if (end == CHECK_PASSED || end == CHECK_TIMEOUT || end == CHECK_UNABLE)
			fail_msg("answer %zu: %d", i, end);
	}
	retire(&server);
}

static void a_server_that_says_nothing_is_a_timeout(void **state)
{
	struct server server = {};

	serve(&server, SOCK_STREAM, 16);
	assert_int_equal(end_at(CHECK_HTTP, server.port), CHECK_TIMEOUT);
	assert_int_equal(end_at(CHECK_HTTPS, server.port), CHECK_TIMEOUT);
	retire(&server);
}

static void a_server_without_tls_fails_https(void **state)
{
	struct server server = {.answer = PAGE("400 Bad", "plain HTTP?!")};

	serve(&server, SOCK_STREAM, 16);
	assert_int_equal(end_at(CHECK_HTTPS, server.port), CHECK_INSECURE);
	retire(&server);
}

/* DNS */

static void a_name_server_passes_unless_it_refuses_or_fails(void **state)
{
	static const struct {
		uint8_t code;
		enum check_end end;
	} rows[] = {{0, CHECK_PASSED}, {3, CHECK_PASSED}, {2, CHECK_WRONG}, {5, CHECK_WRONG}};
	struct server server = {};

	serve(&server, SOCK_DGRAM, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		server.code = rows[i].code;
		assert_int_equal(end_at(CHECK_DNS, server.port), rows[i].end);
	}
	retire(&server);
}

static void the_question_is_for_the_soa_of_the_name(void **state)
{
	static const char question[] = "\3www\7example\0\0\6\0\1";
	struct server server = {};

	serve(&server, SOCK_DGRAM, 0);
	assert_int_equal(end_at(CHECK_DNS, server.port), CHECK_PASSED);
	assert_int_equal(server.accepted, 12 + sizeof(question) - 1);
	assert_memory_equal(server.asked + 12, question, sizeof(question) - 1);
	retire(&server);
}

static void a_name_that_dns_cannot_carry_is_an_error(void **state)
{
	struct check_target target = to_port(CHECK_DNS, 53);
	struct check *check;

	target.name = "a..b";
	assert_int_equal(check_new(checks, &target, on_done, NULL, &check), -EINVAL);
}

/* Many */

static void one_that_is_under_way_can_be_begun_anew_and_given_up(void **state)
{
	struct server server = {};
	struct check_target target;
	struct check *check;

	serve(&server, SOCK_STREAM, 16);
	target = to_port(CHECK_HTTP, server.port);
	assert_int_equal(check_new(checks, &target, on_done, NULL, &check), 0);
	ended = 0;
	check_begin(check);
	check_begin(check);
	sd_event_run(event, 10000);
	check_free(check);
	for (int i = 0; i < 10; i++)
		sd_event_run(event, 1000);
	assert_int_equal(ended, 0);
	retire(&server);
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

static struct check *many[MANY];
static int begun;

/* Each end begins another, so that so many are under way all the time. */
static void on_done_of_many(struct check *check, enum check_end end, void *userdata)
{
	on_done(check, end, userdata);
	assert_int_equal(end, CHECK_PASSED);
	if (begun < MANY)
		check_begin(many[begun++]);
}

static void all_of_many_end(int at_once)
{
	struct server server = {};
	struct check_target target;
	uint64_t began_us;

	serve(&server, SOCK_STREAM, 4096);
	target = to_port(CHECK_TCP, server.port);
	target.timeout_us = 5000000;
	for (int i = 0; i < MANY; i++)
		assert_int_equal(check_new(checks, &target, on_done_of_many, NULL, &many[i]), 0);
	ended = begun = 0;
	began_us = now_us();
	while (begun < at_once)
		check_begin(many[begun++]);
	run_until(MANY);
	print_message("# %d TCP checks, %d at once: %.1f ms\n", MANY, at_once,
		      (now_us() - began_us) / 1000.0);
	for (int i = 0; i < MANY; i++)
		check_free(many[i]);
	retire(&server);
}

static void two_thousand_all_end(void **state)
{
	all_of_many_end(MANY);
	all_of_many_end(64);
}

#define CHECK_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_TEST(a_listener_passes_and_never_sees_the_connection),
		CHECK_TEST(a_closed_port_refuses),
		CHECK_TEST(a_full_queue_is_a_timeout),
		CHECK_TEST(an_address_that_is_not_ours_cannot_ask),
		CHECK_TEST(the_status_has_to_be_the_wanted_one),
		CHECK_TEST(the_body_has_to_contain_the_text),
		CHECK_TEST(the_page_is_asked_for_by_its_path_and_host),
		CHECK_TEST(what_is_no_answer_of_http_does_not_pass),
		CHECK_TEST(a_server_that_says_nothing_is_a_timeout),
		CHECK_TEST(a_server_without_tls_fails_https),
		CHECK_TEST(a_name_server_passes_unless_it_refuses_or_fails),
		CHECK_TEST(the_question_is_for_the_soa_of_the_name),
		CHECK_TEST(a_name_that_dns_cannot_carry_is_an_error),
		CHECK_TEST(one_that_is_under_way_can_be_begun_anew_and_given_up),
		CHECK_TEST(two_thousand_all_end),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
