/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A daemon's loop, with the test in the place of systemd: it reads what the daemon notifies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/loop.h"

#define TOO_LONG_US (10 * 1000000ULL) /* the state never came */

struct world {
	char folder[32], file[64], beside[64], socket[64];
	int notifications;
	int reloads;
	struct loop *loop;
};

static void write_file(const char *path)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, "content\n");
	fclose(file);
}

static void on_reload(void *userdata)
{
	struct world *world = userdata;

	world->reloads++;
	kill(getpid(), SIGTERM);
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	strcpy(world->folder, "/tmp/holdfast-loop.XXXXXX");
	assert_non_null(mkdtemp(world->folder));
	snprintf(world->file, sizeof(world->file), "%s/h.yaml", world->folder);
	snprintf(world->beside, sizeof(world->beside), "%s/h.yaml.new", world->folder);
	snprintf(world->socket, sizeof(world->socket), "%s/notify", world->folder);
	write_file(world->file);

	world->notifications = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	strcpy(address.sun_path, world->socket);
	assert_int_equal(bind(world->notifications, (struct sockaddr *)&address, sizeof(address)), 0);
	setenv("NOTIFY_SOCKET", world->socket, 1);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	loop_free(world->loop);
	close(world->notifications);
	unlink(world->socket);
	unlink(world->beside);
	unlink(world->file);
	rmdir(world->folder);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	free(world);
	return 0;
}

/* Has a notification that contains `text` come? Reads all up to it. */
static bool notified(const struct world *world, const char *text)
{
	char message[256];
	ssize_t n;

	while ((n = recv(world->notifications, message, sizeof(message) - 1, 0)) > 0) {
		message[n] = '\0';
		if (strstr(message, text))
			return true;
	}
	return false;
}

static int end_in_vain(sd_event_source *source, uint64_t now_us, void *userdata)
{
	return -ETIMEDOUT;
}

static int end_well(sd_event_source *source, uint64_t now_us, void *userdata)
{
	return kill(getpid(), SIGTERM);
}

static void start(struct world *world)
{
	assert_int_equal(loop_new(world->file, on_reload, world, &world->loop), 0);
	assert_true(sd_event_add_time_relative(loop_event(world->loop), NULL, CLOCK_MONOTONIC,
					       TOO_LONG_US, 0, end_in_vain, NULL) >= 0);
}

static void a_daemon_says_when_it_is_ready_and_when_it_stops(void **state)
{
	struct world *world = *state;

	start(world);
	kill(getpid(), SIGTERM);
	assert_int_equal(loop_run(world->loop, "g1"), 0);
	assert_true(notified(world, "READY=1\nSTATUS=g1"));
	assert_true(notified(world, "STOPPING=1"));
}

static void a_hangup_reloads_and_says_so(void **state)
{
	struct world *world = *state;

	start(world);
	kill(getpid(), SIGHUP);
	assert_int_equal(loop_run(world->loop, "g1"), 0);
	assert_int_equal(world->reloads, 1);
	assert_true(notified(world, "RELOADING=1\nMONOTONIC_USEC="));
	assert_true(notified(world, "READY=1"));
}

static void a_file_that_is_written_anew_reloads_once(void **state)
{
	struct world *world = *state;

	start(world);
	write_file(world->file);
	write_file(world->file);
	assert_int_equal(loop_run(world->loop, "g1"), 0);
	assert_int_equal(world->reloads, 1);
}

static void a_file_that_is_renamed_into_place_reloads(void **state)
{
	struct world *world = *state;

	start(world);
	write_file(world->beside);
	assert_int_equal(rename(world->beside, world->file), 0);
	assert_int_equal(loop_run(world->loop, "g1"), 0);
	assert_int_equal(world->reloads, 1);
}

static void other_files_of_the_folder_do_not_reload(void **state)
{
	struct world *world = *state;

	start(world);
	write_file(world->beside);
	assert_true(sd_event_add_time_relative(loop_event(world->loop), NULL, CLOCK_MONOTONIC,
					       300 * 1000, 0, end_well, NULL) >= 0);
	assert_int_equal(loop_run(world->loop, "g1"), 0);
	assert_int_equal(world->reloads, 0);
}

static void the_watchdog_is_fed_while_the_loop_turns(void **state)
{
	struct world *world = *state;
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("WATCHDOG_PID", pid, 1);
	setenv("WATCHDOG_USEC", "100000", 1);
	start(world);
	assert_true(sd_event_add_time_relative(loop_event(world->loop), NULL, CLOCK_MONOTONIC,
					       300 * 1000, 0, end_well, NULL) >= 0);
	assert_int_equal(loop_run(world->loop, "g1"), 0);
	assert_true(notified(world, "WATCHDOG=1"));
}

static void a_file_in_no_folder_is_an_error(void **state)
{
	struct world *world = *state;

	assert_int_equal(loop_new("/no/such/folder/h.yaml", on_reload, world, &world->loop), -ENOENT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_daemon_says_when_it_is_ready_and_when_it_stops),
		TEST(a_hangup_reloads_and_says_so),
		TEST(a_file_that_is_written_anew_reloads_once),
		TEST(a_file_that_is_renamed_into_place_reloads),
		TEST(other_files_of_the_folder_do_not_reload),
		TEST(the_watchdog_is_fed_while_the_loop_turns),
		TEST(a_file_in_no_folder_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
