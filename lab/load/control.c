/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lab/load/control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

#define LINE_MAX_BYTES 256

static int address_of(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	strcpy(ret->sun_path, path);
	return 0;
}

static bool is_called(const struct control_verb *verb, const char *name)
{
	size_t length = strcspn(verb->usage, " ");

	return strlen(name) == length && strncmp(verb->usage, name, length) == 0;
}

static json_t *answer_to(const struct control *control, char *line)
{
	const char *name = strtok(line, " \n"), *word = strtok(NULL, " \n");
	const char *number = strtok(NULL, " \n");

	for (const struct control_verb *verb = control->verbs; name && verb->usage; verb++)
		if (is_called(verb, name))
			return verb->answer(control->data, word, number);
	return NULL;
}

/* Who asks sends one line at once and reads on: so a second's patience is enough, and no state is
 * kept. */
static void control_ready(struct watch *watch, uint32_t events)
{
	struct control *control = container_of(watch, struct control, watch);
	struct timeval patience = {.tv_sec = 1};
	_cleanup_close_ int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC);
	char line[LINE_MAX_BYTES];
	json_t *json;
	ssize_t n;

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	n = recv(fd, line, sizeof(line) - 1, 0);
	if (n <= 0)
		return;
	line[n] = '\0';
	json = answer_to(control, line);
	if (!json)
		return;
	json_dumpfd(json, fd, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(json);
}

int control_open(struct control *control, struct loop *loop, const char *path,
		 const struct control_verb *verbs, void *data)
{
	struct sockaddr_un address;
	int r = address_of(path, &address);

	if (r < 0)
		return r;
	*control =
		(struct control){.watch = {.ready = control_ready}, .verbs = verbs, .data = data};
	control->watch.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (control->watch.fd < 0)
		return -errno;
	unlink(path);
	if (bind(control->watch.fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(control->watch.fd, 16) < 0)
		return -errno;
	return loop_add(loop, &control->watch, EPOLLIN);
}

static int send_words(int fd, int n_words, char **words)
{
	char line[LINE_MAX_BYTES] = "";
	size_t length = 0;

	for (int i = 0; i < n_words; i++) {
		length += snprintf(line + length, sizeof(line) - length, "%s ", words[i]);
		if (length >= sizeof(line))
			return -E2BIG;
	}
	line[length - 1] = '\n';
	return send(fd, line, length, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* How many bytes of answer came. */
static ssize_t print_answer(int fd)
{
	char chunk[4096];
	ssize_t n, all = 0;

	while ((n = recv(fd, chunk, sizeof(chunk), 0)) > 0) {
		fwrite(chunk, 1, n, stdout);
		all += n;
	}
	if (all > 0)
		putchar('\n');
	return all;
}

int control_ask(const char *path, int n_words, char **words)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	int r = address_of(path, &address);

	if (r == 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		r = -errno;
	if (r == 0)
		r = send_words(fd, n_words, words);
	if (r < 0) {
		log_error("%s: %s", path, strerror(-r));
		return EXIT_FAILURE;
	}
	if (print_answer(fd) > 0)
		return EXIT_SUCCESS;
	log_error("%s: no answer to '%s'", path, words[0]);
	return EXIT_FAILURE;
}
