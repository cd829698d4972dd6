/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * HTTP transfers on the loop, whose host is a name that a silent nameserver is asked for: libcurl looks names up in
 * a thread, which takes getaddrinfo(3) ten seconds then, and waits for it with whoever gives up, unless it is told
 * not to. Namespaces of our own have the nameserver, a socket that nobody answers from.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "io/transfers.h"

#define TICK_US 20000
#define HELD_UP_US 3000000ULL /* far from a machine that is slow, and from the resolver's time */
#define CONNECT_MS 300L

struct loop {
	sd_event *event;
	sd_event_source *tick;
	uint64_t ticked_us, longest_us; /* without a tick */
	struct transfers *transfers;
	CURL *easy;
	bool ended;
	CURLcode result;
};

static int nameserver = -1; /* of all tests; -1: there can be no namespaces */

/* What the resolver goes by: no file but ours, and no service. False: may not. */
static bool write_over(const char *path, const char *text)
{
	char ours[] = "/tmp/test_transfers.XXXXXX";
	int fd = mkstemp(ours);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) &&
		    mount(ours, path, NULL, MS_BIND, NULL) == 0;

	if (fd >= 0) {
		close(fd);
		unlink(ours);
	}
	return done;
}

static bool loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool done = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;

	if (fd >= 0)
		close(fd);
	return done;
}

static int silent_nameserver(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(53),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static int with_nameserver(void **state)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) == 0 &&
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && loopback_up() &&
	    write_over("/etc/resolv.conf", "nameserver 127.0.0.1\n") &&
	    write_over("/etc/nsswitch.conf", "hosts: dns\n"))
		nameserver = silent_nameserver();
	return 0;
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * UINT64_C(1000000) + now.tv_nsec / 1000;
}

static void note_tick(struct loop *loop)
{
	uint64_t now = now_us(), gap_us = now - loop->ticked_us;

	if (gap_us > loop->longest_us)
		loop->longest_us = gap_us;
	loop->ticked_us = now;
}

static int on_tick(sd_event_source *source, uint64_t due_us, void *userdata)
{
	note_tick(userdata);
	sd_event_source_set_time_relative(source, TICK_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void on_ended(CURL *easy, CURLcode result, void *private)
{
	struct loop *loop = private;

	loop->ended = true;
	loop->result = result;
}

/* Those of the test before may still be there. */
static bool was_asked_for(const char *name)
{
	char question[512];
	ssize_t length;

	while ((length = recv(nameserver, question, sizeof(question), 0)) > 0)
		if (memmem(question, length, name, strlen(name)))
			return true;
	return false;
}

/* A transfer to a name is under way, and the nameserver has been asked for it. */
static void begin(struct loop *loop, const char *name, long connect_ms)
{
	char url[64];

	*loop = (struct loop){};
	snprintf(url, sizeof(url), "http://%s.example.net/", name);
	assert_true(sd_event_new(&loop->event) >= 0);
	assert_int_equal(transfers_new(loop->event, on_ended, &loop->transfers), 0);
	assert_true(sd_event_add_time_relative(loop->event, &loop->tick, CLOCK_MONOTONIC, 0, 1000,
					       on_tick, loop) >= 0);
	loop->ticked_us = now_us();
	loop->easy = curl_easy_init();
	assert_non_null(loop->easy);
	curl_easy_setopt(loop->easy, CURLOPT_PRIVATE, loop);
	curl_easy_setopt(loop->easy, CURLOPT_URL, url);
	curl_easy_setopt(loop->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(loop->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(loop->easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
	assert_int_equal(transfers_add(loop->transfers, loop->easy), 0);
	while (!was_asked_for(name)) {
		assert_false(loop->ended);
		assert_true(sd_event_run(loop->event, TICK_US) >= 0);
	}
}

static void end(struct loop *loop)
{
	curl_easy_cleanup(loop->easy);
	transfers_free(loop->transfers);
	sd_event_source_disable_unref(loop->tick);
	sd_event_unref(loop->event);
}

static void the_loop_goes_on_when_a_name_is_not_resolved_in_time(void **state)
{
	struct loop loop;

	if (nameserver < 0)
		skip();
	begin(&loop, "slow", CONNECT_MS);
	while (!loop.ended)
		assert_true(sd_event_run(loop.event, UINT64_MAX) >= 0);
	note_tick(&loop);
	assert_int_equal(loop.result, CURLE_OPERATION_TIMEDOUT);
	assert_in_range(loop.longest_us, 0, HELD_UP_US);
	transfers_remove(loop.transfers, loop.easy);
	end(&loop);
}

static void the_loop_goes_on_when_a_transfer_is_removed_whose_name_is_looked_up(void **state)
{
	struct loop loop;

	if (nameserver < 0)
		skip();
	begin(&loop, "removed", 60000);
	transfers_remove(loop.transfers, loop.easy);
	note_tick(&loop);
	assert_in_range(loop.longest_us, 0, HELD_UP_US);
	end(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_loop_goes_on_when_a_name_is_not_resolved_in_time),
		cmocka_unit_test(the_loop_goes_on_when_a_transfer_is_removed_whose_name_is_looked_up),
	};

	return cmocka_run_group_tests(tests, with_nameserver, NULL);
}
