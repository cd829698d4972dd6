/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gateway/durations.h"

#include <stdlib.h>
#include <string.h>

#include "core/index.h"
#include "core/load.h"

struct durations {
	struct duration **list;
	size_t n, room;
	struct index *places; /* in the list, from 1 */
};

static uint64_t key_of(const char *service, const char *site)
{
	uint64_t of_site = load_service(site);

	return load_service(service) ^ (of_site << 1 | of_site >> 63);
}

static struct duration *duration_free(struct duration *duration)
{
	if (!duration)
		return NULL;
	free(duration->service);
	free(duration->site);
	free(duration);
	return NULL;
}

struct durations *durations_new(void)
{
	struct durations *durations = calloc(1, sizeof(*durations));

	if (durations)
		durations->places = index_new();
	return durations && durations->places ? durations : durations_free(durations);
}

struct durations *durations_free(struct durations *durations)
{
	if (!durations)
		return NULL;
	for (size_t i = 0; i < durations->n; i++)
		duration_free(durations->list[i]);
	free(durations->list);
	index_free(durations->places);
	free(durations);
	return NULL;
}

void durations_begin(struct durations *durations)
{
	for (size_t i = 0; i < durations->n; i++)
		durations->list[i]->used = false;
}

static int put(struct durations *durations, struct duration *duration)
{
	int r = index_put(durations->places, key_of(duration->service, duration->site), durations->n + 1);

	if (r == 0)
		durations->list[durations->n++] = duration;
	return r;
}

static struct duration *add(struct durations *durations, const char *service, const char *site)
{
	struct duration *duration = calloc(1, sizeof(*duration));

	if (durations->n == durations->room) {
		size_t room = 2 * durations->room + 8;
		void *list = reallocarray(durations->list, room, sizeof(*durations->list));

		if (!list)
			return duration_free(duration);
		durations->list = list;
		durations->room = room;
	}
	if (!duration)
		return NULL;
	duration->service = strdup(service);
	duration->site = strdup(site);
	if (!duration->service || !duration->site || put(durations, duration) < 0)
		return duration_free(duration);
	return duration;
}

struct duration *durations_of(struct durations *durations, const struct config_service *service,
			      const struct config_site *site)
{
	uint32_t place = index_get(durations->places, key_of(service->name, site->name));
	struct duration *duration = place ? durations->list[place - 1] : add(durations, service->name, site->name);

	if (duration)
		duration->used = true;
	return duration;
}

/* Without memory for another index all stay, which only costs room. */
void durations_end(struct durations *durations)
{
	struct index *places = index_new();
	size_t n = durations->n;

	if (!places)
		return;
	index_free(durations->places);
	durations->places = places;
	durations->n = 0;
	for (size_t i = 0; i < n; i++) {
		struct duration *duration = durations->list[i];

		if (!duration->used)
			duration_free(duration);
		else if (put(durations, duration) < 0) /* is found no more, and stays */
			durations->list[durations->n++] = duration;
	}
}

static json_t *histogram_json(const struct histogram *histogram)
{
	json_t *bounds = json_array();

	for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++)
		json_array_append_new(bounds, json_pack("[f, I]", histogram_bounds_us[i] / 1e6,
							(json_int_t)histogram_within(histogram, i)));
	return json_pack("{s:o s:f s:I}", "le", bounds, "sum", histogram->sum_us / 1e6, "count",
			 (json_int_t)histogram->count);
}

json_t *durations_json(const struct durations *durations)
{
	json_t *list = json_array();

	for (size_t i = 0; i < durations->n; i++) {
		const struct duration *duration = durations->list[i];

		json_array_append_new(list, json_pack("{s:s s:s s:I s:o}", "service", duration->service,
						      "site", duration->site, "failed",
						      (json_int_t)duration->failed, "seconds",
						      histogram_json(&duration->passed)));
	}
	return list;
}
