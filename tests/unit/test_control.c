/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The control socket, asked by the command line's own client, which runs as a child. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/client.h"
#include "io/control.h"

struct world {
	char folder[32], path[64];
	sd_event *event;
	struct control *control;
	int switched;
};

static int answer_echo(const struct control_request *request, void *userdata, json_t **ret)
{
	const char *word = control_argument(request, "word");

	if (!word)
		return control_refuse(ret, -EINVAL, "no word");
	*ret = json_pack("{s:s}", "word", word);
	return 0;
}

static int answer_switch(const struct control_request *request, void *userdata, json_t **ret)
{
	struct world *world = userdata;

	*ret = json_pack("{s:i}", "switched", ++world->switched);
	return 0;
}

static const struct control_resource resources[] = {
	{"/echo", answer_echo},
	{"/switch", answer_switch, .changes = true},
	{},
};

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	strcpy(world->folder, "/tmp/holdfast-control.XXXXXX");
	assert_non_null(mkdtemp(world->folder));
	snprintf(world->path, sizeof(world->path), "%s/deep/d.sock", world->folder);
	assert_true(sd_event_new(&world->event) >= 0);
	assert_int_equal(control_new(world->event, world->path, resources, world, &world->control),
			 0);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	char deep[64];

	control_free(world->control);
	sd_event_unref(world->event);
	snprintf(deep, sizeof(deep), "%s/deep", world->folder);
	unlink(world->path);
	rmdir(deep);
	rmdir(world->folder);
	free(world);
	return 0;
}

/* What the child found: its exit status. */
enum found {
	AS_WANTED = 10,
	REFUSED_AS_INVALID,
	REFUSED_OTHERWISE,
	SOMETHING_ELSE,
};

static enum found ask(const char *socket, bool post, const char *resource, const char *word,
		      const char *wanted)
{
	const struct client_argument arguments[] = {{"word", word}, {}};
	json_t *answer = NULL;
	int r = (post ? client_post : client_get)(socket, resource, word ? arguments : NULL, &answer);
	char *text;

	if (r < 0)
		return r == -EINVAL ? REFUSED_AS_INVALID : REFUSED_OTHERWISE;
	text = json_dumps(answer, JSON_COMPACT);
	return strcmp(text, wanted) == 0 ? AS_WANTED : SOMETHING_ELSE;
}

/* The child asks while the loop turns here. */
static enum found asked(struct world *world, bool post, const char *resource, const char *word,
			const char *wanted)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		freopen("/dev/null", "w", stderr);
		_exit(ask(world->path, post, resource, word, wanted));
	}
	while (waitpid(child, &status, WNOHANG) == 0)
		sd_event_run(world->event, 10 * 1000);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void a_resource_is_answered_with_its_arguments(void **state)
{
	assert_int_equal(asked(*state, false, "/echo", "[2001:db8::1]:80 & more",
			       "{\"word\":\"[2001:db8::1]:80 & more\"}"),
			 AS_WANTED);
}

static void what_the_asker_did_wrong_is_refused_as_such(void **state)
{
	assert_int_equal(asked(*state, false, "/echo", NULL, ""), REFUSED_AS_INVALID);
}

static void a_resource_that_is_not_there_is_refused(void **state)
{
	assert_int_equal(asked(*state, false, "/nothing", NULL, ""), REFUSED_OTHERWISE);
}

static void a_change_is_asked_for_by_post_only(void **state)
{
	struct world *world = *state;

	assert_int_equal(asked(world, false, "/switch", NULL, ""), REFUSED_AS_INVALID);
	assert_int_equal(world->switched, 0);
	assert_int_equal(asked(world, true, "/switch", NULL, "{\"switched\":1}"), AS_WANTED);
	assert_int_equal(asked(world, true, "/echo", "x", ""), REFUSED_AS_INVALID);
}

static void the_socket_is_for_its_owner_and_group(void **state)
{
	const struct world *world = *state;
	struct stat found;

	assert_int_equal(stat(world->path, &found), 0);
	assert_int_equal(found.st_mode & 0777, 0660);
}

static void a_living_daemons_socket_is_not_taken(void **state)
{
	struct world *world = *state;
	struct control *second;

	assert_int_equal(control_new(world->event, world->path, resources, world, &second),
			 -EADDRINUSE);
	assert_int_equal(access(world->path, F_OK), 0);
}

static void a_dead_daemons_socket_is_replaced(void **state)
{
	struct world *world = *state;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int dead = socket(AF_UNIX, SOCK_STREAM, 0);

	world->control = control_free(world->control);
	strcpy(address.sun_path, world->path);
	assert_int_equal(bind(dead, (struct sockaddr *)&address, sizeof(address)), 0);
	close(dead);
	assert_int_equal(control_new(world->event, world->path, resources, world, &world->control),
			 0);
	assert_int_equal(asked(world, false, "/echo", "here", "{\"word\":\"here\"}"), AS_WANTED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_resource_is_answered_with_its_arguments),
		TEST(what_the_asker_did_wrong_is_refused_as_such),
		TEST(a_resource_that_is_not_there_is_refused),
		TEST(a_change_is_asked_for_by_post_only),
		TEST(the_socket_is_for_its_owner_and_group),
		TEST(a_living_daemons_socket_is_not_taken),
		TEST(a_dead_daemons_socket_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
