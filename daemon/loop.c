/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "base/log.h"
#include "daemon/events.h"
#include "io/watch.h"

struct loop {
	sd_event *event;
	struct watch *watch;
	loop_reload_fn reload;
	void *userdata;
};

/* systemd.service(5), Type=notify-reload: the time tells it which reload this is. */
static void reload(void *userdata)
{
	const struct loop *loop = userdata;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
		   now.tv_sec * 1000000ULL + now.tv_nsec / 1000);
	loop->reload(loop->userdata);
	sd_notify(0, "READY=1");
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	reload(userdata);
	return 0;
}

static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int add_sources(struct loop *loop, const char *file)
{
	int r = sd_event_add_signal(loop->event, NULL, SIGTERM, NULL, NULL);

	if (r >= 0)
		r = sd_event_add_signal(loop->event, NULL, SIGINT, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(loop->event, NULL, SIGHUP, on_hangup, loop);
	if (r >= 0)
		r = sd_event_set_watchdog(loop->event, 1);
	if (r >= 0)
		r = watch_new(loop->event, file, reload, loop, &loop->watch);
	return r < 0 ? r : 0;
}

int loop_new(const char *file, loop_reload_fn reload_fn, void *userdata, struct loop **ret)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	int r;

	if (!loop)
		return -ENOMEM;
	loop->reload = reload_fn;
	loop->userdata = userdata;
	block_signals();
	r = sd_event_new(&loop->event);
	if (r >= 0)
		r = add_sources(loop, file);
	if (r < 0) {
		/* The folder that is followed is the file's. */
		log_error("%s: cannot be %s: %s", file, r == -ENOENT || r == -EACCES ? "read" : "watched",
			  strerror(-r));
		loop_free(loop);
		return r;
	}
	*ret = loop;
	return 0;
}

struct loop *loop_free(struct loop *loop)
{
	if (!loop)
		return NULL;
	watch_free(loop->watch);
	sd_event_unref(loop->event);
	free(loop);
	return NULL;
}

sd_event *loop_event(const struct loop *loop)
{
	return loop->event;
}

int loop_run(struct loop *loop, const char *status)
{
	int r;

	sd_notifyf(0, "READY=1\nSTATUS=%s", status);
	event_say(EVENT_READY, ABOUT(), "ready: %s", status);
	r = sd_event_loop(loop->event);
	sd_notify(0, "STOPPING=1");
	return r;
}
