/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"

struct reload {
	loop_reload_fn call;
	void *userdata;
};

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	const struct reload *reload = userdata;

	sd_notify(0, "RELOADING=1");
	reload->call(reload->userdata);
	sd_notify(0, "READY=1");
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

static int add_signals(sd_event *event, struct reload *reload)
{
	sd_event_source *source;
	int r;

	r = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGINT, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(event, &source, SIGHUP, on_hangup, reload);
	if (r >= 0)
		r = sd_event_source_set_destroy_callback(source, free);
	if (r >= 0)
		r = sd_event_source_set_floating(source, 1);
	return r;
}

int loop_new(loop_reload_fn reload, void *userdata, sd_event **ret)
{
	struct reload *on_reload = malloc(sizeof(*on_reload));
	sd_event *event = NULL;
	int r;

	if (!on_reload)
		return -ENOMEM;
	*on_reload = (struct reload){.call = reload, .userdata = userdata};
	block_signals();
	r = sd_event_default(&event);
	if (r >= 0)
		r = sd_event_set_watchdog(event, 1);
	if (r >= 0)
		r = add_signals(event, on_reload);
	if (r < 0) {
		sd_event_unref(event);
		return r;
	}
	*ret = event;
	return 0;
}

int loop_run(sd_event *event, const char *status)
{
	int r;

	sd_notifyf(0, "READY=1\nSTATUS=%s", status);
	log_info("ready: %s", status);
	r = sd_event_loop(event);
	sd_notify(0, "STOPPING=1");
	return r;
}
