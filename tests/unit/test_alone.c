/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether another daemon is there, by what it holds. tests/lab/detach.sh has real ones. */
#include "tests/unit/scratch.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "daemon/alone.h"
#include "daemon/pins.h"
#include "tests/unit/cli.h"

struct world {
	struct scratch *scratch;
	char socket[96], bpffs[96];
	struct daemon_options options;
};

static struct world world_of(void **state)
{
	struct scratch *scratch = *state;
	struct world world = {.scratch = scratch};

	snprintf(world.socket, sizeof(world.socket), "%s/d.sock", scratch->folder);
	snprintf(world.bpffs, sizeof(world.bpffs), "%s/pins", scratch->folder);
	assert_int_equal(mkdir(world.bpffs, 0700), 0);
	return world;
}

static const struct daemon_options *options_of(struct world *world)
{
	world->options = (struct daemon_options){.socket = world->socket, .bpffs = world->bpffs};
	return &world->options;
}

static void address_at(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	strcpy(ret->sun_path, path);
}

static int listens_at(const char *path)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un address;

	address_at(path, &address);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 0), 0);
	return fd;
}

/* Refused in one line that names `where` and says what to do. */
static void is_refused(const struct daemon_options *options, const char *where)
{
	struct stderr_kept kept;
	char text[512];
	int lock = 77;

	stderr_keep(&kept);
	assert_int_equal(alone_lock(options, &lock), -EBUSY);
	stderr_back(&kept, text, sizeof(text));
	assert_int_equal(lock, 77);
	assert_non_null(strstr(text, where));
	assert_non_null(strstr(text, "stop it first"));
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void where_no_daemon_is_the_pins_are_locked(void **state)
{
	struct world world = world_of(state);
	int lock = -1;

	assert_int_equal(alone_ask(options_of(&world)), 0);
	assert_int_equal(alone_lock(options_of(&world), &lock), 0);
	assert_true(lock >= 0);
	is_refused(options_of(&world), world.bpffs);
	close(lock);
}

static void where_no_pins_are_there_is_nothing_to_lock(void **state)
{
	struct world world = world_of(state);
	int lock = 77;

	assert_int_equal(rmdir(world.bpffs), 0);
	assert_int_equal(alone_lock(options_of(&world), &lock), 0);
	assert_int_equal(lock, -1);
}

static void a_daemon_that_answers_is_not_disturbed(void **state)
{
	struct world world = world_of(state);
	int daemon = listens_at(world.socket), lock = -1;

	is_refused(options_of(&world), world.socket);
	close(daemon);
	assert_int_equal(alone_lock(options_of(&world), &lock), 0); /* the file is still there */
	close(lock);
}

/* It accepts nobody, and its queue is full: who waited to be accepted would wait for ever. */
static void nor_is_one_that_is_stuck(void **state)
{
	struct world world = world_of(state);
	int daemon = listens_at(world.socket), waiting = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un address;

	address_at(world.socket, &address);
	assert_int_equal(connect(waiting, (struct sockaddr *)&address, sizeof(address)), 0);
	is_refused(options_of(&world), world.socket);
	close(waiting);
	close(daemon);
}

static void a_daemon_that_died_holds_no_lock(void **state)
{
	struct world world = world_of(state);
	int daemon = pins_lock(world.bpffs), lock = -1;

	assert_true(daemon >= 0);
	is_refused(options_of(&world), world.bpffs);
	close(daemon);
	assert_int_equal(alone_lock(options_of(&world), &lock), 0);
	close(lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(where_no_daemon_is_the_pins_are_locked),
		SCRATCH_TEST(where_no_pins_are_there_is_nothing_to_lock),
		SCRATCH_TEST(a_daemon_that_answers_is_not_disturbed),
		SCRATCH_TEST(nor_is_one_that_is_stuck),
		SCRATCH_TEST(a_daemon_that_died_holds_no_lock),
	};

	return cmocka_run_group_tests_name("alone", tests, NULL, NULL);
}
