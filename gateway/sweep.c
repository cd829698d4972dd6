/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gateway/sweep.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"

#define INTERVAL_US 1000000
#define ACCURACY_US 100000
#define ROUND_S 256 /* the whole table, seconds */

struct sweep {
	sd_event_source *timer;
	const struct pin_table *(*table)(void *userdata);
	void *userdata;
	uint32_t next; /* bucket */
};

static int on_timer(sd_event_source *source, uint64_t due_us, void *userdata)
{
	struct sweep *sweep = userdata;
	const struct pin_table *table = sweep->table(sweep->userdata);
	struct timespec now;
	uint32_t part;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (table) {
		part = (1U << table->settings.bucket_bits) / ROUND_S;
		pin_table_sweep(table, sweep->next, part,
				now.tv_sec * UINT64_C(1000000000) + now.tv_nsec);
		sweep->next += part;
	}
	sd_event_source_set_time_relative(source, INTERVAL_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int sweep_new(sd_event *event, const struct pin_table *(*table)(void *userdata), void *userdata,
	      struct sweep **ret)
{
	struct sweep *sweep = calloc(1, sizeof(*sweep));
	const struct pin_table *now;
	size_t locks;
	int r;

	if (!sweep)
		return -ENOMEM;
	sweep->table = table;
	sweep->userdata = userdata;
	now = table(userdata);
	locks = now ? pin_table_recover(now) : 0;
	if (locks)
		log_info("%zu buckets of pins that another daemon left locked are free again", locks);
	r = sd_event_add_time_relative(event, &sweep->timer, CLOCK_MONOTONIC, INTERVAL_US, ACCURACY_US,
				       on_timer, sweep);
	if (r < 0) {
		sweep_free(sweep);
		return r;
	}
	*ret = sweep;
	return 0;
}

struct sweep *sweep_free(struct sweep *sweep)
{
	if (!sweep)
		return NULL;
	sd_event_source_unref(sweep->timer);
	free(sweep);
	return NULL;
}
