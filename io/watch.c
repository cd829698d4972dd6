/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "io/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>

#include "base/cleanup.h"

#define QUIET_US (100 * 1000) /* a burst is over when nothing came for so long */

struct watch {
	char *name; /* of the file in its folder */
	watch_changed_fn changed;
	void *userdata;
	sd_event_source *folder;
	sd_event_source *quiet;
};

static int on_folder(sd_event_source *source, const struct inotify_event *event, void *userdata)
{
	struct watch *watch = userdata;

	if (event->len == 0 || strcmp(event->name, watch->name) != 0)
		return 0;
	sd_event_source_set_time_relative(watch->quiet, QUIET_US);
	return sd_event_source_set_enabled(watch->quiet, SD_EVENT_ONESHOT);
}

static int on_quiet(sd_event_source *source, uint64_t now_us, void *userdata)
{
	struct watch *watch = userdata;

	watch->changed(watch->userdata);
	return 0;
}

static int follow(struct watch *watch, sd_event *event, const char *folder)
{
	int r = sd_event_add_inotify(event, &watch->folder, folder, IN_CLOSE_WRITE | IN_MOVED_TO,
				     on_folder, watch);

	if (r >= 0)
		r = sd_event_add_time_relative(event, &watch->quiet, CLOCK_MONOTONIC, 0, 0, on_quiet,
					       watch);
	if (r >= 0)
		r = sd_event_source_set_enabled(watch->quiet, SD_EVENT_OFF);
	return r < 0 ? r : 0;
}

int watch_new(sd_event *event, const char *path, watch_changed_fn changed, void *userdata,
	      struct watch **ret)
{
	_cleanup_free_ char *folder = strdup(path);
	struct watch *watch = calloc(1, sizeof(*watch));
	const char *slash = strrchr(path, '/');
	int r = folder && watch ? 0 : -ENOMEM;

	if (r == 0) {
		watch->name = strdup(slash ? slash + 1 : path);
		watch->changed = changed;
		watch->userdata = userdata;
		r = watch->name ? 0 : -ENOMEM;
	}
	if (r == 0 && slash)
		folder[slash == path ? 1 : slash - path] = 0;
	if (r == 0)
		r = follow(watch, event, slash ? folder : ".");
	if (r < 0) {
		watch_free(watch);
		return r;
	}
	*ret = watch;
	return 0;
}

struct watch *watch_free(struct watch *watch)
{
	if (!watch)
		return NULL;
	sd_event_source_disable_unref(watch->folder);
	sd_event_source_disable_unref(watch->quiet);
	free(watch->name);
	free(watch);
	return NULL;
}
