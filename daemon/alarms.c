/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/alarms.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define ACCURACY_US 1000000

struct alarms {
	const struct shared *shared;
	alarms_changed_fn changed;
	void *userdata;
	sd_event_source *timer;
	struct etcd_call *call;
	bool listed; /* the status is root's: the list is asked for */
	char raised[ALARM_NAME_MAX];
};

/* "memberID:10276657743932975437 alarm:NOSPACE " of a status. */
static const char *alarm_of_error(const char *error)
{
	static const char mark[] = "alarm:";
	const char *at = error ? strstr(error, mark) : NULL;

	return at ? at + strlen(mark) : NULL;
}

const char *alarms_read(const json_t *answer, char name[static ALARM_NAME_MAX])
{
	const json_t *each;
	const char *found = NULL;
	size_t i;

	json_array_foreach(json_object_get(answer, "errors"), i, each)
		found = found ?: alarm_of_error(json_string_value(each));
	json_array_foreach(json_object_get(answer, "alarms"), i, each)
		found = found ?: json_string_value(json_object_get(each, "alarm"));
	snprintf(name, ALARM_NAME_MAX, "%.*s", found ? (int)strcspn(found, " ") : 0, found ?: "");
	return name;
}

static void go_on(struct alarms *alarms, uint64_t after_us)
{
	sd_event_source_set_time_relative(alarms->timer, after_us);
	sd_event_source_set_enabled(alarms->timer, SD_EVENT_ONESHOT);
}

static void on_answer(const struct etcd_answer *answer, void *userdata)
{
	struct alarms *alarms = userdata;
	char name[ALARM_NAME_MAX];

	alarms->call = etcd_call_free(alarms->call);
	go_on(alarms, ALARMS_INTERVAL_US);
	if (answer->error == -EACCES && !alarms->listed) {
		alarms->listed = true;
		go_on(alarms, 0);
	}
	if (answer->error || strcmp(alarms_read(answer->body, name), alarms->raised) == 0)
		return;
	memcpy(alarms->raised, name, sizeof(name));
	alarms->changed(alarms_raised(alarms), alarms->userdata);
}

static int on_timer(sd_event_source *source, uint64_t due_us, void *userdata)
{
	struct alarms *alarms = userdata;
	struct etcd *etcd = alarms->shared->etcd;
	int r;

	if (alarms->call)
		return 0;
	if (alarms->listed)
		r = etcd_call(etcd, "/v3/maintenance/alarm", json_pack("{s:s}", "action", "GET"),
			      on_answer, alarms, &alarms->call);
	else
		r = etcd_call(etcd, "/v3/maintenance/status", json_object(), on_answer, alarms,
			      &alarms->call);
	if (r < 0)
		go_on(alarms, ALARMS_INTERVAL_US);
	return 0;
}

int alarms_new(sd_event *event, const struct shared *shared, alarms_changed_fn changed, void *userdata,
	       struct alarms **ret)
{
	struct alarms *alarms = calloc(1, sizeof(*alarms));
	int r;

	if (!alarms)
		return -ENOMEM;
	*alarms = (struct alarms){.shared = shared, .changed = changed, .userdata = userdata};
	r = sd_event_add_time_relative(event, &alarms->timer, CLOCK_MONOTONIC, 0, ACCURACY_US, on_timer,
				       alarms);
	if (r >= 0)
		r = sd_event_source_set_enabled(alarms->timer, SD_EVENT_OFF);
	if (r < 0) {
		alarms_free(alarms);
		return r;
	}
	*ret = alarms;
	return 0;
}

struct alarms *alarms_free(struct alarms *alarms)
{
	if (!alarms)
		return NULL;
	etcd_call_free(alarms->call);
	sd_event_source_disable_unref(alarms->timer);
	free(alarms);
	return NULL;
}

void alarms_resume(struct alarms *alarms)
{
	if (!alarms->call)
		go_on(alarms, 0);
}

void alarms_pause(struct alarms *alarms)
{
	alarms->call = etcd_call_free(alarms->call);
	sd_event_source_set_enabled(alarms->timer, SD_EVENT_OFF);
}

const char *alarms_raised(const struct alarms *alarms)
{
	return alarms && *alarms->raised ? alarms->raised : NULL;
}
