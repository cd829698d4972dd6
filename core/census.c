/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/census.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define PAUSE_LEAST_US 1000000
#define PAUSE_FACTOR 50

struct census {
	const struct plan *plan;
	const struct plan_vip **vips; /* the exact ones by address, then networks, the longest first */
	size_t n_exact;
	uint32_t *counting;
	uint32_t *counted;
	uint32_t marks_counting[COOKIE_EPOCHS], marks_counted[COOKIE_EPOCHS];
	bool known; /* a walk has come to its end */
};

static int compare_vips(const void *a, const void *b)
{
	const struct network *one = &(*(const struct plan_vip *const *)a)->network;
	const struct network *other = &(*(const struct plan_vip *const *)b)->network;

	if (one->length != other->length)
		return other->length - one->length;
	return address_compare(&one->address, &other->address);
}

static void sort_vips(struct census *census)
{
	for (size_t i = 0; i < census->plan->n_vips; i++) {
		census->vips[i] = &census->plan->vips[i];
		census->n_exact += census->plan->vips[i].network.length == 128;
	}
	qsort(census->vips, census->plan->n_vips, sizeof(*census->vips), compare_vips);
}

int census_new(const struct plan *plan, struct census **ret)
{
	struct census *census = calloc(1, sizeof(*census));

	if (!census)
		return -ENOMEM;
	census->plan = plan;
	census->vips = calloc(plan->n_vips + 1, sizeof(*census->vips));
	census->counting = calloc(plan->n_services + 1, sizeof(*census->counting));
	census->counted = calloc(plan->n_services + 1, sizeof(*census->counted));
	if (!census->vips || !census->counting || !census->counted) {
		census_free(census);
		return -ENOMEM;
	}
	sort_vips(census);
	*ret = census;
	return 0;
}

struct census *census_free(struct census *census)
{
	if (!census)
		return NULL;
	free(census->vips);
	free(census->counting);
	free(census->counted);
	free(census);
	return NULL;
}

void census_begin(struct census *census)
{
	memset(census->counting, 0, census->plan->n_services * sizeof(*census->counting));
	memset(census->marks_counting, 0, sizeof(census->marks_counting));
}

static int compare_address(const void *key, const void *place)
{
	return address_compare(key, &(*(const struct plan_vip *const *)place)->network.address);
}

static const struct plan_vip *vip_of(const struct census *census, const union address *local)
{
	const struct plan_vip **found = bsearch(local, census->vips, census->n_exact,
						sizeof(*census->vips), compare_address);

	if (found)
		return *found;
	for (size_t i = census->n_exact; i < census->plan->n_vips; i++)
		if (network_holds(&census->vips[i]->network, local))
			return census->vips[i];
	return NULL;
}

void census_add(struct census *census, const union address *local, uint16_t port, int mark)
{
	const struct plan_vip *vip = vip_of(census, local);
	uint32_t point = interval_point(IPPROTO_TCP, htons(port));

	for (size_t i = 0; vip && i < vip->n_intervals; i++)
		if (point >= vip->intervals[i].first && point <= vip->intervals[i].last) {
			census->counting[vip->intervals[i].service]++;
			if (mark >= 0)
				census->marks_counting[mark >> COOKIE_EPOCH_SHIFT & 1]++;
			return;
		}
}

void census_end(struct census *census)
{
	uint32_t *counted = census->counting;

	census->counting = census->counted;
	census->counted = counted;
	memcpy(census->marks_counted, census->marks_counting, sizeof(census->marks_counted));
	census->known = true;
}

bool census_of(const struct census *census, size_t service, uint32_t *ret)
{
	if (!census->known || census->plan->services[service].config->protocol != IPPROTO_TCP)
		return false;
	*ret = census->counted[service];
	return true;
}

bool census_marks(const struct census *census, uint32_t ret[static COOKIE_EPOCHS])
{
	if (census->known)
		memcpy(ret, census->marks_counted, sizeof(census->marks_counted));
	return census->known;
}

uint64_t census_pause_us(uint64_t took_us)
{
	uint64_t pause = took_us * PAUSE_FACTOR;

	return pause < PAUSE_LEAST_US ? PAUSE_LEAST_US : pause;
}
